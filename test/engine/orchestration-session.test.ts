// Sessions as callers hold them: settings, times, JSON, and what they must not leave behind.

import { describe, expect, it } from 'vitest';
import { ExecutionMode, OrchestrationSession, type SessionRecord, SessionStatus } from '../../src/index.ts';
import { createGate, createTestEngine, seen } from './support.ts';

const noop = { name: 'a', module: 'core', action: 'noop' };

describe('a session', () => {
  it('shows its settings, and its times as they come', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [noop]);
    const session = engine.createSession('nightly', ExecutionMode.PRIORITY, {
      description: 'all of it',
      userId: 'u1',
      maxParallelTasks: 3,
      timeoutMs: 60_000,
      metadata: { team: 'x' },
    });
    expect(session).toMatchObject({
      name: 'nightly',
      description: 'all of it',
      userId: 'u1',
      mode: 'priority',
      maxParallelTasks: 3,
      maxParallelWorkflows: null,
      timeoutMs: 60_000,
      metadata: { team: 'x' },
      status: 'pending',
      startedAt: null,
      completedAt: null,
    });
    expect(session.updatedAt).toBe(session.createdAt);
    await engine.executeWorkflow('w', {}, session.sessionId);
    expect([session.status, session.startedAt !== null, session.completedAt]).toEqual([
      SessionStatus.ACTIVE,
      true,
      null,
    ]);
    const closed = await engine.closeSession(session.sessionId);
    expect(closed).toBe(session);
    expect(session.status).toBe(SessionStatus.COMPLETED);
    const times = [session.createdAt, session.startedAt, session.completedAt].map((at) => Date.parse(at ?? ''));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(session.updatedAt).toBe(session.completedAt);
    expect(await engine.closeSession(session.sessionId)).toBe(session);
    expect(engine.getSession(session.sessionId)).toBe(session);
    expect(engine.getSession('nobody')).toBeUndefined();
    await expect(engine.closeSession('nobody')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  it('keeps what was given, whatever the caller does with the objects afterwards', async () => {
    const { engine } = await createTestEngine();
    engine.resources.registerResource('pot', 'custom', 5);
    const metadata = { tags: ['one'] };
    const resourceRequirements = { pot: 2 };
    const session = engine.createSession('s', undefined, { metadata, resourceRequirements });
    metadata.tags.push('two');
    resourceRequirements.pot = 4;
    expect(session.toJSON()).toMatchObject({ metadata: { tags: ['one'] }, resourceRequirements: { pot: 2 } });
  });

  it('goes through JSON and back at any time of its life, as data', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [noop]);
    const session = engine.createSession('s');
    for (const advance of [
      () => engine.executeWorkflow('w', {}, session.sessionId),
      () => engine.closeSession(session.sessionId),
    ]) {
      const copy = OrchestrationSession.fromJSON(JSON.parse(JSON.stringify(session)));
      expect(copy).toBeInstanceOf(OrchestrationSession);
      const before: SessionRecord = session.toJSON();
      expect(copy.toJSON()).toEqual(before);
      await advance();
      expect(copy.toJSON()).toEqual(before);
      expect(session.toJSON()).not.toEqual(before);
    }
  });

  it.each([
    null,
    1,
    'x',
    [],
    {},
    { sessionId: 1, name: 'x' },
    { sessionId: 's', name: 'n', mode: 'wild' },
    { sessionId: 's', name: 'n', status: 'odd' },
  ])('is not made of %j', (data) => {
    expect(() => OrchestrationSession.fromJSON(data)).toThrow(expect.objectContaining({ name: 'RuntimeError' }));
  });

  it.each([
    [['', undefined, {}], 'ARGUMENT_INVALID'],
    [['s', 'wild', {}], 'ARGUMENT_INVALID'],
    [['s', undefined, { maxParallelTasks: 0 }], 'ARGUMENT_INVALID'],
    [['s', undefined, { maxParallelWorkflows: 1.5 }], 'ARGUMENT_INVALID'],
    [['s', undefined, { timeoutMs: -1 }], 'ARGUMENT_INVALID'],
    [['s', undefined, { resourceRequirements: { warp: 1 } }], 'RESOURCE_NOT_FOUND'],
    [['s', undefined, { resourceRequirements: { 'sys-compute': 1e6 } }], 'RESOURCE_CAPACITY_EXCEEDED'],
  ] as const)('is refused as %j', async ([name, mode, options], code) => {
    const { engine } = await createTestEngine();
    expect(() => engine.createSession(name, mode as ExecutionMode | undefined, options)).toThrow(
      expect.objectContaining({ code }),
    );
    expect(engine.getSystemStatus().sessions.total).toBe(0);
  });
});

describe('a session that ends while it waits for its resources', () => {
  it('waits no more: nobody has to stand behind it', async () => {
    const test = await createTestEngine();
    const { engine } = test;
    engine.workflows.createWorkflow('w', [noop]);
    engine.resources.registerResource('licence', 'lock', 1);
    const held = engine.resources.allocate('licence', 'me');
    const session = engine.createSession('s', undefined, { resourceRequirements: { licence: 1 }, timeoutMs: 40 });
    const execution = await engine.executeWorkflow('w', {}, session.sessionId);
    expect(execution.status).toBe('cancelled');
    await seen(test, ({ type }) => type === 'session.closed');
    expect(engine.resources.getUsage('licence').waiting).toBe(0);
    if (held !== null) engine.resources.release(held);
    expect(engine.resources.allocate('licence', 'next')).not.toBeNull();
  });
});

describe('sessions beside each other', () => {
  it('take turns although one has many tasks ready', async () => {
    const { engine, order } = await createTestEngine({ maxInlineTasks: 1 });
    const gate = createGate(engine);
    const names = (of: string) => Array.from({ length: 6 }, (_, n) => `${of}${n}`);
    for (const of of ['a', 'b'])
      engine.workflows.createWorkflow(
        of,
        names(of).map((name) => ({ name, ...gate.task(name) })),
      );
    engine.tasks.stopBackgroundProcessing();
    const runs = ['a', 'b'].map((name) =>
      engine.startWorkflow(name, {}, engine.createSession(name, 'parallel').sessionId),
    );
    for (const of of ['a', 'b']) for (const name of names(of)) gate.open(name);
    engine.tasks.startBackgroundProcessing();
    await Promise.all(runs.map((run) => run.result()));
    expect(
      order('task.started')
        .map((name) => name[0])
        .join(''),
    ).toBe('abababababab');
  });
});
