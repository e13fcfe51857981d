// Checks the table of durations in the file: restarts, other processes, files of the former version, kills, damage, bounds.
// Whatever happens to it, facts are written and read as if it were not there.

import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { recordingOf } from '../../../src/journal/duration-history.ts';
import type { DurableJournal } from '../../../src/journal/stores/sqlite.ts';
import {
  FIND_DURATIONS,
  keepRecordings,
  lastRecordingIn,
  storedHistory,
} from '../../../src/journal/stores/sqlite-durations.ts';
import { journalFiles } from '../../../src/journal/stores/sqlite-files.ts';
import { openJournalReader } from '../../../src/journal/stores/sqlite-reader.ts';
import { openWriterStore } from '../../../src/journal/stores/sqlite-writer-store.ts';
import { everyKindOfFact, makeFact } from '../../conformance/facts.ts';
import { journalFolder } from './journal-folder.ts';

const folder = journalFolder();
const VERSION_1 = new URL('fixtures/journal-version-1.db.gz', import.meta.url);

function steps(count: number, seconds: (step: number) => number): Map<string, number> {
  return new Map(Array.from({ length: count }, (_, step) => [`step-${step}`, seconds(step)]));
}

/** Everything recorded so far is in the file. */
async function written(journal: DurableJournal): Promise<void> {
  await journal.prune([]);
}

function change(dataDir: string, sql: string): void {
  const database = new DatabaseSync(join(dataDir, 'journal.db'));
  database.exec(sql);
  database.close();
}

describe('durations in the file', () => {
  it('are there after a restart, and go on from where they were', async () => {
    const dataDir = await folder.make();
    for (let life = 1; life <= 11; life++) {
      const journal = await folder.open(dataDir);
      expect(journal.durationsOf('w').get('step-2')).toBe(life === 1 ? undefined : life < 10 ? life / 2 : life - 5);
      journal.recordDurations(
        'w',
        steps(3, () => life),
      );
      if (life % 2 === 0) journal.append(makeFact('r', life));
      await journal.close();
    }
    const reader = openJournalReader(dataDir);
    expect(reader.durationsOf('w')).toEqual(steps(3, () => 7));
    expect(reader.durationsOf('none').size).toBe(0);
    await reader.close();
    expect(() => reader.durationsOf('w')).toThrow(expect.objectContaining({ code: 'ENGINE_CLOSED' }));
  });

  it('are seen by others while the engine lives, and by itself from the file when its memory is full', async () => {
    const dataDir = await folder.make();
    const journal = await folder.open(dataDir);
    for (let workflow = 0; workflow < 200; workflow++) {
      journal.recordDurations(
        `w${workflow}`,
        steps(2, (step) => workflow + step),
      );
    }
    await written(journal);
    const reader = openJournalReader(dataDir);
    for (let round = 0; round < 2; round++) {
      for (let workflow = 0; workflow < 200; workflow++) {
        expect(journal.durationsOf(`w${workflow}`).get('step-1')).toBe(workflow + 1);
        expect(reader.durationsOf(`w${workflow}`).get('step-1')).toBe(workflow + 1);
      }
    }
    await reader.close();
  });

  it('count once for whom they are in the file already, and not yet known to be', async () => {
    const dataDir = await folder.make();
    const journal = await folder.open(dataDir);
    journal.recordDurations('w', new Map([['a', 1]]));
    await written(journal);
    const reader = openJournalReader(dataDir);
    journal.recordDurations('w', new Map([['a', 10]]));
    await Promise.resolve();
    // No message of the writer is taken in while this looks at the file.
    for (let look = 0; look < 1_000_000 && reader.durationsOf('w').get('a') === 1; look++);
    expect(reader.durationsOf('w').get('a')).toBe(5.5);
    expect(journal.durationsOf('w').get('a')).toBe(5.5);
    await reader.close();
  });

  it('are gained by a file of the former version, which keeps all it had; before that it has none', async () => {
    const dataDir = await folder.make();
    await writeFile(join(dataDir, 'journal.db'), gunzipSync(readFileSync(VERSION_1)));
    await writeFile(join(dataDir, 'journal.marker'), '');
    const old = openJournalReader(dataDir);
    const before = [...old.read()];
    expect(before).toHaveLength(28);
    expect(before.slice(1, -8).map(({ fact }) => fact.type)).toEqual(everyKindOfFact('r').map(({ type }) => type));
    expect(old.durationsOf('w').size).toBe(0);
    await old.close();
    const journal = await folder.open(dataDir);
    expect([...journal.read()]).toEqual(before);
    expect(journal.run('r')?.status).toBe('cancelled');
    journal.recordDurations(
      'w',
      steps(2, () => 4),
    );
    expect(journal.append(makeFact('made', 8))).toBe(29);
    await journal.close();
    const again = await folder.open(dataDir);
    expect(again.durationsOf('w')).toEqual(steps(2, () => 4));
    expect(again.lastSequence()).toBe(29);
  });

  it('are written once each, also when the writer thread dies again and again', async () => {
    const seen: Worker[] = [];
    const listen = (worker: Worker) => void seen.push(worker);
    process.on('worker', listen);
    const dataDir = await folder.make();
    const journal = await folder.open(dataDir);
    for (let run = 1; run <= 8; run++) {
      journal.recordDurations(
        'w',
        steps(2_000, () => run),
      );
      journal.recordDurations(
        'other',
        steps(1, () => run),
      );
      await Promise.resolve();
      if (run % 3 === 2) void seen.at(-1)?.terminate();
      if (run % 3 === 0) await journal.durable(journal.append(makeFact('r', run)));
    }
    await journal.close();
    process.off('worker', listen);
    expect(seen.length).toBeGreaterThan(2);
    const again = await folder.open(dataDir);
    // With one of them twice, or one missing, the median of the eight would be another.
    expect(again.durationsOf('w')).toEqual(steps(2_000, () => 4.5));
    expect(again.durationsOf('other').get('step-0')).toBe(4.5);
    expect(again.lastSequence()).toBe(2);
  }, 60_000);

  it('are bounded: of thousands of workflows the latest stay, and large ones count by their size', async () => {
    const dataDir = await folder.make();
    const journal = await folder.open(dataDir);
    for (let workflow = 0; workflow < 2_500; workflow++) {
      journal.recordDurations(`w${workflow}`, new Map([['a', workflow]]));
      if (workflow === 2_400) journal.recordDurations('w3', new Map([['a', 3]]));
      if (workflow % 400 === 399) await written(journal);
    }
    await journal.close();
    const again = await folder.open(dataDir);
    const known = Array.from({ length: 2_500 }, (_, workflow) => again.durationsOf(`w${workflow}`).size === 1);
    expect(known.filter(Boolean)).toHaveLength(2_000);
    expect([known[3], known[4], known[500], known[501], known[2_499]]).toEqual([true, false, false, true, true]);
    const long = 'x'.repeat(4_000);
    for (let workflow = 0; workflow < 4; workflow++) {
      const large = Array.from({ length: 5_000 }, (_, step): [string, number] => [`${long}${step}`, step]);
      again.recordDurations(`large-${workflow}`, new Map(large));
      await written(again);
    }
    const reader = openJournalReader(dataDir);
    expect(reader.durationsOf('w2499').size).toBe(0);
    const sizes = [0, 1, 2, 3].map((workflow) => reader.durationsOf(`large-${workflow}`).size);
    await reader.close();
    expect(sizes).toEqual([0, 5_000, 5_000, 5_000]);
  }, 60_000);

  it('are left out, and nothing else is, where recordings come faster than they can be written', async () => {
    const journal = await folder.open(await folder.make());
    for (let run = 0; run < 12_000; run++) journal.recordDurations(`w${run}`, new Map([['a', run]]));
    expect(journal.durationsOf('w9999').get('a')).toBe(9_999);
    expect(journal.durationsOf('w10001').size).toBe(0);
    await journal.durable(journal.append(makeFact('r', 0)));
    while (journal.durationsOf('late').size === 0) {
      journal.recordDurations('late', new Map([['a', 1]]));
      await written(journal);
    }
  });
});

describe('the writer', () => {
  it('passes over a recording that is in the file, also when it comes with later ones', async () => {
    const files = journalFiles(await folder.make());
    const store = openWriterStore(files, 'full');
    const recording = (number: number) => recordingOf(number, 'w', new Map([['a', number]]));
    keepRecordings(store, [recording(1), recording(2)]);
    keepRecordings(store, [recording(1), recording(2)]);
    keepRecordings(store, [recording(2), recording(3)]);
    const { recorded, history } = storedHistory(() => store.database.prepare(FIND_DURATIONS), 'w');
    expect(recorded).toBe(3);
    expect(history.steps.get('a')).toEqual([1, 2, 3]);
    expect(lastRecordingIn(store.database)).toBe(3);
    store.close();
  });

  it('leaves durations unsynced, and never the facts that come after them', async () => {
    const store = openWriterStore(journalFiles(await folder.make()), 'full');
    const level = () => store.database.prepare('PRAGMA synchronous').get()?.synchronous;
    expect(store.inTransaction(level)).toBe(2);
    expect(store.inLooseTransaction(level)).toBe(1);
    expect(store.inTransaction(level)).toBe(2);
    change(join(store.file, '..'), 'DROP TABLE durations');
    keepRecordings(store, [recordingOf(1, 'w', new Map([['a', 1]]))]);
    expect(store.inTransaction(level)).toBe(2);
    store.close();
  });
});

describe('a process killed while it records', () => {
  it('leaves facts and durations whole, time after time', async () => {
    const dataDir = await folder.make();
    const seen: number[] = [];
    for (const lines of [1, 2, 5, 9, 3]) {
      const child = folder.start('record', dataDir);
      expect((await child.lines.next()).value).toBe('"open"');
      for (let line = 0; line < lines; line++) await child.lines.next();
      await child.kill();
      const journal = await folder.open(dataDir);
      const durations = [...journal.durationsOf('w').values()];
      // One recording has one number for all of its steps: whatever is there is from whole recordings.
      expect(new Set(durations).size).toBeLessThanOrEqual(1);
      expect([0, 5_000]).toContain(durations.length);
      seen.push(durations[0] ?? 0);
      expect([...journal.read()]).toHaveLength(journal.lastSequence());
      await journal.close();
    }
    expect(seen.some((duration) => duration > 0)).toBe(true);
  }, 60_000);
});

describe('damage to the table', () => {
  const damages = [
    ['changed bytes', 'UPDATE durations SET seconds = zeroblob(length(seconds))'],
    ['a shorter blob', 'UPDATE durations SET seconds = substr(seconds, 1, 3)'],
    ['changed names', 'UPDATE durations SET steps = \'["other"]\''],
    ['names that are none', "UPDATE durations SET steps = 'no JSON'"],
    ['a changed checksum', 'UPDATE durations SET crc = crc + 1'],
    ['a huge number', 'UPDATE durations SET recorded = 9223372036854775807'],
    ['a large number', 'UPDATE durations SET recorded = 9000000000000'],
    ['a negative number', 'UPDATE durations SET recorded = -4, size = -9223372036854775808'],
    ['no rows', 'DELETE FROM durations'],
    ['no table', 'DROP TABLE durations'],
    ['another table', 'DROP TABLE durations; CREATE TABLE durations (workflow, recorded, steps)'],
  ] as const;

  it.each(damages)('%s: nothing is known, nothing fails, facts go on', async (name, sql) => {
    const dataDir = await folder.make();
    const first = await folder.open(dataDir);
    first.append(makeFact('r', 0));
    first.recordDurations(
      'w',
      steps(3, () => 1),
    );
    await first.close();
    change(dataDir, sql);

    const reader = openJournalReader(dataDir);
    expect(reader.durationsOf('w').size).toBe(0);
    await reader.close();
    const journal = await folder.open(dataDir);
    expect(journal.durationsOf('w').size).toBe(0);
    journal.recordDurations(
      'w',
      steps(2, () => 6),
    );
    expect(journal.durationsOf('w')).toEqual(steps(2, () => 6));
    await journal.durable(journal.append(makeFact('r', 1)));
    await written(journal);
    const isKept = !name.endsWith(' table');
    expect(journal.failure).toBeNull();
    await journal.close();
    const again = await folder.open(dataDir);
    expect(again.durationsOf('w')).toEqual(isKept ? steps(2, () => 6) : new Map());
    expect([...again.read()]).toHaveLength(2);
  });

  it('found while the engine runs loses what is known, and no more', async () => {
    const dataDir = await folder.make();
    const journal = await folder.open(dataDir);
    journal.recordDurations(
      'w',
      steps(3, () => 1),
    );
    await written(journal);
    change(dataDir, 'DROP TABLE durations');
    journal.recordDurations(
      'w',
      steps(3, () => 2),
    );
    await written(journal);
    expect(journal.durationsOf('w').size).toBe(0);
    await journal.durable(journal.append(makeFact('r', 0)));
    expect(journal.failure).toBeNull();
    expect(existsSync(join(dataDir, 'journal.db'))).toBe(true);
  });
});
