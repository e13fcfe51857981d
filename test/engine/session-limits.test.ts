// Limits of sessions and runs: they hold at every instant, whatever runs beside them, and cost nobody else a slot.

import { describe, expect, it } from 'vitest';
import type { OrchestrationEngine, RuntimeEvent } from '../../src/index.ts';
import { createGate, createTestEngine, seen } from './support.ts';

/** Inline tasks that take a few turns of the event loop: many at once, without waiting for time to pass. */
function registerTurns(engine: OrchestrationEngine): void {
  engine.registerInlineTask('turns', 'take', async ({ count }) => {
    for (let turn = 0; turn < Number(count); turn++) await new Promise((resolve) => setImmediate(resolve));
    return null;
  });
}

function steps(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    name: `t${index}`,
    module: 'turns',
    action: 'take',
    parameters: { count: 1 + ((index * 7) % 5) },
    priority: index % 5,
    ...(index % 4 === 3 ? { dependencies: [`t${index - 1}`] } : {}),
  }));
}

/** The most that were open at one instant, by key; `keyOf` gives none for events that do not count. */
function mostOpen(
  events: readonly RuntimeEvent[],
  opens: readonly RuntimeEvent['type'][],
  closes: readonly RuntimeEvent['type'][],
  keyOf: (event: RuntimeEvent) => string | undefined,
): Map<string, number> {
  const open = new Map<string, number>();
  const most = new Map<string, number>();
  for (const event of events) {
    const step = opens.includes(event.type) ? 1 : closes.includes(event.type) ? -1 : 0;
    const key = keyOf(event);
    if (step === 0 || key === undefined) continue;
    const now = (open.get(key) ?? 0) + step;
    open.set(key, now);
    most.set(key, Math.max(most.get(key) ?? 0, now));
  }
  return most;
}

const ENDS = ['task.completed', 'task.failed', 'task.cancelled'] as const;
const RUN_ENDS = ['workflow.completed', 'workflow.failed', 'workflow.cancelled'] as const;

describe('limits of sessions and runs', () => {
  it('hold at every instant with several sessions and runs at once, in every mode', async () => {
    for (const mode of ['parallel', 'priority', 'resource_aware'] as const) {
      const { engine, events } = await createTestEngine({ maxWorkers: 1, maxInlineTasks: 16 });
      registerTurns(engine);
      engine.workflows.createWorkflow('wide', steps(24));
      const limits = [
        { maxParallelTasks: 3, maxParallelWorkflows: 2 },
        { maxParallelTasks: 5, maxParallelWorkflows: 1 },
        { maxParallelTasks: null, maxParallelWorkflows: 3 },
      ];
      const maxParallels = [2, null, 1, 4];
      const sessions = limits.map((limit, index) => engine.createSession(`s${index}`, mode, limit));
      const runs = sessions.flatMap((session) =>
        maxParallels.map((maxParallel) => {
          const run = engine.startWorkflow('wide', {}, session.sessionId, maxParallel === null ? {} : { maxParallel });
          return { run, maxParallel };
        }),
      );
      for (const { run } of runs) expect((await run.result()).status).toBe('completed');

      const ofSession = mostOpen(events, ['task.started'], ENDS, (event) => event.sessionId);
      const ofRun = mostOpen(events, ['task.started'], ENDS, (event) => event.runId);
      const runsOf = mostOpen(events, ['workflow.started'], RUN_ENDS, (event) => event.sessionId);
      const inAll = mostOpen(events, ['task.started'], ENDS, () => 'all').get('all');
      for (const [index, { sessionId }] of sessions.entries()) {
        const { maxParallelTasks, maxParallelWorkflows } = limits[index] ?? {};
        expect(ofSession.get(sessionId)).toBeLessThanOrEqual(maxParallelTasks ?? 16);
        // Held, and reached: with all those tasks a limit that is not reached would be another, lower one.
        if (maxParallelTasks !== null) expect(ofSession.get(sessionId)).toBe(maxParallelTasks);
        expect(runsOf.get(sessionId)).toBe(maxParallelWorkflows);
      }
      for (const { run, maxParallel } of runs) {
        expect(ofRun.get(run.runId)).toBeLessThanOrEqual(maxParallel ?? 16);
        if (maxParallel === 1) expect(ofRun.get(run.runId)).toBe(1);
      }
      expect(inAll).toBeLessThanOrEqual(16);
      expect(inAll).toBeGreaterThan(5);
      await engine.shutdown({ drainMs: 0 });
    }
  });

  it('of one session leave the slots that it may not use to another, of whatever priority', async () => {
    const made = await createTestEngine({ maxWorkers: 1, maxInlineTasks: 2 });
    const { engine } = made;
    const gate = createGate(engine);
    const critical = [1, 2, 3].map((n) => ({ ...gate.task(`critical-${n}`), name: `critical-${n}`, priority: 0 }));
    const idle = [1, 2].map((n) => ({ ...gate.task(`idle-${n}`), name: `idle-${n}`, priority: 4 }));
    engine.workflows.createWorkflow('critical', critical);
    engine.workflows.createWorkflow('idle', idle);
    const limited = engine.createSession('limited', 'priority', { maxParallelTasks: 1 });
    const free = engine.createSession('free', 'priority');
    const first = engine.startWorkflow('critical', {}, limited.sessionId);
    await gate.entered('critical-1');
    const second = engine.startWorkflow('idle', {}, free.sessionId);
    // The second slot goes to the other session at once, though two tasks of the highest priority wait.
    await gate.entered('idle-1');
    gate.open('idle-1');
    await gate.entered('idle-2');
    expect(made.order('task.started')).toEqual(['critical-1', 'idle-1', 'idle-2']);
    for (const { name } of [...critical, ...idle]) gate.open(name);
    expect((await first.result()).status).toBe('completed');
    expect((await second.result()).status).toBe('completed');
  });

  it('of a run leave its slots to other runs of the session, and a paused run leaves all', async () => {
    const made = await createTestEngine({ maxWorkers: 1, maxInlineTasks: 3 });
    const { engine } = made;
    const gate = createGate(engine);
    for (const name of ['a', 'b', 'c']) {
      const tasks = [1, 2].map((n) => ({ ...gate.task(`${name}${n}`), name: `${name}${n}` }));
      engine.workflows.createWorkflow(name, tasks);
    }
    const session = engine.createSession('s', 'parallel', { maxParallelTasks: 2 });
    const a = engine.startWorkflow('a', {}, session.sessionId, { maxParallel: 1 });
    const b = engine.startWorkflow('b', {}, session.sessionId, { maxParallel: 1 });
    await Promise.all([gate.entered('a1'), gate.entered('b1')]);
    const c = engine.startWorkflow('c');
    await gate.entered('c1');
    a.pause();
    gate.open('a1');
    await seen(made, ({ type, task }) => type === 'task.completed' && task === 'a1');
    await gate.entered('c2');
    expect(made.order('task.started')).toEqual(['a1', 'b1', 'c1', 'c2']);
    a.resume();
    for (const name of ['a2', 'b1', 'b2', 'c1', 'c2']) gate.open(name);
    for (const run of [a, b, c]) expect((await run.result()).status).toBe('completed');
  });
});
