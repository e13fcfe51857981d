// A quota under a real burst, in real time: tasks, waiting requests, tries and threads take it all at once.

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { OrchestrationEngine } from '../../src/index.ts';
import { createTestEngine, seen } from './support.ts';

const QUOTA_DIR = fileURLToPath(new URL('fixtures/quota', import.meta.url));
const PERIOD_MS = 1_000;
const QUOTA = 50;
/** With the requests that wait, more than one second lets through. */
const STEPS_UNTIL_THE_THIRD_SECOND = 30;

/** A grant lies between the two times, by a clock that all threads share. */
type Grant = readonly [notBeforeMs: number, notAfterMs: number];

const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** The most grants that certainly lie in one window [t, t + 1 s). */
function fullestWindow(grants: readonly Grant[]): number {
  let fullest = 0;
  for (const [startMs] of grants) {
    const inside = grants.filter(([from, to]) => from >= startMs && to < startMs + PERIOD_MS);
    fullest = Math.max(fullest, inside.length);
  }
  return fullest;
}

/** A workflow of 400 steps that each draw on the quota, of all priorities; some want several units. */
function registerBurst(engine: OrchestrationEngine): void {
  engine.registerInlineTask('calls', 'make', () => null);
  const calls = Array.from({ length: 400 }, (_, index) => ({
    name: `call-${index}`,
    module: 'calls',
    action: 'make',
    priority: index % 5,
    resources: { calls: index % 10 === 0 ? 3 : 1 },
  }));
  engine.workflows.createWorkflow('burst', calls);
}

/** Requests that wait, of several sizes; how many have been granted. */
function startWaiting(engine: OrchestrationEngine): () => number {
  let granted = 0;
  for (let index = 0; index < 10; index++) {
    void engine.resources.acquire({ calls: 1 + (index % 3) }).then(() => {
      granted += 1;
    });
  }
  return () => granted;
}

/** Tries again and again, without waiting; how many were granted. */
async function tryUntil(engine: OrchestrationEngine, endMs: number): Promise<number> {
  let granted = 0;
  while (nowMs() < endMs) {
    if (engine.resources.allocate('calls', 'test') !== null) granted += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return granted;
}

describe('a quota of 50 per second in real time', () => {
  it('lets no window of a second see more than 50 grants, and lets 50 through in each', async () => {
    const made = await createTestEngine({
      tasksDirs: [QUOTA_DIR],
      resources: [{ id: 'calls', type: 'api_quota', capacity: QUOTA, refillPeriodMs: PERIOD_MS }],
    });
    const { engine } = made;
    const grants: Grant[] = [];
    engine.registerEventHandler('resource.allocated', ({ resourceId, data }) => {
      const atMs = nowMs();
      if (resourceId === 'calls') for (let unit = 0; unit < Number(data.amount); unit++) grants.push([atMs, atMs]);
    });
    registerBurst(engine);
    const startMs = nowMs();
    // For a second and a half a thread and the main loop share the quota; then a crowd that waits for it takes it over.
    const parameters = { id: 'calls', untilMs: startMs + 1.5 * PERIOD_MS };
    const drawn = engine.submitTask({ module: 'quota', action: 'draws', parameters });
    const tried = await tryUntil(engine, startMs + 1.5 * PERIOD_MS);
    const waited = startWaiting(engine);
    const run = engine.startWorkflow('burst');
    let started = 0;
    await seen(made, ({ type, runId }) => {
      if (type === 'task.started' && runId === run.runId) started += 1;
      return started === STEPS_UNTIL_THE_THIRD_SECOND;
    });
    run.cancel('enough');
    await run.result();
    const byThread = (await engine.waitForTask(drawn)).output as [number, number][];
    const all = [...grants, ...byThread];
    expect(fullestWindow(all)).toBeLessThanOrEqual(QUOTA);
    for (const count of [byThread.length, tried]) expect(count).toBeGreaterThan(0);
    expect(waited()).toBe(10);
    // Nor less than the quota: all of it in each second.
    const seconds = Math.floor((nowMs() - startMs) / (1.05 * PERIOD_MS));
    expect(all.length).toBeGreaterThanOrEqual(seconds * QUOTA);
  }, 30_000);
});
