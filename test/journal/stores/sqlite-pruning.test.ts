// Checks that a journal whose old runs are forgotten stays small under steady load, that forgetting is bounded, and that
// what it gives to delete survives a crash in between.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Journal } from '../../../src/journal/journal.ts';
import { madeRun, makeDefinition } from '../../conformance/facts.ts';
import { journalFolder } from './journal-folder.ts';

const folder = journalFolder();

function appendRun(journal: Journal, runId: string, tasks: number, output: string): void {
  const definition = journal.keepDefinition(makeDefinition('w', 20));
  const [made] = madeRun(runId, 'workflow', 1);
  if (made.type === 'run.created') journal.append({ ...made, definition });
  const base = { v: 1, runId, atMs: 2 } as const;
  for (let index = 0; index < tasks; index++) {
    journal.append({ ...base, type: 'task.completed', task: `t${index}`, attempt: 1, output: `${output} ${index}` });
  }
  journal.append({ ...base, type: 'run.ended', status: 'completed', reason: null, timedOut: false });
}

function sizeOf(dataDir: string): number {
  return statSync(join(dataDir, 'journal.db')).size;
}

describe('pruning', () => {
  it('keeps the size of the file bounded under steady load', async () => {
    const dataDir = await folder.make();
    const journal = await folder.open(dataDir);
    const sizes: number[] = [];
    for (let round = 0; round < 12; round++) {
      for (let run = 0; run < 20; run++) appendRun(journal, `${round}-${run}`, 100, 'x'.repeat(200));
      await journal.durable(journal.lastSequence());
      if (round > 0) {
        const old = Array.from({ length: 20 }, (_, run) => `${round - 1}-${run}`);
        expect((await journal.prune(old)).runs).toBe(20);
      }
      sizes.push(sizeOf(dataDir));
    }
    expect([...journal.runs()]).toHaveLength(20);
    expect(Math.max(...sizes.slice(6))).toBeLessThanOrEqual(1.25 * Math.max(...sizes.slice(2, 6)));
    expect(Math.max(...sizes)).toBeLessThan(4_000_000);
  }, 60_000);

  it('makes the file smaller, and leaves no row of what it forgot', async () => {
    const dataDir = await folder.make();
    const first = await folder.open(dataDir);
    for (let run = 0; run < 300; run++) appendRun(first, `r${run}`, 100, `sha256-${'a'.repeat(64)} ${'x'.repeat(200)}`);
    for (let index = 0; index < 3; index++) appendRun(first, `large${index}`, 3, 'x'.repeat(6 * 1_048_576));
    await first.close();
    const before = sizeOf(dataDir);
    const second = await folder.open(dataDir);
    const all = Array.from(second.runs(), ({ runId }) => runId);
    const pruned = await second.prune(all);
    expect(pruned).toEqual({ runs: 303, orphanedArtifacts: [`sha256-${'a'.repeat(64)}`] });
    expect([...second.read()]).toEqual([]);
    await second.close();
    expect(sizeOf(dataDir)).toBeLessThan(before / 20);
    const third = await folder.open(dataDir);
    expect(third.lastSequence()).toBe(300 * 102 + 3 * 5);
  }, 120_000);

  it('commits facts that are appended while it forgets', async () => {
    const journal = await folder.open(await folder.make());
    for (let run = 0; run < 1_000; run++) appendRun(journal, `r${run}`, 5, 'x');
    let prunedAfter = 0;
    const pruning = journal.prune(Array.from({ length: 1_000 }, (_, run) => `r${run}`)).then((result) => {
      prunedAfter = journal.lastSequence();
      return result;
    });
    const before = journal.lastSequence();
    while (prunedAfter === 0) {
      appendRun(journal, `later-${journal.lastSequence()}`, 1, 'y');
      await journal.durable(journal.lastSequence());
    }
    expect((await pruning).runs).toBe(1_000);
    expect(prunedAfter).toBeGreaterThan(before);
    expect([...journal.read()]).toHaveLength(journal.lastSequence() - before);
  }, 60_000);

  it('tells of orphaned artifacts again when it crashed before they could be deleted, and not of those used anew', async () => {
    const dataDir = await folder.make();
    const [one, two] = ['1', '2'].map((digit) => `sha256-${digit.repeat(64)}`);
    const first = await folder.open(dataDir);
    appendRun(first, 'a', 1, `${one} ${two}`);
    expect([...(await first.prune(['a'])).orphanedArtifacts].sort()).toEqual([one, two]);
    await first.close();
    const second = await folder.open(dataDir);
    appendRun(second, 'b', 1, `${two}`);
    expect((await second.prune([])).orphanedArtifacts).toEqual([one]);
    expect((await second.prune([])).orphanedArtifacts).toEqual([]);
    const pruning = second.prune([]);
    appendRun(second, 'c', 1, `${one}`);
    expect((await pruning).orphanedArtifacts).toEqual([]);
  });

  it('is refused after the journal was closed, and given up when it is closed under it', async () => {
    const journal = await folder.open(await folder.make());
    for (let run = 0; run < 2_000; run++) appendRun(journal, `r${run}`, 1, 'x');
    const pruning = journal.prune(Array.from({ length: 2_000 }, (_, run) => `r${run}`));
    const outcome = pruning.then(
      () => 'done',
      (error: { code?: string }) => error.code,
    );
    await journal.close();
    expect(await outcome).toBe('ENGINE_CLOSED');
    await expect(journal.prune([])).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  });
});
