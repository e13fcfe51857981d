// Collecting artifacts: orphans and left-overs go, what a running attempt may still name stays.

import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ArtifactShelf, SWEEP_AGE_MS } from '../../src/engine/artifact-shelf.ts';
import { ArtifactStore } from '../../src/workers/artifact-store.ts';

const EVER = { writtenBeforeMs: Number.POSITIVE_INFINITY };

function create() {
  const dir = mkdtempSync(join(tmpdir(), 'yardmaster-shelf-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return { dir, store: new ArtifactStore(dir), shelf: new ArtifactShelf(dir) };
}

/** Makes a file look as if it had been written so long ago. */
function age(path: string, ms: number): void {
  const then = new Date(Date.now() - ms);
  utimesSync(path, then, then);
}

it('removes orphans by hash, passes over what is not there, and never leaves its folder', async () => {
  const { dir, store, shelf } = create();
  const [a, b] = [await store.write('a', 'a'), await store.write('b', 'b')];
  writeFileSync(join(dir, 'notes.txt'), 'mine');
  const hashes = [a.hash, `sha256-${'0'.repeat(64)}`, '../notes.txt', 'notes.txt', ''];
  expect(await shelf.remove(hashes, EVER)).toBe(1);
  expect(readdirSync(dir).sort()).toEqual([b.hash, 'notes.txt'].sort());
});

it('leaves alone what was written, or written again, since the oldest attempt under way began', async () => {
  const { store, shelf } = create();
  const [old, again] = [await store.write('old', 'old'), await store.write('again', 'again')];
  for (const { path } of [old, again]) age(path, 60_000);
  const writtenBeforeMs = Date.now();
  await store.write('the same bytes by a running attempt', 'again');
  const fresh = await store.write('fresh', 'fresh');
  expect(await shelf.remove([old.hash, again.hash, fresh.hash], { writtenBeforeMs })).toBe(1);
  expect([old, again, fresh].map(({ path }) => existsSync(path))).toEqual([false, true, true]);
});

it('and writers can be at the same bytes at the same time: no writer is given a reference to nothing', async () => {
  const { store, shelf } = create();
  const { hash, path } = await store.write('contested', 'contested');
  let removed = 0;
  for (let round = 0; round < 300; round += 1) {
    age(path, 60_000);
    const writtenBeforeMs = Date.now();
    const writing = store.write('contested', 'contested');
    // The collector begins at another point of the writer's work in each round.
    for (let turn = 0; turn < round % 15; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    removed += await shelf.remove([hash], { writtenBeforeMs });
    await writing;
    expect(existsSync(path)).toBe(true);
  }
  // Both outcomes of the race were seen: taken away and written anew, and kept.
  expect(removed).toBeGreaterThan(0);
  expect(removed).toBeLessThan(300);
});

it('sweeps temporary files: of other processes at once, of its own when they are old', async () => {
  const { dir, shelf } = create();
  const name = (owner: number, n: number) =>
    join(dir, `sha256-${'a'.repeat(64)}.${owner}.00000000-0000-4000-8000-00000000000${n}.tmp`);
  const [other, own, oldOwn] = [name(process.pid + 1, 1), name(process.pid, 2), name(process.pid, 3)];
  for (const path of [other, own, oldOwn]) writeFileSync(path, 'half');
  age(oldOwn, SWEEP_AGE_MS + 1_000);
  writeFileSync(join(dir, 'someone-elses.tmp'), '');
  expect(await shelf.sweep(EVER)).toEqual({ temporaries: 2, artifacts: 0 });
  expect([other, own, oldOwn].map((path) => existsSync(path))).toEqual([false, true, false]);
  expect(existsSync(join(dir, 'someone-elses.tmp'))).toBe(true);
});

it('sweeps artifacts that nothing refers to once they are an hour old', async () => {
  const { store, shelf } = create();
  const [kept, young, stale, running] = await Promise.all(['1', '2', '3', '4'].map((text) => store.write(text, text)));
  if (kept === undefined || young === undefined || stale === undefined || running === undefined) throw new Error('no');
  for (const { path } of [kept, stale]) age(path, 3 * SWEEP_AGE_MS);
  age(running.path, 2 * SWEEP_AGE_MS);
  const isReferenced = (hash: string) => hash === kept.hash;
  const oldestAttemptMs = Date.now() - 2.5 * SWEEP_AGE_MS;
  expect(await shelf.sweep({ isReferenced, writtenBeforeMs: oldestAttemptMs })).toEqual({
    temporaries: 0,
    artifacts: 1,
  });
  const there = [kept, young, stale, running].map(({ path }) => existsSync(path));
  expect(there).toEqual([true, true, false, true]);
});

it('has nothing to do where no artifact was ever written', async () => {
  const shelf = new ArtifactShelf(join(tmpdir(), 'yardmaster-never-made'));
  expect(await shelf.sweep({ ...EVER, isReferenced: () => false })).toEqual({ temporaries: 0, artifacts: 0 });
  expect(await shelf.remove([`sha256-${'0'.repeat(64)}`], EVER)).toBe(0);
});
