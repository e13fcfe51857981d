// Runs on real threads: what a run does with order, failure, references, conditions, limits and parameters.

import { describe, expect, it } from 'vitest';
import { createTestEngine, seen } from './support.ts';

const noop = (name: string, dependencies: string[] = [], more: object = {}) => ({
  name,
  module: 'core',
  action: 'noop',
  dependencies,
  ...more,
});

describe('a run', () => {
  it('completes every step after its dependencies and gives outputs by step', async () => {
    const { engine, events } = await createTestEngine();
    engine.workflows.createWorkflow('chain', [
      { name: 'a', module: 'core', action: 'echo', parameters: { message: { list: [1, { deep: 'x' }] } } },
      { name: 'b', module: 'core', action: 'echo', parameters: { message: '{{a.output.list[1].deep}}' } },
      { name: 'c', module: 'core', action: 'echo', parameters: { message: 'got {{b.output}}' } },
    ]);
    const execution = await engine.executeWorkflow('chain');
    expect(execution).toMatchObject({
      status: 'completed',
      tasks: { total: 3, completed: 3, failed: 0, skipped: 0, cancelled: 0 },
      outputs: { a: { list: [1, { deep: 'x' }] }, b: 'x', c: 'got x' },
    });
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
  });

  it('starts a task as soon as its own dependencies ended: there is no level barrier', async () => {
    const { engine, events } = await createTestEngine();
    engine.workflows.createWorkflow('lopsided', [
      { name: 'slow', module: 'core', action: 'burn', parameters: { ms: 400 } },
      noop('quick'),
      noop('quick-2', ['quick']),
      noop('quick-3', ['quick-2']),
      noop('join', ['slow', 'quick-3']),
    ]);
    await engine.executeWorkflow('lopsided');
    const at = (type: string, task: string) => events.findIndex((event) => event.type === type && event.task === task);
    expect(at('task.completed', 'quick-3')).toBeLessThan(at('task.completed', 'slow'));
    expect(at('task.started', 'join')).toBeGreaterThan(at('task.completed', 'slow'));
  });

  it('completes thousands of short steps among some long ones, each once', async () => {
    const { engine, events } = await createTestEngine();
    const steps = Array.from({ length: 6_000 }, (_, index) =>
      index % 500 === 250
        ? { name: `t${index}`, module: 'core', action: 'burn', parameters: { ms: 12 } }
        : noop(`t${index}`, index < 100 ? [] : [`t${index - 100}`]),
    );
    engine.workflows.createWorkflow('many', steps);
    const execution = await engine.executeWorkflow('many');
    expect(execution.errors).toEqual({});
    expect(execution.tasks).toMatchObject({ total: 6_000, completed: 6_000 });
    const completed = events.filter((event) => event.type === 'task.completed');
    expect(new Set(completed.map((event) => event.task)).size).toBe(6_000);
    expect(completed.every((event) => event.data.attempt === 1)).toBe(true);
  });

  it('passes a failure on as skipped with the reason; independent branches go on', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('broken', [
      { name: 'bad', module: 'core', action: 'fail', parameters: { message: 'no luck' } },
      noop('behind', ['bad']),
      noop('further', ['behind']),
      noop('beside'),
      noop('beside-2', ['beside']),
    ]);
    const execution = await engine.executeWorkflow('broken');
    expect(execution.status).toBe('failed');
    expect(execution.tasks).toEqual({ total: 5, completed: 2, failed: 1, skipped: 2, cancelled: 0 });
    expect(execution.errors.bad).toMatchObject({ code: 'TASK_FAILED', message: 'no luck' });
    expect(execution.skipped.behind).toEqual({ code: 'UPSTREAM_FAILED', reason: "upstream failed: 'bad'" });
    expect(execution.skipped.further?.reason).toContain("'behind' was skipped");
  });

  it('completes although a step that is not required failed', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('optional', [
      { name: 'extra', module: 'core', action: 'fail', parameters: { message: 'x' }, required: false },
      noop('main'),
    ]);
    expect(await engine.executeWorkflow('optional')).toMatchObject({ status: 'completed', tasks: { failed: 1 } });
  });

  it('skips a step whose run_if is false and what depends on it, and runs it when it is true', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('conditional', [
      { name: 'count', module: 'core', action: 'echo', parameters: { message: { n: 3 } } },
      noop('many', [], { runIf: 'steps.count.output.n > params.limit' }),
      noop('after', ['many']),
    ]);
    const run = await engine.executeWorkflow('conditional', { limit: 2 });
    expect(run.tasks).toMatchObject({ completed: 3, skipped: 0 });
    const skipped = await engine.executeWorkflow('conditional', { limit: 5 });
    expect(skipped).toMatchObject({ status: 'completed', tasks: { completed: 1, skipped: 2 } });
    expect(skipped.skipped.many).toEqual({ code: 'CONDITION_FALSE', reason: 'its run_if is false' });
  });

  it('fails a step whose run_if cannot be evaluated, and only that one', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('odd', [noop('guarded', [], { runIf: 'params.missing.x == 1' }), noop('other')]);
    const execution = await engine.executeWorkflow('odd');
    expect(execution.errors.guarded?.code).toBe('EXPRESSION_INVALID');
    expect(execution.tasks).toMatchObject({ completed: 1, failed: 1 });
  });

  it('fails a step whose reference finds nothing, with the place in the message', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('lost', [
      { name: 'a', module: 'core', action: 'echo', parameters: { message: { x: 1 } } },
      { name: 'b', module: 'core', action: 'echo', parameters: { message: '{{a.output.y}}' } },
    ]);
    const { errors } = await engine.executeWorkflow('lost');
    expect(errors.b).toMatchObject({ code: 'REFERENCE_INVALID' });
    expect(errors.b?.message).toContain('a');
  });

  it('rejects unknown workflows, sessions and missing parameters before anything starts', async () => {
    const { engine, events } = await createTestEngine();
    engine.workflows.createWorkflow('needs', [
      { name: 'a', module: 'core', action: 'echo', parameters: { message: '{{params.who}}' } },
    ]);
    await expect(engine.executeWorkflow('nedes')).rejects.toMatchObject({ code: 'WORKFLOW_NOT_FOUND' });
    await expect(engine.executeWorkflow('nedes')).rejects.toThrow(/needs/);
    await expect(engine.executeWorkflow('needs', {}, 'nobody')).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
    await expect(engine.executeWorkflow('needs', { who: 'x' }, 'nobody')).rejects.toMatchObject({
      code: 'SESSION_NOT_FOUND',
    });
    expect(events.filter((event) => event.type === 'workflow.started')).toEqual([]);
  });

  it('returns the first run for a run id given twice, and refuses other work under it', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('once', [noop('a')]);
    engine.workflows.createWorkflow('other', [noop('a')]);
    const first = engine.startWorkflow('once', { x: 1 }, undefined, { runId: 'mine' });
    await first.result();
    expect(engine.startWorkflow('once', { x: 1 }, undefined, { runId: 'mine' })).toBe(first);
    expect(() => engine.startWorkflow('once', { x: 2 }, undefined, { runId: 'mine' })).toThrow(/other parameters/);
    expect(() => engine.startWorkflow('other', { x: 1 }, undefined, { runId: 'mine' })).toThrow(/workflow 'once'/);
  });

  it('gives its events to an async iterator until it has ended', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('watched', [noop('a'), noop('b', ['a'])]);
    const run = engine.startWorkflow('watched');
    const types: string[] = [];
    for await (const event of run) types.push(event.type);
    expect(types.filter((type) => type === 'task.completed')).toHaveLength(2);
    expect(types.at(-1)).toBe('workflow.completed');
  });

  it('is known to the engine in the handlers of its own first events', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [noop('a')]);
    const known: boolean[] = [];
    engine.registerEventHandler('workflow.started', ({ runId }) =>
      known.push(engine.getRun(runId ?? '') !== undefined),
    );
    const execution = await engine.executeWorkflow('w');
    expect({ known, status: execution.status }).toEqual({ known: [true], status: 'completed' });
  });

  it('is cancelled, not completed, when a required step of it was', async () => {
    const { engine } = await createTestEngine({ maxWorkers: 1 });
    engine.workflows.createWorkflow('w', [
      { name: 'first', module: 'core', action: 'burn', parameters: { ms: 40 } },
      noop('needed', ['first']),
      noop('extra', ['first'], { required: false }),
    ]);
    const run = engine.startWorkflow('w');
    expect(run.cancelTask('needed')).toBe(true);
    expect(await run.result()).toMatchObject({ status: 'cancelled', tasks: { completed: 2, cancelled: 1 } });
    const other = engine.startWorkflow('w');
    other.cancelTask('extra');
    expect((await other.result()).status).toBe('completed');
  });

  it('pauses: what runs goes on, nothing starts until it is resumed', async () => {
    const test = await createTestEngine({ maxWorkers: 1 });
    const { engine, order } = test;
    engine.workflows.createWorkflow('paused', [
      { name: 'a', module: 'core', action: 'burn', parameters: { ms: 60 } },
      noop('b', ['a']),
    ]);
    const run = engine.startWorkflow('paused');
    await seen(test, (event) => event.type === 'task.started');
    run.pause();
    await seen(test, (event) => event.type === 'task.completed');
    await seen(test, (event) => event.type === 'task.ready' && event.task === 'b');
    expect(run.status).toBe('paused');
    expect(run.taskStatus('b')).toBe('ready');
    expect(order('task.started')).toEqual(['a']);
    run.resume();
    expect((await run.result()).status).toBe('completed');
  });

  it('cancels everything that has not ended', async () => {
    const test = await createTestEngine();
    const { engine } = test;
    engine.workflows.createWorkflow('long', [
      noop('a'),
      { name: 'b', module: 'core', action: 'sleep', parameters: { duration: 60 }, dependencies: ['a'] },
      noop('c', ['b']),
    ]);
    const run = engine.startWorkflow('long');
    await seen(test, (event) => event.type === 'task.started' && event.task === 'b');
    run.cancel('enough');
    const execution = await run.result();
    expect(execution).toMatchObject({
      status: 'cancelled',
      reason: 'enough',
      tasks: { completed: 1, cancelled: 2, failed: 0, skipped: 0 },
    });
  });

  it('ends as failed when its time-out has passed', async () => {
    const { engine } = await createTestEngine();
    const definition = engine.workflows.createWorkflow('slow', [
      { name: 'a', module: 'core', action: 'sleep', parameters: { duration: 60 } },
    ]);
    engine.workflows.addDefinition({ ...definition, timeoutMs: 50 });
    expect(await engine.executeWorkflow('slow')).toMatchObject({ status: 'failed', timedOut: true });
  });

  it('lets two engines live in one process without touching each other', async () => {
    const one = await createTestEngine();
    const two = await createTestEngine();
    one.engine.workflows.createWorkflow('w', [noop('a')]);
    expect(() => two.engine.startWorkflow('w')).toThrow(/no workflow/);
    expect((await one.engine.executeWorkflow('w')).status).toBe('completed');
    expect(two.events.filter((event) => !event.type.startsWith('worker.'))).toEqual([]);
  });
});

describe('a task on the main loop', () => {
  it('takes capacity by id, whatever the id, and leaves none behind', async () => {
    const { engine } = await createTestEngine();
    engine.resources.registerResource('cpu', 'custom', 2);
    engine.registerInlineTask(
      'io',
      'hold',
      (_parameters, context) => context.resources.tryAllocate({ cpu: 2 }) !== null,
    );
    const result = await engine.waitForTask(engine.submitTask({ module: 'io', action: 'hold' }));
    expect(result).toMatchObject({ status: 'completed', output: true });
    expect(engine.resources.getUsage('cpu')).toMatchObject({ current: 0, peak: 2 });
  });
});

describe('an inspector', () => {
  it('sees sessions, workflows and tasks as machines, microsteps included, and can do no harm', async () => {
    const seenMachines = new Set<string>();
    const kinds = new Set<string>();
    const { engine } = await createTestEngine({
      inspect: (event) => {
        kinds.add(event.type);
        const snapshot: unknown = event.actorRef.getSnapshot();
        const machine: unknown =
          typeof snapshot === 'object' && snapshot !== null ? Reflect.get(snapshot, 'machine') : null;
        if (typeof machine === 'object' && machine !== null) seenMachines.add(String(Reflect.get(machine, 'id')));
        throw new Error('an inspector at fault');
      },
    });
    engine.workflows.createWorkflow('w', [noop('a'), noop('b', ['a'])]);
    expect((await engine.executeWorkflow('w')).status).toBe('completed');
    expect([...seenMachines]).toEqual(
      expect.arrayContaining(['session', 'workflow', 'task', 'dispatcher', 'worker-pool']),
    );
    expect([...kinds]).toEqual(
      expect.arrayContaining(['@xstate.actor', '@xstate.event', '@xstate.snapshot', '@xstate.microstep']),
    );
  });
});

describe('modes', () => {
  const steps = [
    noop('low-1', [], { priority: 'low' }),
    noop('high-1', [], { priority: 'high' }),
    noop('critical-1', [], { priority: 'critical' }),
    noop('low-2', [], { priority: 'low', estimatedSeconds: 50 }),
    noop('high-2', [], { priority: 'high', estimatedSeconds: 50 }),
    noop('tail', ['low-1'], { priority: 'low' }),
  ];

  it.each([
    ['sequential', ['low-1', 'high-1', 'critical-1', 'low-2', 'high-2', 'tail']],
    ['parallel', ['low-1', 'high-1', 'critical-1', 'low-2', 'high-2', 'tail']],
    ['priority', ['critical-1', 'high-1', 'high-2', 'low-1', 'low-2', 'tail']],
    ['resource_aware', ['critical-1', 'high-2', 'high-1', 'low-2', 'low-1', 'tail']],
  ] as const)('%s starts tasks in its own order', async (mode, expected) => {
    const { engine, order } = await createTestEngine({ maxWorkers: 1 });
    engine.workflows.createWorkflow('modes', steps);
    await engine.startWorkflow('modes', {}, undefined, { mode }).result();
    expect(order('task.started')).toEqual(expected);
  });

  it('sequential runs one task at a time although threads are free', async () => {
    const { engine, events } = await createTestEngine({ maxWorkers: 2 });
    engine.workflows.createWorkflow(
      'one-by-one',
      [1, 2, 3, 4].map((n) => noop(`t${n}`)),
    );
    await engine.startWorkflow('one-by-one', {}, undefined, { mode: 'sequential' }).result();
    let running = 0;
    let most = 0;
    for (const { type } of events) {
      if (type === 'task.started') running++;
      if (type === 'task.completed') running--;
      most = Math.max(most, running);
    }
    expect(most).toBe(1);
  });
});

describe('sessions', () => {
  it('hold their runs and tasks to their limits', async () => {
    const { engine, events } = await createTestEngine({ maxWorkers: 4 });
    engine.workflows.createWorkflow(
      'four',
      [1, 2, 3, 4].map((n) => ({ name: `t${n}`, module: 'core', action: 'burn', parameters: { ms: 15 } })),
    );
    const session = engine.createSession('small', 'parallel', { maxParallelTasks: 2, maxParallelWorkflows: 1 });
    const runs = [1, 2, 3].map(() => engine.startWorkflow('four', {}, session.sessionId));
    expect(runs.map((run) => run.status)).toEqual(['running', 'pending', 'pending']);
    await Promise.all(runs.map((run) => run.result()));
    let tasks = 0;
    let mostTasks = 0;
    let open = 0;
    let mostRuns = 0;
    for (const { type } of events) {
      if (type === 'task.started') mostTasks = Math.max(mostTasks, ++tasks);
      if (type === 'task.completed') tasks--;
      if (type === 'workflow.started') mostRuns = Math.max(mostRuns, ++open);
      if (type === 'workflow.completed') open--;
    }
    expect({ mostTasks, mostRuns }).toEqual({ mostTasks: 2, mostRuns: 1 });
    expect(session.status).toBe('active');
    await engine.closeSession(session.sessionId);
    expect(session.status).toBe('completed');
    expect(() => engine.startWorkflow('four', {}, session.sessionId)).toThrow(/ended or is closing/);
  });

  it('hold the resources they require from first run to end', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [noop('a')]);
    engine.resources.registerResource('licence', 'lock', 1);
    const session = engine.createSession('s', undefined, { resourceRequirements: { licence: 1 } });
    await engine.executeWorkflow('w', {}, session.sessionId);
    expect(engine.resources.allocate('licence', 'other')).toBeNull();
    await engine.closeSession(session.sessionId);
    expect(engine.resources.allocate('licence', 'other')).not.toBeNull();
  });

  it('go through JSON and back', async () => {
    const { engine } = await createTestEngine();
    const session = engine.createSession('s', 'priority', { metadata: { team: 'x' }, maxParallelTasks: 3 });
    const { OrchestrationSession } = await import('../../src/engine/orchestration-session.ts');
    const back = OrchestrationSession.fromJSON(JSON.parse(JSON.stringify(session)));
    expect(back.toJSON()).toEqual(session.toJSON());
    expect(() => OrchestrationSession.fromJSON({ name: 'x' })).toThrow(/no session/);
  });

  it('are cancelled with their runs when their time-out has passed', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('sleepy', [
      { name: 'a', module: 'core', action: 'sleep', parameters: { duration: 60 } },
    ]);
    const session = engine.createSession('short', undefined, { timeoutMs: 60 });
    const execution = await engine.executeWorkflow('sleepy', {}, session.sessionId);
    expect(execution.status).toBe('cancelled');
    expect(execution.reason).toContain('time-out');
    await engine.closeSession(session.sessionId);
    expect(session.status).toBe('failed');
  });
});
