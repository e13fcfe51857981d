// Owns the behaviour every journal store must show, whatever it stands on. Run it from journal.test.ts for each store.

import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/domain/facts.ts';
import type { Journal } from '../../src/journal/journal.ts';

/** A fact of one kind or another, told apart by `task`. */
export function makeFact(runId: string, index: number): Fact {
  const base = { v: 1, runId, atMs: 1_000 + index } as const;
  switch (index % 4) {
    case 0:
      return { ...base, type: 'task.started', task: `t${index}`, attempt: 1, deadlineMs: null };
    case 1:
      return { ...base, type: 'task.completed', task: `t${index}`, attempt: 1, output: { index, nested: [null, 'ä'] } };
    case 2:
      return { ...base, type: 'task.skipped', task: `t${index}`, code: 'UPSTREAM_FAILED', reason: 'upstream failed' };
    default:
      return {
        ...base,
        type: 'task.failed',
        task: `t${index}`,
        attempt: 2,
        error: { name: 'Error', message: 'no', code: 'TASK_FAILED', retryable: true, details: { index } },
      };
  }
}

/** Runs the suite; `make` opens an empty journal that keeps at least 10,000 facts, and the suite closes it. */
export function journalConformance(name: string, make: () => Journal | Promise<Journal>): void {
  describe(`journal: ${name}`, () => {
    const opened: Journal[] = [];
    const open = async (): Promise<Journal> => {
      const journal = await make();
      opened.push(journal);
      return journal;
    };
    afterEach(async () => {
      for (const journal of opened.splice(0)) await journal.close();
    });

    it('is empty at first', async () => {
      const journal = await open();
      expect(journal.lastSequence()).toBe(0);
      expect([...journal.read()]).toEqual([]);
      await journal.durable(0);
    });

    it('numbers facts from 1 without gaps, in the order of the calls', async () => {
      const journal = await open();
      for (let index = 0; index < 10; index++) {
        expect(journal.append(makeFact('r1', index))).toBe(index + 1);
        expect(journal.lastSequence()).toBe(index + 1);
      }
    });

    it('gives every kind of fact back as it was, before and after it is durable', async () => {
      const journal = await open();
      const facts: Fact[] = [
        {
          v: 1,
          type: 'run.started',
          runId: 'r',
          atMs: 1,
          workflow: 'w',
          sessionId: 's',
          parameters: { a: 1 },
          steps: 2,
        },
        { v: 1, type: 'run.paused', runId: 'r', atMs: 2 },
        { v: 1, type: 'run.resumed', runId: 'r', atMs: 3 },
        { v: 1, type: 'task.started', runId: 'r', atMs: 4, task: 't', attempt: 1, deadlineMs: 99 },
        {
          v: 1,
          type: 'task.retry-scheduled',
          runId: 'r',
          atMs: 5,
          task: 't',
          attempt: 1,
          error: { name: 'E', message: 'm', code: 'C', retryable: true },
          dueMs: 50,
        },
        { v: 1, type: 'task.cancelled', runId: 'r', atMs: 6, task: 't', reason: 'asked "for"\nit' },
        { v: 1, type: 'run.ended', runId: 'r', atMs: 7, status: 'cancelled' },
        ...[0, 1, 2, 3].map((index) => makeFact('r', index)),
      ];
      for (const fact of facts) journal.append(structuredClone(fact));
      const expected = facts.map((fact, index) => ({ sequence: index + 1, fact }));
      expect([...journal.read()]).toEqual(expected);
      await journal.durable(facts.length);
      expect([...journal.read()]).toEqual(expected);
    });

    it('reads one run, oldest first, with the numbers of the whole log', async () => {
      const journal = await open();
      for (let index = 0; index < 9; index++) journal.append(makeFact(`r${index % 3}`, index));
      expect([...journal.read('r1')]).toEqual(
        [1, 4, 7].map((index) => ({ sequence: index + 1, fact: makeFact('r1', index) })),
      );
      expect([...journal.read('nobody')]).toEqual([]);
    });

    it('holds what a plain list would hold, for any sequence of facts', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat({ max: 4 }), { maxLength: 60 }), async (runs) => {
          const journal = await open();
          const facts = runs.map((run, index) => makeFact(`run-${run}`, index));
          for (const fact of facts) journal.append(fact);
          await journal.durable(journal.lastSequence());
          const expected = facts.map((fact, index) => ({ sequence: index + 1, fact }));
          expect([...journal.read()]).toEqual(expected);
          expect([...journal.read('run-2')]).toEqual(expected.filter(({ fact }) => fact.runId === 'run-2'));
          await journal.close();
        }),
        { numRuns: 25 },
      );
    });

    it('reads what was there at the call, also while facts are appended, and as often as asked', async () => {
      const journal = await open();
      for (let index = 0; index < 5; index++) journal.append(makeFact('r1', index));
      const facts = journal.read();
      let read = 0;
      for (const { sequence } of facts) {
        expect(sequence).toBe(++read);
        journal.append(makeFact('r1', 100 + read));
      }
      expect(read).toBe(5);
      expect([...facts]).toHaveLength(5);
      expect([...journal.read()]).toHaveLength(10);
    });

    it('makes known numbers durable in any order of asking', async () => {
      const journal = await open();
      for (let index = 0; index < 1_000; index++) journal.append(makeFact('r1', index));
      await Promise.all([1_000, 1, 500, 1, 0].map((sequence) => journal.durable(sequence)));
    });

    it('refuses to wait for a number that append never gave', async () => {
      const journal = await open();
      journal.append(makeFact('r1', 0));
      for (const sequence of [2, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await expect(journal.durable(sequence)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
      }
    });

    it('makes everything durable on close, and refuses to append or read afterwards', async () => {
      const journal = await open();
      const sequence = journal.append(makeFact('r1', 0));
      const durable = journal.durable(sequence);
      await journal.close();
      await durable;
      await journal.durable(sequence);
      const closed = expect.objectContaining({ code: 'ENGINE_CLOSED' });
      expect(() => journal.append(makeFact('r1', 1))).toThrow(closed);
      expect(() => journal.read()).toThrow(closed);
      expect(journal.lastSequence()).toBe(1);
      await journal.close();
    });
  });
}
