// Damages real journals in every way a disk can, and checks that each is told with its code, that nothing is made worse,
// and that what was acknowledged is there when the fault has gone.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openJournalReader } from '../../../src/journal/stores/sqlite-reader.ts';
import { makeFact } from '../../conformance/facts.ts';
import { journalFolder } from './journal-folder.ts';

const folder = journalFolder();
const PAGE = 8_192;

async function writtenJournal(facts = 2_000): Promise<{ dataDir: string; file: string }> {
  const dataDir = await folder.make();
  const journal = await folder.open(dataDir);
  for (let index = 0; index < facts; index++) {
    journal.append(makeFact(`r${index % 3}`, index));
    if (index % 100 === 0) await journal.durable(index + 1);
  }
  await journal.close();
  return { dataDir, file: join(dataDir, 'journal.db') };
}

// The lock's files are left aside: they change with every opening. An empty log is as good as none.
function bytesOf(dataDir: string): Record<string, string> {
  const names = readdirSync(dataDir).filter((name) => /^journal\.(?:db|db-wal|marker)$/.test(name));
  const contents = names.map((name) => [name, readFileSync(join(dataDir, name)).toString('latin1')] as const);
  return Object.fromEntries(contents.filter(([name, bytes]) => !(name.endsWith('-wal') && bytes === '')));
}

async function overwrite(file: string, at: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(bytes, 0, bytes.length, at);
  await handle.close();
}

async function expectRefused(dataDir: string, code: string): Promise<void> {
  const before = bytesOf(dataDir);
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(folder.open(dataDir)).rejects.toMatchObject({ code });
    expect(bytesOf(dataDir)).toEqual(before);
  }
}

describe('a damaged journal', () => {
  it.each([
    ['cut in the middle', (size: number) => Math.floor(size / 2)],
    ['cut within its last page', (size: number) => size - 100],
    ['cut to one page', () => PAGE],
    ['cut to less than a header', () => 50],
    ['cut to nothing', () => 0],
  ])('%s is refused and left as it is', async (_name, sizeAfter) => {
    const { dataDir, file } = await writtenJournal();
    await truncate(file, sizeAfter(readFileSync(file).length));
    await expectRefused(dataDir, 'JOURNAL_CORRUPT');
  });

  it('that is gone, or no database, or one of someone else, is refused', async () => {
    const { dataDir, file } = await writtenJournal(10);
    await rm(file);
    await expectRefused(dataDir, 'JOURNAL_CORRUPT');
    expect(existsSync(file)).toBe(false);
    await writeFile(file, 'not a database, but long enough to have a header '.repeat(50));
    await expectRefused(dataDir, 'JOURNAL_CORRUPT');
    await rm(file);
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)');
    other.close();
    await expectRefused(dataDir, 'JOURNAL_CORRUPT');
    expect(() => openJournalReader(dataDir)).toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }));
  });

  it('with any one of its pages filled with zeros loses nothing silently', async () => {
    const { dataDir, file } = await writtenJournal();
    const whole = await journalText(dataDir);
    const copy = await folder.make();
    const size = readFileSync(file).length;
    const outcomes = { refused: 0, unharmed: 0 };
    for (let page = 0; page < size / PAGE; page += page < 8 ? 1 : 3) {
      await rm(copy, { recursive: true, force: true });
      await mkdir(copy);
      for (const name of ['journal.db', 'journal.marker']) await copyFile(join(dataDir, name), join(copy, name));
      await overwrite(join(copy, 'journal.db'), page * PAGE, new Uint8Array(PAGE));
      const found = await journalText(copy).catch((error: { code?: string }) => error.code);
      if (found === 'JOURNAL_CORRUPT') outcomes.refused += 1;
      else {
        expect(found).toBe(whole);
        outcomes.unharmed += 1;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(3);
    expect(outcomes.unharmed).toBeLessThan(3);
  }, 120_000);

  it('with changed bytes within a chunk is told of while reading, by the engine and by others', async () => {
    const { dataDir, file } = await writtenJournal();
    const at = readFileSync(file).indexOf('"task":"t1500"');
    expect(at).toBeGreaterThan(0);
    await overwrite(file, at + 9, Buffer.from('9'));
    const journal = await folder.open(dataDir);
    const corrupt = expect.objectContaining({ code: 'JOURNAL_CORRUPT' });
    expect(() => [...journal.read()]).toThrow(corrupt);
    expect(() => [...journal.read('r0')]).toThrow(corrupt);
    expect([...journal.read('r1')].length).toBeGreaterThan(600);
    const reader = openJournalReader(dataDir);
    expect(() => [...reader.read()]).toThrow(corrupt);
    await reader.close();
  });

  it('with facts of a kind or version that is not known says that it is newer', async () => {
    const { dataDir, file } = await writtenJournal(3);
    const database = new DatabaseSync(file);
    const { crc32 } = await import('node:zlib');
    for (const [sequence, json] of [
      [4, '{"v":2,"type":"run.paused","runId":"new","atMs":1}'],
      [5, '{"v":1,"type":"run.teleported","runId":"newer","atMs":1}'],
      [6, '{"v":1,"type":"run.paused","runId":7,"atMs":1}'],
    ] as const) {
      const body = `${sequence} ${json}\n`;
      database.exec(`INSERT INTO runs VALUES (${100 + sequence}, 'x${sequence}', NULL, 0, NULL, NULL, NULL)`);
      database
        .prepare('INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?)')
        .run(sequence, sequence, 100 + sequence, body.length, crc32(body), body);
    }
    database.exec('UPDATE progress SET last_sequence = 6');
    database.close();
    const journal = await folder.open(dataDir);
    expect(() => [...journal.read('x4')]).toThrow(expect.objectContaining({ code: 'JOURNAL_NEWER' }));
    expect(() => [...journal.read('x5')]).toThrow(expect.objectContaining({ code: 'JOURNAL_NEWER' }));
    expect(() => [...journal.read('x6')]).toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }));
  });

  it('of a newer version is refused byte for byte as it was', async () => {
    const { dataDir, file } = await writtenJournal(10);
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 999');
    database.close();
    await expectRefused(dataDir, 'JOURNAL_NEWER');
    expect(() => openJournalReader(dataDir)).toThrow(expect.objectContaining({ code: 'JOURNAL_NEWER' }));
  });
});

async function journalText(dataDir: string): Promise<string> {
  const journal = await folder.open(dataDir);
  try {
    return JSON.stringify([[...journal.read()], [...journal.runs()], [...journal.read('r1')]]);
  } finally {
    await journal.close();
  }
}

const cannotMount = mountFault();

// A small file system of its own, as root in a sandbox may mount one.
function mountFault(): string | null {
  try {
    execFileSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs -o size=1m tmpfs "$d" && umount "$d" && rmdir "$d"'], {
      stdio: 'pipe',
    });
    return null;
  } catch {
    return ' (skipped: no right to mount a file system)';
  }
}

async function onSmallDisk(
  sizeKb: number,
  work: (dataDir: string, mountPoint: string) => Promise<void>,
): Promise<void> {
  const mountPoint = await folder.make();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKb}k`, 'tmpfs', mountPoint]);
  try {
    await work(join(mountPoint, 'data'), mountPoint);
  } finally {
    execFileSync('umount', ['-l', mountPoint]);
  }
}

interface Filled {
  readonly acknowledged: number;
  readonly code: string;
  readonly failure: string;
  readonly message: string;
}

async function fill(dataDir: string, shell?: string): Promise<Filled> {
  const child = folder.start('fill', dataDir, shell);
  expect((await child.lines.next()).value).toBe('"open"');
  return JSON.parse((await child.rest()).at(-1) ?? 'null');
}

async function expectAcknowledged(dataDir: string, { acknowledged, code, failure, message }: Filled): Promise<void> {
  expect({ code, failure }).toEqual({ code: 'JOURNAL_WRITE_FAILED', failure: 'JOURNAL_WRITE_FAILED' });
  expect(message).toContain('journal.db');
  expect(acknowledged).toBeGreaterThan(2);
  const journal = await folder.open(dataDir);
  const sequences = Array.from(journal.read(), ({ sequence }) => sequence);
  expect(sequences.slice(0, acknowledged)).toEqual(Array.from({ length: acknowledged }, (_, index) => index + 1));
  await journal.durable(journal.append(makeFact('r', 0)));
  await journal.close();
}

describe('a disk that gives out', () => {
  it.skipIf(cannotMount !== null)(
    `by being full: the store fails, and what was acknowledged is there when there is room${cannotMount ?? ''}`,
    async () => {
      await onSmallDisk(3_000, async (dataDir, mountPoint) => {
        const filled = await fill(dataDir);
        expect(filled.message).toContain('full');
        execFileSync('mount', ['-o', 'remount,size=64m', mountPoint]);
        await expectAcknowledged(dataDir, filled);
      });
    },
    60_000,
  );

  it.skipIf(cannotMount !== null)(
    `by being full from the start, or read-only: the data directory is unwritable${cannotMount ?? ''}`,
    async () => {
      await onSmallDisk(16, async (dataDir) => {
        await expect(folder.open(dataDir)).rejects.toMatchObject({ code: 'DATA_DIR_UNWRITABLE' });
      });
      await onSmallDisk(8_000, async (dataDir, mountPoint) => {
        const journal = await folder.open(dataDir);
        await journal.durable(journal.append(makeFact('r', 0)));
        await journal.close();
        execFileSync('mount', ['-o', 'remount,ro', mountPoint]);
        await expectRefused(dataDir, 'DATA_DIR_UNWRITABLE');
        await expect(folder.open(join(mountPoint, 'new'))).rejects.toMatchObject({ code: 'DATA_DIR_UNWRITABLE' });
      });
    },
  );

  it('by refusing a write: the store fails, and what was acknowledged is there afterwards', async () => {
    const dataDir = await folder.make();
    // Blocks of 512 bytes: no file may grow beyond 2 MB.
    await expectAcknowledged(dataDir, await fill(dataDir, 'ulimit -f 4096'));
  }, 60_000);

  it.skipIf(process.getuid?.() === 0)(
    `by taking the right to write away${process.getuid?.() === 0 ? ' (skipped: nothing is forbidden to root)' : ''}`,
    async () => {
      const { dataDir } = await writtenJournal(3);
      await chmod(dataDir, 0o555);
      await expectRefused(dataDir, 'DATA_DIR_UNWRITABLE');
      await chmod(dataDir, 0o755);
    },
  );

  it('by being no folder', async () => {
    const dataDir = await folder.make();
    await writeFile(join(dataDir, 'file'), '');
    await expect(folder.open(join(dataDir, 'file'))).rejects.toMatchObject({ code: 'DATA_DIR_UNWRITABLE' });
    await expect(folder.open(join(dataDir, 'file', 'below'))).rejects.toMatchObject({ code: 'DATA_DIR_UNWRITABLE' });
  });
});
