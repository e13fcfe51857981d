// Artifacts on real disks: whole or not at all, checked when read, whatever happened to their files or writers.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ArtifactShelf } from '../../src/engine/artifact-shelf.ts';
import { ArtifactStore } from '../../src/workers/artifact-store.ts';
import { InlineExecutor } from '../../src/workers/inline-executor.ts';
import { ManualTimers } from '../support/manual-timers.ts';
import { errorOf, outputOf, RecordingSink, ThreadHarness } from './executor-harness.ts';
import { read, writeAndRead } from './fixtures/tasks/artifacts.ts';

const WRITER = fileURLToPath(new URL('fixtures/artifact-writer.ts', import.meta.url));
const MEGABYTE = 1024 * 1024;
const reference = z.object({ artifact: z.string(), hash: z.string(), sizeBytes: z.number(), path: z.string() });

function createFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'yardmaster-artifacts-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function hashOf(path: string): string {
  return `sha256-${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
}

describe('an artifact', () => {
  it.each([
    ['text', 'grüße'],
    ['nothing', ''],
    ['bytes', new Uint8Array([0, 255, 10, 13])],
  ])('of %s is read as it was written', async (name, content) => {
    const store = new ArtifactStore(createFolder());
    const written = await store.write(name, content);
    expect(Buffer.from(await store.read(written))).toEqual(Buffer.from(content));
    expect(written).toMatchObject({ artifact: name, sizeBytes: Buffer.from(content).byteLength });
  });

  it('is found by its hash after the data folder was moved', async () => {
    const dir = createFolder();
    const written = await new ArtifactStore(join(dir, 'before')).write('report', 'moved');
    renameSync(join(dir, 'before'), join(dir, 'after'));
    const bytes = await new ArtifactStore(join(dir, 'after')).read(written);
    expect(Buffer.from(bytes).toString()).toBe('moved');
    expect(existsSync(written.path)).toBe(false);
  });

  it.each([
    ['other bytes of the same size', (path: string) => writeFileSync(path, 'rePort')],
    ['fewer bytes', (path: string) => writeFileSync(path, 'rep')],
    ['nothing', (path: string) => writeFileSync(path, '')],
    ['zeros', (path: string) => writeFileSync(path, Buffer.alloc(6))],
    ['more bytes', (path: string) => writeFileSync(path, 'report!')],
  ])('whose file holds %s is never handed out, until it is written again', async (_what, damage) => {
    const store = new ArtifactStore(createFolder());
    const written = await store.write('the report', 'report');
    damage(written.path);
    const refusal = await store.read(written).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'ARTIFACT_CORRUPT', retryable: false });
    expect(String(refusal)).toMatch(/'the report'.*rerun the run from the step that wrote it/);
    expect(await store.write('again', 'report')).toEqual({ ...written, artifact: 'again' });
    expect(Buffer.from(await store.read(written)).toString()).toBe('report');
  });

  it('whose file is gone, or is a folder, is told missing with what to do', async () => {
    const store = new ArtifactStore(createFolder());
    const written = await store.write('the report', 'report');
    rmSync(written.path);
    await expect(store.read(written)).rejects.toMatchObject({
      code: 'ARTIFACT_MISSING',
      message: expect.stringMatching(/is not there: .*rerun the run/),
    });
    mkdirSync(written.path);
    await expect(store.read(written)).rejects.toMatchObject({ code: expect.stringMatching(/^ARTIFACT_/) });
  });

  it.each([
    ['no object', 'sha256'],
    ['a path instead of a hash', { artifact: 'a', hash: '../../etc/passwd', sizeBytes: 1, path: 'x' }],
    ['no size', { artifact: 'a', hash: `sha256-${'a'.repeat(64)}`, path: 'x' }],
    ['a negative size', { artifact: 'a', hash: `sha256-${'a'.repeat(64)}`, sizeBytes: -1, path: 'x' }],
  ])('is not looked for with a reference that has %s', async (_what, given) => {
    const store = new ArtifactStore(createFolder());
    // @ts-expect-error: a program in plain JavaScript can pass this
    await expect(store.read(given)).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
  });

  it('of the same bytes is one file, also when many write it at once', async () => {
    const dir = createFolder();
    const stores = Array.from({ length: 8 }, () => new ArtifactStore(dir));
    const bytes = Buffer.alloc(3 * MEGABYTE, 'same');
    const written = await Promise.all(stores.map((store) => store.write('same', bytes)));
    expect(new Set(written.map(({ hash }) => hash)).size).toBe(1);
    expect(readdirSync(dir)).toEqual([written[0]?.hash]);
  });
});

describe('a writer that is killed', () => {
  it('leaves no artifact with other bytes than its hash says; a sweep takes the rest away', async () => {
    const dir = createFolder();
    let leftOver = 0;
    for (let kill = 1; kill <= 5; kill += 1) {
      await killWriterAt(dir, kill);
      leftOver += readdirSync(dir).filter((name) => name.endsWith('.tmp')).length;
      const swept = await new ArtifactShelf(dir).sweep({ writtenBeforeMs: 0 });
      expect(swept.artifacts).toBe(0);
      for (const name of readdirSync(dir)) expect(hashOf(join(dir, name))).toBe(name);
    }
    // Otherwise each was hit between two artifacts and nothing was shown.
    expect(leftOver).toBeGreaterThan(0);
  });

  /** Kills it with SIGKILL as soon as so many temporary files were seen. */
  async function killWriterAt(dir: string, temporaries: number): Promise<void> {
    const seen = new Set<string>();
    const enough = Promise.withResolvers<void>();
    const watcher = watch(dir, (_event, name) => {
      if (name?.endsWith('.tmp') && seen.add(name).size >= temporaries) enough.resolve();
    });
    const writer = spawn(process.execPath, [WRITER, dir, String(24 * MEGABYTE), 'loop'], { stdio: 'ignore' });
    const ended = once(writer, 'exit');
    await Promise.race([enough.promise, ended]);
    writer.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    watcher.close();
  }
});

describe('a disk that is full', () => {
  const failed = z.object({ code: z.string(), retryable: z.boolean(), message: z.string(), details: z.unknown() });

  async function writeOnce(dir: string, limit: string): Promise<z.infer<typeof failed>> {
    const command = `${limit} exec "$0" "$1" "$2" ${2 * MEGABYTE} once`;
    const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, WRITER, dir]);
    return failed.parse(JSON.parse(stdout));
  }

  it.skipIf(process.platform === 'win32')('fails the write with a code and leaves nothing behind', async () => {
    const dir = createFolder();
    // The system cuts files of that process at half a megabyte, as a full disk would.
    const failure = await writeOnce(dir, 'ulimit -f 1024;');
    expect(failure).toMatchObject({ code: 'ARTIFACT_WRITE_FAILED', retryable: true, details: { reason: 'EFBIG' } });
    expect(readdirSync(dir)).toEqual([]);
  });

  const canMount = process.platform === 'linux' && process.getuid?.() === 0;
  it.skipIf(!canMount)('says so where the disk is a real one (needs the right to mount)', async ({ skip }) => {
    const dir = createFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir], { stdio: 'ignore' });
    } catch {
      skip('this machine does not let tests mount a disk');
    }
    onTestFinished(() => void execFileSync('umount', [dir]));
    const failure = await writeOnce(dir, '');
    expect(failure).toMatchObject({ code: 'ARTIFACT_WRITE_FAILED', details: { reason: 'ENOSPC' } });
    expect(failure.message).toContain('make room');
    expect(readdirSync(dir)).toEqual([]);
    // Room enough for something smaller.
    const store = new ArtifactStore(dir);
    expect(await store.read(await store.write('small', 'fits'))).toEqual(Buffer.from('fits'));
  });

  it('or a folder that cannot be made fails the attempt with the code', async () => {
    const dir = createFolder();
    writeFileSync(join(dir, 'file'), '');
    await using harness = await ThreadHarness.start({ artifactsDir: join(dir, 'file', 'artifacts') });
    const error = errorOf(await harness.run('artifacts.write', { seed: 1, size: 10 }));
    expect(error).toMatchObject({ code: 'ARTIFACT_WRITE_FAILED', retryable: true });
  });
});

describe('bodies in threads', () => {
  it('write the same bytes at once and agree on one file', async () => {
    await using harness = await ThreadHarness.start({ threads: 4 });
    await harness.slots(4);
    const keys = Array.from({ length: 4 }, () => harness.begin('artifacts.write', { seed: 7, size: 8 * MEGABYTE }));
    const outcomes = await Promise.all(keys.map((key) => harness.sink.outcome(key)));
    expect(new Set(outcomes.map(({ threadId }) => threadId)).size).toBe(4);
    const hashes = outcomes.map((outcome) => reference.parse(outputOf(outcome)).hash);
    expect(new Set(hashes).size).toBe(1);
    expect(readdirSync(harness.artifactsDir)).toEqual([hashes[0]]);
  });

  it('write and read 100 MB', async () => {
    await using harness = await ThreadHarness.start();
    const output = outputOf(await harness.run('artifacts.writeAndRead', { seed: 1, size: 100 * MEGABYTE }));
    expect(output).toEqual({ same: true, sizeBytes: 100 * MEGABYTE });
  });

  it('are refused a damaged artifact, one that is gone, and what is no reference', async () => {
    await using harness = await ThreadHarness.start();
    const written = reference.parse(outputOf(await harness.run('artifacts.write', { seed: 1, size: 100 })));
    expect(outputOf(await harness.run('artifacts.read', { reference: written }))).toBe(100);
    writeFileSync(written.path, Buffer.alloc(100));
    const refusals = [errorOf(await harness.run('artifacts.read', { reference: written })).code];
    rmSync(written.path);
    refusals.push(errorOf(await harness.run('artifacts.read', { reference: written })).code);
    refusals.push(errorOf(await harness.run('artifacts.read', { reference: null })).code);
    expect(refusals).toEqual(['ARTIFACT_CORRUPT', 'ARTIFACT_MISSING', 'PARAMETER_INVALID']);
  });
});

it('a body on the main loop writes and reads like one in a thread', async () => {
  const dir = createFolder();
  const sink = new RecordingSink();
  const timers = new ManualTimers();
  const executor = new InlineExecutor({ sink, timers, clock: timers, artifactsDir: dir, resources: null });
  executor.register('inline', 'write', writeAndRead);
  executor.register('inline', 'read', read);
  const assignment = { runId: 'run-1', taskName: 'inline', attempt: 1, module: 'inline' };
  executor.execute({ ...assignment, attemptKey: 1, action: 'write', parameters: { seed: 1, size: 10 } });
  expect(outputOf(await sink.outcome(1))).toEqual({ same: true, sizeBytes: 10 });
  executor.execute({ ...assignment, attemptKey: 2, action: 'read', parameters: { reference: 'none' } });
  expect(errorOf(await sink.outcome(2)).code).toBe('PARAMETER_INVALID');
});
