// Owns the behaviour every journal store must show, whatever it stands on. Run it from journal.test.ts for each store.

import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/domain/facts.ts';
import type { Journal, NumberedFact } from '../../src/journal/journal.ts';
import { foldRun } from '../../src/journal/run-history.ts';
import { everyKindOfFact, madeRun, makeDefinition, makeFact, startedRun } from './facts.ts';

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
      const facts: Fact[] = [...everyKindOfFact('r'), ...[0, 1, 2, 3].map((index) => makeFact('r', index))];
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
        fc.asyncProperty(fc.array(fc.nat({ max: 4 }), { maxLength: 150 }), async (runs) => {
          const journal = await open();
          const facts = runs.map((run, index) => makeFact(`run-${run}`, index));
          for (const fact of facts) journal.append(fact);
          await journal.durable(journal.lastSequence());
          const expected = facts.map((fact, index) => ({ sequence: index + 1, fact }));
          expect([...journal.read()]).toEqual(expected);
          expect([...journal.read('run-2')]).toEqual(expected.filter(({ fact }) => fact.runId === 'run-2'));
          await journal.close();
        }),
        { numRuns: 10 },
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

    describeRuns(open);
    describeDefinitions(open);
    describePruning(open);
    describeDurations(open);
  });
}

type Open = () => Promise<Journal>;

function listOf(facts: Iterable<NumberedFact>): Fact[] {
  return Array.from(facts, ({ fact }) => fact);
}

function describeRuns(open: Open): void {
  it('knows the record of a run from its facts, at once and when it is durable', async () => {
    const journal = await open();
    const facts = everyKindOfFact('r');
    for (const [index, fact] of facts.entries()) {
      const sequence = journal.append(fact);
      if (index % 3 === 0) await journal.durable(sequence);
      expect(journal.run('r')).toEqual(foldRun(journal.read('r'))?.record);
    }
    expect(journal.run('r')?.status).toBe('cancelled');
    expect(journal.run('nobody')).toBeUndefined();
  });

  it('lists runs newest first, by kind, by whether they are open, by their end, and not more than asked', async () => {
    const journal = await open();
    const ids = () => Array.from(journal.runs(), ({ runId }) => runId);
    for (const id of ['a', 'b', 'c', 'd']) for (const fact of startedRun(id, 1_000)) journal.append(fact);
    for (const fact of madeRun('t', 'task', 1_000)) journal.append(fact);
    const base = { v: 1, atMs: 5_000 } as const;
    journal.append({ ...base, type: 'run.ended', runId: 'a', status: 'completed', reason: null, timedOut: false });
    journal.append({ ...base, type: 'run.parked', runId: 'b', code: 'RUN_RECOVERY_LIMIT', reason: 'too often' });
    const list = (filter: Parameters<Journal['runs']>[0]) => Array.from(journal.runs(filter), ({ runId }) => runId);
    for (const durable of [false, true]) {
      if (durable) await journal.durable(journal.lastSequence());
      expect(ids()).toEqual(['t', 'd', 'c', 'b', 'a']);
      expect(list({ kind: 'task' })).toEqual(['t']);
      expect(list({ open: true })).toEqual(['t', 'd', 'c']);
      expect(list({ open: false })).toEqual(['b', 'a']);
      expect(list({ endedBeforeMs: 5_001 })).toEqual(['a']);
      expect(list({ endedBeforeMs: 5_000 })).toEqual([]);
      expect(list({ open: true, kind: 'workflow', limit: 1 })).toEqual(['d']);
      expect(list({ limit: 0 })).toEqual([]);
      expect(list({ skip: 2 })).toEqual(['c', 'b', 'a']);
      expect(list({ skip: 1, limit: 1, kind: 'workflow' })).toEqual(['c']);
      expect(list({ skip: 1, open: false })).toEqual(['a']);
      expect(list({ skip: 5 })).toEqual([]);
    }
    journal.append({ ...base, type: 'run.released', runId: 'b' });
    expect(list({ open: true, kind: 'workflow' })).toEqual(['d', 'c', 'b']);
  });

  it('lists what is durable and what is not yet as one list', async () => {
    const journal = await open();
    const expected: string[] = [];
    for (let index = 0; index < 450; index++) {
      for (const fact of startedRun(`r${index}`, index)) journal.append(fact);
      expected.unshift(`r${index}`);
      if (index === 300) await journal.durable(journal.lastSequence());
    }
    journal.append({ v: 1, atMs: 1, type: 'run.paused', runId: 'r7' });
    expect(Array.from(journal.runs(), ({ runId }) => runId)).toEqual(expected);
    expect(journal.run('r7')?.status).toBe('paused');
    expect(Array.from(journal.runs()).find(({ runId }) => runId === 'r7')?.status).toBe('paused');
  });
}

function describeDefinitions(open: Open): void {
  it('keeps a definition under one key, whichever object it comes as', async () => {
    const journal = await open();
    const key = journal.keepDefinition(makeDefinition('w', 3));
    expect(journal.keepDefinition(makeDefinition('w', 3))).toBe(key);
    expect(journal.keepDefinition(makeDefinition('w', 4))).not.toBe(key);
    expect(journal.definition(key)).toEqual(makeDefinition('w', 3));
    await journal.durable(journal.append({ ...madeRun('r', 'workflow', 1)[0], definition: key } as Fact));
    expect(journal.definition(key)).toEqual(makeDefinition('w', 3));
    expect(journal.definition(key)?.steps[0]?.retry.maxAttempts).toBe(Number.POSITIVE_INFINITY);
    expect(journal.definition('nothing')).toBeUndefined();
  });
}

function describePruning(open: Open): void {
  const hash = (digit: string) => `sha256-${digit.repeat(64)}`;
  const completed = (runId: string, output: string): Fact => {
    return { v: 1, atMs: 2, type: 'task.completed', runId, task: 't', attempt: 1, output };
  };
  const ended = (runId: string): Fact => {
    return { v: 1, atMs: 3, type: 'run.ended', runId, status: 'completed', reason: null, timedOut: false };
  };

  it('forgets ended runs with all that was theirs alone', async () => {
    const journal = await open();
    const shared = journal.keepDefinition(makeDefinition('shared', 2));
    const own = journal.keepDefinition(makeDefinition('own', 2));
    const make = (runId: string, definition: string) =>
      journal.append({ ...madeRun(runId, 'workflow', 1)[0], definition } as Fact);
    make('a', shared);
    make('b', shared);
    make('c', own);
    make('d', shared);
    for (const [runId, output] of [
      ['a', `${hash('1')} and ${hash('2')}`],
      ['b', hash('2')],
      ['c', `"${hash('3')}"`],
      ['d', hash('4')],
    ] as const) {
      journal.append(completed(runId, output));
      if (runId !== 'd') journal.append(ended(runId));
    }
    const pruned = await journal.prune(['a', 'c', 'd', 'nobody', 'a']);
    expect(pruned.runs).toBe(2);
    expect([...pruned.orphanedArtifacts].sort()).toEqual([hash('1'), hash('3')]);
    expect(Array.from(journal.runs(), ({ runId }) => runId)).toEqual(['d', 'b']);
    expect(journal.run('a')).toBeUndefined();
    expect([...journal.read('a')]).toEqual([]);
    expect(new Set(listOf(journal.read()).map(({ runId }) => runId))).toEqual(new Set(['b', 'd']));
    expect(journal.definition(shared)).toEqual(makeDefinition('shared', 2));
    expect(journal.definition(own)).toBeUndefined();
    expect((await journal.prune(['b'])).orphanedArtifacts).toEqual([hash('2')]);
  });

  it('goes on numbering after it has forgotten the newest facts, and takes a forgotten run id anew', async () => {
    const journal = await open();
    for (const fact of [...startedRun('a', 1), ended('a')]) journal.append(fact);
    const last = journal.lastSequence();
    expect((await journal.prune(['a'])).runs).toBe(1);
    expect(journal.append(makeFact('b', 0))).toBe(last + 1);
    for (const fact of startedRun('a', 9)) journal.append(fact);
    await journal.durable(journal.lastSequence());
    expect(listOf(journal.read('a'))).toEqual(startedRun('a', 9));
    expect(journal.run('a')).toMatchObject({ status: 'running', createdAtMs: 9 });
  });

  it('keeps a definition that is used again while its last run is forgotten', async () => {
    const journal = await open();
    const definition = makeDefinition('w', 2);
    const make = (runId: string) => {
      const key = journal.keepDefinition(definition);
      journal.append({ ...madeRun(runId, 'workflow', 1)[0], definition: key } as Fact);
      return key;
    };
    make('a');
    journal.append(ended('a'));
    const pruning = journal.prune(['a']);
    const early = make('b');
    await Promise.resolve();
    const late = make('c');
    await pruning;
    const last = make('d');
    await journal.durable(journal.lastSequence());
    for (const key of [early, late, last]) expect(journal.definition(key)).toEqual(definition);
  });
}

function describeDurations(open: Open): void {
  const recorded = (journal: Journal, workflow: string) => Object.fromEntries(journal.durationsOf(workflow));

  it('knows the median of the last nine durations of each step, at once and when all is durable', async () => {
    const journal = await open();
    expect(journal.durationsOf('w').size).toBe(0);
    for (let run = 1; run <= 12; run++) {
      const seconds = new Map([['every', run]]);
      if (run <= 2) seconds.set('twice', run / 3);
      journal.recordDurations('w', seconds);
      const last = Array.from({ length: Math.min(run, 9) }, (_, back) => run - back);
      const middle = ((last[(last.length - 1) >> 1] ?? 0) + (last[last.length >> 1] ?? 0)) / 2;
      expect(recorded(journal, 'w')).toEqual({ every: middle, twice: run === 1 ? 1 / 3 : 0.5 });
    }
    journal.recordDurations('other', new Map([['every', 0]]));
    await journal.durable(journal.append(makeFact('r', 0)));
    await journal.prune([]);
    expect(recorded(journal, 'w')).toEqual({ every: 8, twice: 0.5 });
    expect(recorded(journal, 'other')).toEqual({ every: 0 });
    expect(journal.durationsOf('nobody').size).toBe(0);
  });

  it('does not forget durations with the runs they come from, and needs no fact for them', async () => {
    const journal = await open();
    journal.recordDurations('w', new Map([['a', 2]]));
    expect(journal.lastSequence()).toBe(0);
    const end: Fact = {
      v: 1,
      runId: 'r',
      atMs: 9,
      type: 'run.ended',
      status: 'completed',
      reason: null,
      timedOut: false,
    };
    for (const fact of [...startedRun('r', 1), end]) journal.append(fact);
    expect((await journal.prune(['r'])).runs).toBe(1);
    expect(recorded(journal, 'w')).toEqual({ a: 2 });
  });

  it('takes durations of one workflow from runs that end in turn, with any names, and leaves out what is none', async () => {
    const journal = await open();
    const names = ['', '__proto__', 'a"\n\\', 'nul\u0000', '\ud800', '\udc00\ud800', '🚂', 'e\u0301', 'é', '\u2028'];
    const workflows = ['w\ud800', 'w\ud801', 'w', ''];
    for (const [place, workflow] of workflows.entries()) {
      journal.recordDurations(workflow, new Map(names.map((name, index) => [name, place * 100 + index])));
    }
    await journal.prune([]);
    const none = [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e10];
    journal.recordDurations(
      'w',
      new Map([...none.map((each, index): [string, number] => [`none-${index}`, each]), ['', 2]]),
    );
    journal.recordDurations('w', new Map());
    for (const [place, workflow] of workflows.entries()) {
      const expected = new Map(names.map((name, index) => [name, place * 100 + index]));
      if (workflow === 'w') expected.set('', 101);
      expect(new Map(journal.durationsOf(workflow))).toEqual(expected);
    }
  });

  it('is what a plain list would give, however recording, asking and writing come in turn', async () => {
    const deed = fc.oneof(
      fc.record({
        workflow: fc.constantFrom('a', 'b'),
        seconds: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.double({ min: 0, max: 1e6, noNaN: true })),
      }),
      fc.constant('ask' as const),
      fc.constant('write' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 40 }), async (deeds) => {
        const journal = await open();
        const lists = { a: new Map<string, number[]>(), b: new Map<string, number[]>() };
        const agree = () => {
          for (const workflow of ['a', 'b'] as const) {
            const expected = new Map(Array.from(lists[workflow], ([step, all]) => [step, plainMedian(all.slice(-9))]));
            expect(new Map(journal.durationsOf(workflow))).toEqual(expected);
          }
        };
        for (const each of deeds) {
          if (each === 'ask') agree();
          else if (each === 'write') await journal.prune([]);
          else {
            const { workflow, seconds } = each;
            journal.recordDurations(workflow, new Map(Object.entries(seconds)));
            for (const [step, took] of Object.entries(seconds)) {
              const list = lists[workflow === 'a' ? 'a' : 'b'];
              list.set(step, [...(list.get(step) ?? []), took]);
            }
          }
        }
        agree();
        await journal.close();
      }),
      { numRuns: 30 },
    );
  });

  it('keeps 20,000 steps of a workflow: known ones before new ones, and of the new ones the longest', async () => {
    const journal = await open();
    const steps = (count: number, from = 0) =>
      new Map(Array.from({ length: count }, (_, index) => [`s${from + index}`, from + index]));
    journal.recordDurations('w', steps(30_000));
    expect(journal.durationsOf('w').size).toBe(20_000);
    expect(journal.durationsOf('w').has('s9999')).toBe(false);
    expect(journal.durationsOf('w').get('s10000')).toBe(10_000);
    journal.recordDurations('w', new Map([['tiny', 0], ...steps(10_000, 20_000)]));
    await journal.prune([]);
    const kept = journal.durationsOf('w');
    expect(kept.size).toBe(20_000);
    expect(kept.get('tiny')).toBe(0);
    expect(kept.has('s10000')).toBe(false);
    expect(kept.has('s10001')).toBe(true);
    expect(kept.get('s29999')).toBe(29_999);
  });

  it('refuses to record or to tell after it was closed', async () => {
    const journal = await open();
    journal.recordDurations('w', new Map([['a', 1]]));
    await journal.close();
    const closed = expect.objectContaining({ code: 'ENGINE_CLOSED' });
    expect(() => journal.recordDurations('w', new Map())).toThrow(closed);
    expect(() => journal.durationsOf('w')).toThrow(closed);
  });
}

function plainMedian(durations: readonly number[]): number {
  const sorted = [...durations].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}
