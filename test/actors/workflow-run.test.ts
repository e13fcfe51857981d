// Event handlers run in the middle of a run's own work: what they do to the run must hold all the same, on real threads.

import { expect, it } from 'vitest';
import { createTestEngine } from '../engine/support.ts';

const noop = (name: string, dependencies: string[] = []) => ({ name, module: 'core', action: 'noop', dependencies });

function steps() {
  return [
    noop('first'),
    { name: 'endless', module: 'bodies', action: 'spins', dependencies: ['first'] },
    noop('beside', ['first']),
    noop('behind', ['endless']),
  ];
}

it.each(['task.ready', 'task.started', 'task.cancelled'] as const)(
  'a run that is cancelled while %s is being told starts nothing more and ends',
  async (type) => {
    const { engine, order } = await createTestEngine();
    engine.workflows.createWorkflow('flow', steps());
    engine.registerEventHandler('task.ready', ({ task, runId }) => {
      if (type === 'task.cancelled' && task === 'beside') engine.getRun(runId ?? '')?.cancelTask('behind');
    });
    engine.registerEventHandler(type, ({ task, runId }) => {
      if (task === (type === 'task.cancelled' ? 'behind' : 'endless'))
        engine.getRun(runId ?? '')?.cancel('seen enough');
    });
    const execution = await engine.executeWorkflow('flow');
    expect(execution).toMatchObject({ status: 'cancelled', reason: 'seen enough' });
    expect(execution.tasks).toEqual({ total: 4, completed: 1, failed: 0, skipped: 0, cancelled: 3 });
    if (type === 'task.ready') expect(order('task.started')).toEqual(['first']);
  },
);

it('a step that is cancelled while it becomes ready does not run, and the answer says so', async () => {
  const { engine, order } = await createTestEngine();
  engine.workflows.createWorkflow('flow', steps());
  const answers: unknown[] = [];
  engine.registerEventHandler('task.ready', ({ task, runId }) => {
    // The other one is next in the same turn: it is ready, and no actor yet.
    if (task === 'endless') {
      answers.push(...['endless', 'beside', 'first'].map((step) => engine.getRun(runId ?? '')?.cancelTask(step)));
    }
  });
  const execution = await engine.executeWorkflow('flow');
  expect(answers).toEqual([true, true, false]);
  expect(execution.tasks).toEqual({ total: 4, completed: 1, failed: 0, skipped: 1, cancelled: 2 });
  expect(order('task.started')).toEqual(['first']);
});

it('a step cannot be cancelled any more while its end is being told', async () => {
  const { engine } = await createTestEngine();
  engine.workflows.createWorkflow('flow', [noop('only')]);
  const answers: unknown[] = [];
  engine.registerEventHandler('task.completed', ({ runId }) => {
    answers.push(engine.getRun(runId ?? '')?.cancelTask('only'));
  });
  expect(await engine.executeWorkflow('flow')).toMatchObject({ status: 'completed', tasks: { completed: 1 } });
  expect(answers).toEqual([false]);
});

it('a pending step that is cancelled is told once, with the reason, and what needs it is skipped', async () => {
  const { engine, events } = await createTestEngine();
  engine.workflows.createWorkflow('flow', [noop('first'), noop('second', ['first']), noop('third', ['second'])]);
  const answers: unknown[] = [];
  engine.registerEventHandler('task.cancelled', ({ runId }) => {
    answers.push(engine.getRun(runId ?? '')?.cancelTask('second'));
  });
  engine.registerEventHandler('task.ready', ({ runId }) => {
    answers.push(engine.getRun(runId ?? '')?.cancelTask('second', 'not today'));
  });
  const run = engine.startWorkflow('flow');
  answers.push(run.cancelTask('second', 'not today'));
  const execution = await run.result();
  expect(execution.tasks).toEqual({ total: 3, completed: 1, failed: 0, skipped: 1, cancelled: 1 });
  expect(answers.filter((answer) => answer === true)).toEqual([true]);
  const told = events.filter(({ type }) => type === 'task.cancelled');
  expect(told.map(({ task, data }) => [task, data.reason])).toEqual([['second', 'not today']]);
});
