// Owns the tests of looking at a data folder from outside: nothing there, something there, an engine that has it.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { RunArchive } from '../../src/engine/run-archive.ts';
import { journalFiles } from '../../src/journal/stores/sqlite-files.ts';
import { lockDataDir } from '../../src/journal/stores/sqlite-lock.ts';
import { createTestEngine } from './support.ts';

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-archive-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data');
}

function archiveOf(dataDir: string): RunArchive {
  const archive = RunArchive.open(dataDir);
  onTestFinished(() => archive.close());
  return archive;
}

test('a folder without a journal is an empty archive, and stays as it is', async () => {
  const dataDir = dataFolder();
  const archive = archiveOf(dataDir);
  expect([archive.runs(), archive.run('run-1'), archive.history('run-1')]).toEqual([[], undefined, undefined]);
  expect([archive.definition('sha256-0'), archive.engine()]).toEqual([undefined, null]);
  expect(archiveOf(':memory:').runs()).toEqual([]);
  expect(existsSync(dataDir)).toBe(false);
});

test('the number of the newest fact, of all and of each run, tells what has more to read', async () => {
  const dataDir = dataFolder();
  expect(archiveOf(dataDir).lastSequence()).toBe(0);
  const { engine } = await createTestEngine({ dataDir });
  engine.workflows.createWorkflow('flow', [{ name: 'a', module: 'core', action: 'noop' }]);
  const first = await engine.executeWorkflow('flow');
  const between = archiveOf(dataDir);
  const second = await engine.executeWorkflow('flow');
  const after = archiveOf(dataDir);
  for (const { runId } of [first, second]) {
    expect(after.lastSequence(runId)).toBe(after.history(runId)?.lastSequence);
  }
  expect(after.lastSequence()).toBe(after.lastSequence(second.runId));
  expect(after.lastSequence(first.runId)).toBeLessThan(after.lastSequence(second.runId));
  // An archive that is open sees what is written meanwhile.
  expect(between.lastSequence(second.runId)).toBe(after.lastSequence(second.runId));
  expect(after.lastSequence('run-none')).toBe(0);
});

test('runs of an engine that is gone are there with their history and definition', async () => {
  const dataDir = dataFolder();
  const { engine } = await createTestEngine({ dataDir });
  engine.workflows.createWorkflow('flow', [
    { name: 'a', module: 'core', action: 'echo', parameters: { message: 'hi' } },
  ]);
  const { runId } = await engine.executeWorkflow('flow');
  await engine.shutdown();
  const archive = archiveOf(dataDir);
  expect(archive.engine()).toBeNull();
  expect(archive.runs()).toMatchObject([{ runId, workflow: 'flow', status: 'completed' }]);
  const history = archive.history(runId);
  expect(history?.tasks.get('a')).toMatchObject({ status: 'completed', output: 'hi' });
  const key = history?.origin.type === 'run.created' ? history.origin.definition : '';
  expect(archive.definition(key)?.steps.map(({ name }) => name)).toEqual(['a']);
});

test('a live engine is named, and holds the runs it made but not those it left alone', async () => {
  const dataDir = dataFolder();
  const first = await createTestEngine({ dataDir });
  first.engine.workflows.createWorkflow('flow', [
    { name: 'a', module: 'core', action: 'sleep', parameters: { duration: 60 } },
  ]);
  const left = first.engine.startWorkflow('flow');
  left.result().catch(() => {});
  await first.engine.shutdown({ drainMs: 0 });
  const second = await createTestEngine({ dataDir, resume: 'manual' });
  second.engine.workflows.createWorkflow('flow', [
    { name: 'a', module: 'core', action: 'sleep', parameters: { duration: 60 } },
  ]);
  const own = second.engine.startWorkflow('flow');
  own.result().catch(() => {});
  await expect.poll(() => heldRuns(dataDir)).toEqual({ [left.runId]: false, [own.runId]: true });
  expect(archiveOf(dataDir).engine()).toMatchObject({ pid: process.pid });
  second.engine
    .resumeRun(left.runId)
    .result()
    .catch(() => {});
  await expect.poll(() => heldRuns(dataDir)).toEqual({ [left.runId]: true, [own.runId]: true });
});

async function heldRuns(dataDir: string): Promise<Record<string, boolean>> {
  const archive = RunArchive.open(dataDir);
  try {
    return Object.fromEntries(archive.runs().map((record) => [record.runId, archive.isHeld(record)]));
  } finally {
    await archive.close();
  }
}

test('a request is answered by the engine that has the folder, a senseless one refused', async () => {
  const dataDir = dataFolder();
  const { engine } = await createTestEngine({ dataDir });
  engine.workflows.createWorkflow('flow', [
    { name: 'a', module: 'core', action: 'sleep', parameters: { duration: 60 } },
  ]);
  const run = engine.startWorkflow('flow');
  const archive = archiveOf(dataDir);
  expect(await archive.request('cancel', run.runId, 'wrong input')).toEqual({ status: 'done' });
  expect(await run.result()).toMatchObject({ status: 'cancelled', reason: 'wrong input' });
  expect(await archive.request('cancel', 'run-none', '')).toMatchObject({
    status: 'refused',
    error: { code: 'RUN_NOT_FOUND' },
  });
});

test('an engine that does not answer is an error that names its process, and the request is taken back', async () => {
  const dataDir = dataFolder();
  const engine = await OrchestrationEngine.create({ dataDir, maxWorkers: 1, workflowsDir: '/nonexistent-workflows' });
  await engine.shutdown();
  // Holds the folder as an engine does, and never looks at requests.
  const lock = lockDataDir(journalFiles(dataDir), 1);
  try {
    await expect(archiveOf(dataDir).request('pause', 'run-1', '', 60)).rejects.toMatchObject({
      code: 'ENGINE_UNRESPONSIVE',
      message: expect.stringContaining(`process ${process.pid} did not answer`),
    });
  } finally {
    lock.release();
  }
  const { engine: next, events } = await createTestEngine({ dataDir });
  expect([next.listRuns(), events.filter(({ type }) => type.startsWith('workflow.'))]).toEqual([[], []]);
});
