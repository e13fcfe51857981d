// A quota under a real burst, in real time: tasks, waiting requests, tries and threads take it all at once.

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { OrchestrationEngine } from '../../src/index.ts';
import { createTestEngine } from './support.ts';

const QUOTA_DIR = fileURLToPath(new URL('fixtures/quota', import.meta.url));
const PERIOD_MS = 1_000;
const QUOTA = 50;
const BURST_MS = 3_000;

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

describe('a quota of 50 per second in real time', () => {
  it('lets no window of a second see more than 50 grants, and lets 50 through in each', async () => {
    const { engine, events } = await createTestEngine({
      tasksDirs: [QUOTA_DIR],
      resources: [{ id: 'calls', type: 'api_quota', capacity: QUOTA, refillPeriodMs: PERIOD_MS }],
    });
    const grants: Grant[] = [];
    engine.registerEventHandler('resource.allocated', ({ resourceId, data }) => {
      const atMs = nowMs();
      if (resourceId === 'calls') for (let unit = 0; unit < Number(data.amount); unit++) grants.push([atMs, atMs]);
    });
    registerBurst(engine);
    const untilMs = nowMs() + BURST_MS;
    const drawn = engine.submitTask({
      module: 'quota',
      action: 'draws',
      parameters: { id: 'calls', untilMs },
    });
    /** Tries of the main loop. */
    let tried = 0;
    const tryUntil = async (endMs: number) => {
      while (nowMs() < endMs) {
        if (engine.resources.allocate('calls', 'test') !== null) tried += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    // While nobody waits the thread and the main loop share the quota; then a crowd that waits takes it over.
    await tryUntil(nowMs() + 1.3 * PERIOD_MS);
    const enough = new AbortController();
    let waited = 0;
    const waits = Array.from({ length: 10 }, (_, index) =>
      engine.resources.acquire({ calls: 1 + (index % 3) }, { signal: enough.signal }).then(
        () => {
          waited += 1;
        },
        () => {},
      ),
    );
    const run = engine.startWorkflow('burst');
    const byThread = (await engine.waitForTask(drawn)).output as [number, number][];
    run.cancel('enough');
    enough.abort();
    await Promise.all([run.result(), ...waits]);
    const started = events.filter(({ type, runId }) => type === 'task.started' && runId === run.runId);
    const all = [...grants, ...byThread];
    expect(fullestWindow(all)).toBeLessThanOrEqual(QUOTA);
    // Nor less than the quota: the units of the first second and of two more, but for what was late at the end.
    expect(all.length).toBeGreaterThan(2 * QUOTA);
    for (const count of [started.length, byThread.length, tried, waited]) expect(count).toBeGreaterThan(0);
  }, 30_000);
});
