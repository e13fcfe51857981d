// Kills real processes while they write, and cuts the log where a power cut would: what was acknowledged is there, in
// order and without gaps, and nothing is there that was not appended.

import { existsSync, statSync } from 'node:fs';
import { copyFile, mkdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Journal } from '../../../src/journal/journal.ts';
import { makeFact } from '../../conformance/facts.ts';
import { journalFolder } from './journal-folder.ts';

const folder = journalFolder();

/** How many facts there are; each has to be the one appended under its number. */
function countWhole(journal: Journal): number {
  let count = 0;
  for (const { sequence, fact } of journal.read()) {
    expect(sequence).toBe(++count);
    expect(fact).toEqual(makeFact(`r${(sequence - 1) % 3}`, sequence - 1));
  }
  expect(journal.lastSequence()).toBe(count);
  return count;
}

describe('a process killed while it writes', () => {
  it('leaves every acknowledged fact, also when it is killed again and again', async () => {
    const dataDir = await folder.make();
    let atLeast = 0;
    for (const lines of [1, 3, 40, 8]) {
      const child = folder.start('write', dataDir);
      expect((await child.lines.next()).value).toBe('"open"');
      for (let line = 0; line < lines; line++) atLeast = Number((await child.lines.next()).value);
      await child.kill();
      for (const line of await child.rest()) if (/^\d+$/.test(line)) atLeast = Number(line);
      const journal = await folder.open(dataDir);
      expect(countWhole(journal)).toBeGreaterThanOrEqual(atLeast);
      await journal.close();
    }
    expect(atLeast).toBeGreaterThan(52 * 50 - 1);
  }, 60_000);
});

describe('a torn log', () => {
  it('is recovered from wherever it was cut: a whole prefix of batches remains', async () => {
    const dataDir = await folder.make();
    const child = folder.start('write', dataDir);
    for (let line = 0; line < 30; line++) await child.lines.next();
    await child.kill();
    const size = statSync(join(dataDir, 'journal.db-wal')).size;
    expect(size).toBeGreaterThan(100_000);
    const counts: number[] = [];
    for (const share of [1, 0.99, 0.9, 0.71, 0.5, 0.313, 0.1, 0]) {
      const copy = await folder.make();
      await rm(copy, { recursive: true });
      await mkdir(copy);
      for (const name of ['journal.db', 'journal.db-wal', 'journal.marker']) {
        if (existsSync(join(dataDir, name))) await copyFile(join(dataDir, name), join(copy, name));
      }
      await truncate(join(copy, 'journal.db-wal'), Math.floor(size * share));
      const journal = await folder.open(copy).catch((error: { code?: string }) => error.code);
      // Cut before the first commit, nothing of a journal is left that the marker speaks of.
      if (typeof journal === 'string' || journal === undefined) {
        expect(journal).toBe('JOURNAL_CORRUPT');
        continue;
      }
      counts.push(countWhole(journal));
      await journal.durable(journal.append(makeFact('r', 0)));
      await journal.close();
    }
    expect(counts.length).toBeGreaterThan(4);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(new Set(counts).size).toBeGreaterThan(3);
    expect(counts.every((count) => count % 50 === 0)).toBe(true);
  }, 60_000);
});
