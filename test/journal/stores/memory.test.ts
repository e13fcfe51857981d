// Checks what is the memory store's own: its bound, and what it forgets.

import { describe, expect, it } from 'vitest';
import { createMemoryJournal } from '../../../src/journal/stores/memory.ts';
import { makeDefinition, makeFact, startedRun } from '../../conformance/facts.ts';

describe('memory journal', () => {
  it('forgets the oldest facts beyond its bound and goes on counting', async () => {
    const journal = createMemoryJournal({ keepFacts: 3 });
    for (let index = 0; index < 8; index++) journal.append(makeFact(`r${index % 2}`, index));
    expect(journal.lastSequence()).toBe(8);
    expect([...journal.read()].map(({ sequence }) => sequence)).toEqual([6, 7, 8]);
    expect([...journal.read('r1')]).toEqual(
      [6, 8].map((sequence) => ({ sequence, fact: makeFact('r1', sequence - 1) })),
    );
    await journal.durable(1);
  });

  it('leaves out what is forgotten while it is read, and never shows a fact under a wrong number', () => {
    const journal = createMemoryJournal({ keepFacts: 4 });
    for (let index = 0; index < 4; index++) journal.append(makeFact('r', index));
    const seen: number[] = [];
    for (const { sequence, fact } of journal.read()) {
      seen.push(sequence);
      expect(fact).toEqual(makeFact('r', sequence - 1));
      journal.append(makeFact('r', journal.lastSequence()));
      journal.append(makeFact('r', journal.lastSequence()));
    }
    expect(seen).toEqual([1, 3]);
  });

  it('keeps everything when told so', () => {
    const journal = createMemoryJournal({ keepFacts: Number.POSITIVE_INFINITY });
    for (let index = 0; index < 150_000; index++) journal.append(makeFact('r', index));
    expect([...journal.read()]).toHaveLength(150_000);
  });

  it('forgets the records of runs that ended longest ago beyond its bound, and never an open run', () => {
    const journal = createMemoryJournal({ keepRuns: 3 });
    for (const fact of startedRun('open', 1)) journal.append(fact);
    for (let index = 0; index < 10; index++) {
      const runId = `r${index}`;
      for (const fact of startedRun(runId, 2)) journal.append(fact);
      journal.append({ v: 1, type: 'run.ended', runId, atMs: 3, status: 'completed', reason: null, timedOut: false });
    }
    expect(Array.from(journal.runs(), ({ runId }) => runId)).toEqual(['r9', 'r8', 'r7', 'open']);
    expect(journal.run('r6')).toBeUndefined();
  });

  it('does not keep definitions of runs that are never made without a bound', () => {
    const journal = createMemoryJournal();
    const keys = Array.from({ length: 1_200 }, (_, index) => journal.keepDefinition(makeDefinition(`w${index}`, 1)));
    expect(keys.filter((key) => journal.definition(key) !== undefined)).toHaveLength(1_000);
  });

  it('forgets the durations of the workflows that were recorded longest ago, by number and by steps', () => {
    const journal = createMemoryJournal();
    for (let workflow = 0; workflow < 2_100; workflow++) {
      journal.recordDurations(`w${workflow}`, new Map([['a', workflow]]));
      journal.recordDurations('often', new Map([['a', 1]]));
    }
    const known = (workflow: string) => journal.durationsOf(workflow).size > 0;
    expect([known('often'), known('w100'), known('w101'), known('w2099')]).toEqual([true, false, true, true]);
    const large = new Map(Array.from({ length: 20_000 }, (_, step): [string, number] => [`s${step}`, step]));
    for (let workflow = 0; workflow < 11; workflow++) journal.recordDurations(`large-${workflow}`, large);
    expect([known('often'), known('large-0'), known('large-1'), known('large-10')]).toEqual([false, false, true, true]);
  });

  it('refuses a bound that is none', () => {
    for (const keepFacts of [0, -1, 1.5, Number.NaN]) {
      expect(() => createMemoryJournal({ keepFacts })).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
      const keepRuns = keepFacts;
      expect(() => createMemoryJournal({ keepRuns })).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
    }
  });
});
