// Artifacts with the runs that name them: read through the engine in any life of it, forgotten with the last run.

import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { createScene } from './lives.ts';

const config = { tasksDirs: [fileURLToPath(new URL('../workers/fixtures/tasks', import.meta.url))] };
const reference = z.object({ artifact: z.string(), hash: z.string(), sizeBytes: z.number(), path: z.string() });
const write = { name: 'write', module: 'artifacts', action: 'write', parameters: { seed: 1, size: 1_000 } };

/** Runs `w` to its end; what its step has written. */
async function written(engine: OrchestrationEngine, runId: string) {
  const { outputs } = await engine.startWorkflow('w', {}, undefined, { runId }).result();
  return reference.parse(outputs.write);
}

/** Forgets every run that has ended by now. */
async function prune(engine: OrchestrationEngine) {
  const endedMs = Math.max(...engine.listRuns().map(({ endedAtMs }) => endedAtMs ?? 0));
  while (Date.now() <= endedMs + 1) await new Promise((resolve) => setImmediate(resolve));
  return await engine.pruneRuns({ olderThanMs: 1 });
}

describe('an artifact of a run', () => {
  it('is read by a later engine, also after the data folder was moved, and never when it is damaged', async () => {
    const scene = createScene();
    const first = await scene.engine([write], config);
    const artifact = await written(first, 'run-1');
    expect((await first.readArtifact(artifact)).byteLength).toBe(1_000);
    await first.shutdown();
    const dataDir = join(scene.folder, 'moved');
    renameSync(join(scene.folder, 'data'), dataDir);
    const second = await scene.engine([write], { ...config, dataDir });
    expect((await second.readArtifact(artifact)).byteLength).toBe(1_000);
    writeFileSync(join(dataDir, 'artifacts', artifact.hash), Buffer.alloc(1_000));
    await expect(second.readArtifact(artifact)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    // What the message advises: the step writes it again.
    expect(await second.rerun('run-1').result()).toMatchObject({ status: 'completed' });
    expect((await second.readArtifact(artifact)).byteLength).toBe(1_000);
  });

  it('goes with the last run that names it', async () => {
    const scene = createScene();
    const engine = await scene.engine([write], config);
    const artifact = await written(engine, 'run-1');
    // A rerun takes the reference over without writing anything.
    await engine.rerun('run-1', { from: 'failed', runId: 'run-2' }).result();
    const [second, first] = engine.listRuns();
    expect([first?.runId, second?.runId]).toEqual(['run-1', 'run-2']);
    expect(await prune(engine)).toEqual({ runs: 2, artifacts: 1 });
    await expect(engine.readArtifact(artifact)).rejects.toMatchObject({ code: 'ARTIFACT_MISSING' });
    expect(existsSync(artifact.path)).toBe(false);
  });

  it('stays while a running attempt has written the same bytes and may name them', async () => {
    const scene = createScene();
    const engine = await scene.engine([write], config);
    const artifact = await written(engine, 'run-1');
    const parameters = { ...write.parameters, open: scene.open };
    engine.workflows.createWorkflow('slow', [{ ...write, action: 'writeAndWait', parameters }]);
    const hasWritten = new Promise((resolve) => engine.registerEventHandler('task.progress', resolve));
    const slow = engine.startWorkflow('slow', {}, undefined, { runId: 'run-2' });
    await hasWritten;
    expect(await prune(engine)).toEqual({ runs: 1, artifacts: 0 });
    writeFileSync(scene.open, '');
    expect((await slow.result()).outputs.write).toEqual(artifact);
    expect((await engine.readArtifact(artifact)).byteLength).toBe(1_000);
    expect(await prune(engine)).toEqual({ runs: 1, artifacts: 1 });
  });
});
