// The lock within this process, against processes that hold it, and against those that die with it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { type FileLockOptions, withFileLock } from '../../src/engine/file-lock.ts';
import { createTestFolder } from '../support/test-folder.ts';

const SOURCE = pathToFileURL(join(import.meta.dirname, '../../src/engine/file-lock.ts')).href;

const waiting = (waitMs: number): FileLockOptions => ({
  waitMs,
  onBusy: () => new RuntimeError('PROJECT_BUSY', 'busy'),
});
const busy = expect.objectContaining({ code: 'PROJECT_BUSY' });

/** A process that has taken the lock and keeps it until it is killed. */
async function holderOf(file: string) {
  const program = `
    import { withFileLock } from '${SOURCE}';
    setInterval(() => {}, 1000);
    await withFileLock(process.argv[1], { waitMs: 5000, onBusy: () => new Error('busy') }, () => {
      process.stdout.write('held');
      return new Promise(() => {});
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('a lock on a file', () => {
  it('lets one work at a time, and gives what the work gives', async () => {
    const file = join(createTestFolder(), 'lock');
    let [inside, most] = [0, 0];
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        withFileLock(file, waiting(10_000), async () => {
          inside += 1;
          most = Math.max(most, inside);
          await turn();
          inside -= 1;
          return index;
        }),
      ),
    );
    expect(results).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).toBe(1);
    expect(statSync(file).size).toBe(0);
  });

  it('comes free when the work throws', async () => {
    const file = join(createTestFolder(), 'lock');
    const failing = withFileLock(file, waiting(0), () => Promise.reject(new Error('work')));
    await expect(failing).rejects.toThrow('work');
    expect(await withFileLock(file, waiting(0), async () => 'next')).toBe('next');
  });

  it('is not had while another process holds it, and at once when that one is killed', async () => {
    const file = join(createTestFolder(), 'lock');
    const holder = await holderOf(file);
    await expect(withFileLock(file, waiting(100), async () => 'mine')).rejects.toThrow(busy);
    const waiter = withFileLock(file, waiting(10_000), async () => 'mine');
    holder.kill('SIGKILL');
    expect(await waiter).toBe('mine');
  });

  it('is not had while this process holds it, and the try takes nothing away from the holder', async () => {
    const file = join(createTestFolder(), 'lock');
    await withFileLock(file, waiting(0), async () => {
      for (let tries = 0; tries < 3; tries++) {
        await expect(withFileLock(file, waiting(0), async () => 'mine')).rejects.toThrow(busy);
      }
      // A process that tries now must not get it either.
      const child = spawn(process.execPath, ['--input-type=module', '-e', tryOnce(file)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [answer] = await once(child.stdout, 'data');
      expect(String(answer)).toBe('busy');
    });
  });

  it('is not taken through a link, of something that is no file, or of a file of others', async () => {
    const folder = createTestFolder();
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));
    mkdirSync(join(folder, 'folder'));
    writeFileSync(join(folder, 'text'), 'something that a person wrote, longer than a database header is');
    for (const name of ['link', 'folder', 'text', 'missing/lock']) {
      const attempt = withFileLock(join(folder, name), waiting(0), async () => 'mine');
      await expect(attempt, name).rejects.toThrow(expect.objectContaining({ code: 'FILE_UNWRITABLE' }));
    }
    expect(existsSync(join(folder, 'elsewhere'))).toBe(false);
    expect(readFileSync(join(folder, 'text'), 'utf8')).toContain('a person wrote');
  });
});

function tryOnce(file: string): string {
  return `
    import { withFileLock } from '${SOURCE}';
    const options = { waitMs: 50, onBusy: () => new Error('busy') };
    const answer = await withFileLock(${JSON.stringify(file)}, options, async () => 'taken').catch((error) => error.message);
    process.stdout.write(answer);`;
}
