// Checks that a data directory belongs to one engine at a time, that a crash gives it back, and that neither readers nor
// those who ask who has it are in the way.

import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineOf } from '../../../src/journal/stores/sqlite-lock.ts';
import { makeFact } from '../../conformance/facts.ts';
import { MANUAL_EPOCH_MS } from '../../support/manual-timers.ts';
import { journalFolder } from './journal-folder.ts';

const folder = journalFolder();

describe('the lock of a data directory', () => {
  it('keeps a second opener of the same process out, and says who has it', async () => {
    const dataDir = await folder.make();
    expect(engineOf(dataDir)).toBeNull();
    const journal = await folder.open(dataDir);
    expect(engineOf(dataDir)).toEqual({ pid: process.pid, sinceMs: MANUAL_EPOCH_MS });
    await expect(folder.open(dataDir)).rejects.toMatchObject({
      code: 'DATA_DIR_LOCKED',
      message: expect.stringContaining(`process ${process.pid} since 2026-01-01T00:00:00.000Z`),
      details: { pid: process.pid },
    });
    await journal.durable(journal.append(makeFact('r', 0)));
    await journal.close();
    expect(engineOf(dataDir)).toBeNull();
    await folder.open(dataDir);
  });

  it('keeps another process out, lets it read and ask, and is gone when its holder is killed', async () => {
    const dataDir = await folder.make();
    const holder = folder.start('hold', dataDir);
    expect((await holder.lines.next()).value).toBe('"open"');
    expect(engineOf(dataDir)?.pid).toBe(holder.pid);
    for (let round = 0; round < 3; round++) {
      await expect(folder.open(dataDir)).rejects.toMatchObject({
        code: 'DATA_DIR_LOCKED',
        message: expect.stringContaining(`${holder.pid}`),
      });
    }
    const second = folder.start('hold', dataDir);
    expect(JSON.parse((await second.lines.next()).value)).toMatchObject({ code: 'DATA_DIR_LOCKED' });
    const reading = folder.start('read', dataDir);
    expect(await reading.rest()).toEqual(['0', `${holder.pid}`, '1']);
    await holder.kill();
    expect(existsSync(join(dataDir, 'journal.owner.json'))).toBe(true);
    expect(engineOf(dataDir)).toBeNull();
    const journal = await folder.open(dataDir);
    expect(engineOf(dataDir)?.pid).toBe(process.pid);
    expect(journal.requests.poll()).toMatchObject([{ kind: 'cancel', runId: 'r0', reason: 'asked by a child' }]);
  }, 60_000);

  it('is not taken by asking, however often, while engines start and stop', async () => {
    const dataDir = await folder.make();
    for (let round = 0; round < 5; round++) {
      const opening = folder.open(dataDir);
      const asked = Array.from({ length: 50 }, () => engineOf(dataDir));
      const journal = await opening;
      expect(asked.every((owner) => owner?.pid === process.pid)).toBe(true);
      await journal.close();
    }
  });

  it('is told without a name when the name is gone or spoilt', async () => {
    const dataDir = await folder.make();
    await folder.open(dataDir);
    await writeFile(join(dataDir, 'journal.owner.json'), '{');
    expect(engineOf(dataDir)).toEqual({ pid: 0, sinceMs: 0 });
    await rm(join(dataDir, 'journal.owner.json'));
    await expect(folder.open(dataDir)).rejects.toMatchObject({
      code: 'DATA_DIR_LOCKED',
      message: expect.stringContaining('another engine'),
    });
  });

  it('is let go of when the journal cannot be opened', async () => {
    const dataDir = await folder.make();
    await writeFile(join(dataDir, 'journal.db'), 'nonsense '.repeat(200));
    await expect(folder.open(dataDir)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    expect(engineOf(dataDir)).toBeNull();
    await rm(join(dataDir, 'journal.db'));
    await folder.open(dataDir);
  });
});
