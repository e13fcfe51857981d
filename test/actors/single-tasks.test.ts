// Single tasks without an engine: what is kept, what is forgotten, and waiting for the end.

import { describe, expect, it } from 'vitest';
import { RuntimeHarness, specOf, turn } from './runtime-harness.ts';

describe('results', () => {
  it('are kept up to the bound, the oldest go first; open tasks are never forgotten', async () => {
    const harness = new RuntimeHarness({ slots: 9, keptResults: 2 });
    const [a, b, c, open] = ['a', 'b', 'c', 'open'].map((name) => harness.singles.submit(specOf(name), {}, []).taskId);
    await turn();
    for (const name of ['b', 'a', 'c']) harness.executor.complete(name, name);
    expect([...harness.singles.list()].map(({ taskId }) => taskId)).toEqual([a, c, open]);
    expect(b === undefined ? undefined : harness.singles.get(b)).toBeUndefined();
    expect([...harness.singles.openTasks()].map(({ taskId }) => taskId)).toEqual([open]);
    expect(harness.singles.counts).toEqual({ completed: 3, failed: 0, cancelled: 0, skipped: 0 });
  });

  it('that are forgotten still release those that depend on them', async () => {
    const harness = new RuntimeHarness({ keptResults: 1 });
    const a = harness.singles.submit(specOf('a'), {}, []);
    const b = harness.singles.submit(specOf('b'), {}, []);
    const after = harness.singles.submit(specOf('after'), {}, [a.taskId, b.taskId]);
    await turn();
    harness.executor.complete('a');
    harness.executor.complete('b');
    expect(harness.singles.get(a.taskId)).toBeUndefined();
    await turn();
    harness.executor.complete('after');
    expect(after.status).toBe('completed');
  });
});

describe('waiting', () => {
  it('is told to all who wait for a task, and to all who wait for all', async () => {
    const harness = new RuntimeHarness();
    const task = harness.singles.submit(specOf('a'), {}, []);
    const heard: unknown[] = [];
    for (const n of [1, 2]) void harness.singles.wait(task.taskId).then(({ status }) => heard.push([n, status]));
    void harness.singles.idle().then(() => heard.push('idle'));
    await turn();
    harness.executor.complete('a');
    await turn();
    expect(heard).toEqual([[1, 'completed'], [2, 'completed'], 'idle']);
    expect((await harness.singles.wait(task.taskId)).status).toBe('completed');
  });

  it('ends although tasks submitted on the end of others keep coming', async () => {
    const harness = new RuntimeHarness();
    harness.singles.submit(specOf('a'), {}, []);
    let idle = false;
    void harness.singles.idle().then(() => {
      idle = true;
    });
    for (const name of ['b', 'c']) {
      await turn();
      const before = harness.executor.running[0] ?? '';
      harness.singles.submit(specOf(name), {}, []);
      harness.executor.complete(before);
      expect(idle).toBe(false);
    }
    await turn();
    harness.executor.complete('c');
    await turn();
    expect(idle).toBe(true);
  });
});

describe('cancelAll', () => {
  it('ends blocked, ready and running tasks; what runs when its body is gone', async () => {
    const harness = new RuntimeHarness();
    const a = harness.singles.submit(specOf('a'), {}, []);
    harness.singles.submit(specOf('b'), {}, []);
    harness.singles.submit(specOf('c'), {}, [a.taskId]);
    await turn();
    harness.singles.cancelAll('shutdown');
    expect(harness.singles.open).toBe(1);
    harness.executor.stopped('a');
    await turn();
    expect(harness.singles.open).toBe(0);
    expect([...harness.singles.list()].map(({ status, reason }) => [status, reason])).toEqual(
      [1, 2, 3].map(() => ['cancelled', 'shutdown']),
    );
    expect(harness.heard('task.cancelled').sort()).toEqual([
      'task.cancelled a',
      'task.cancelled b',
      'task.cancelled c',
    ]);
  });
});
