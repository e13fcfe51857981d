// Checks delivery of events: order, numbering, handlers that throw, streams with a bounded buffer.

import { describe, expect, it } from 'vitest';
import type { RuntimeEvent, RuntimeEventType } from '../../src/domain/events.ts';
import type { RunId } from '../../src/domain/ids.ts';
import { EventBus } from '../../src/engine/event-bus.ts';
import { ManualTimers } from '../support/manual-timers.ts';

const run = (id: string): { runId: RunId } => ({ runId: id as RunId });

function startBus(): { bus: EventBus; timers: ManualTimers; seen: RuntimeEvent[] } {
  const timers = new ManualTimers();
  const bus = new EventBus(timers);
  const seen: RuntimeEvent[] = [];
  bus.on('*', (event) => seen.push(event));
  return { bus, timers, seen };
}

describe('EventBus', () => {
  it('numbers events without gaps and stamps them with the injected clock', () => {
    const { bus, timers, seen } = startBus();
    bus.emit('task.ready', { ...run('r1'), task: 'a' });
    bus.emit('task.started', { ...run('r1'), task: 'a' }, { attempt: 1 });
    timers.advance(1_500);
    bus.emit('task.completed', { ...run('r1'), task: 'a' });
    expect(seen).toEqual([
      { seq: 1, at: '2026-01-01T00:00:00.000Z', type: 'task.ready', runId: 'r1', task: 'a', data: {} },
      { seq: 2, at: '2026-01-01T00:00:00.000Z', type: 'task.started', runId: 'r1', task: 'a', data: { attempt: 1 } },
      { seq: 3, at: '2026-01-01T00:00:01.500Z', type: 'task.completed', runId: 'r1', task: 'a', data: {} },
    ]);
  });

  it('wants a type exactly as long as somebody listens to it or to all', () => {
    const bus = new EventBus(new ManualTimers());
    expect(bus.wants('task.log')).toBe(false);
    const offType = bus.on('task.log', () => {});
    expect(bus.wants('task.log')).toBe(true);
    expect(bus.wants('task.ready')).toBe(false);
    offType();
    offType();
    expect(bus.wants('task.log')).toBe(false);
    const offAll = bus.on('*', () => {});
    expect(bus.wants('task.ready')).toBe(true);
    offAll();
    expect(bus.wants('task.ready')).toBe(false);
  });

  it('builds nothing when nobody listens: not even the clock is read', () => {
    let reads = 0;
    const bus = new EventBus({ now: () => ++reads });
    bus.emit('task.log', {});
    expect(reads).toBe(0);
    bus.on('task.log', () => {});
    bus.emit('task.log', {});
    expect(reads).toBe(1);
  });

  it('gives a handler only its type, and none after it unsubscribed, within a delivery too', () => {
    const bus = new EventBus(new ManualTimers());
    const heard: string[] = [];
    bus.on('task.ready', () => {
      heard.push('first');
      offSecond();
    });
    const offSecond = bus.on('task.ready', () => heard.push('second'));
    bus.on('task.failed', () => heard.push('failed'));
    bus.emit('task.ready', {});
    bus.emit('task.ready', {});
    expect(heard).toEqual(['first', 'first']);
  });

  it('calls one function registered twice twice, and lets each registration go by itself', () => {
    const bus = new EventBus(new ManualTimers());
    let calls = 0;
    const handler = (): void => {
      calls++;
    };
    const off = bus.on('task.ready', handler);
    bus.on('task.ready', handler);
    bus.emit('task.ready', {});
    expect(calls).toBe(2);
    off();
    bus.emit('task.ready', {});
    expect(calls).toBe(3);
  });

  it('gives everybody the events in the order of seq when a handler emits', () => {
    const { bus, seen } = startBus();
    const late: number[] = [];
    bus.on('task.failed', () => bus.emit('task.skipped', {}));
    bus.on('*', (event) => late.push(event.seq));
    bus.emit('task.failed', {});
    expect(seen.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'task.failed'],
      [2, 'task.skipped'],
    ]);
    expect(late).toEqual([1, 2]);
  });

  it('ends handlers that emit without end with an error of theirs, and works afterwards', () => {
    const bus = new EventBus(new ManualTimers());
    const failures: unknown[] = [];
    bus.on('handler.failed', (event) => failures.push(event.data.error));
    const off = bus.on('task.log', () => {
      bus.emit('task.log', {});
      bus.emit('task.log', {});
      if (failures.length > 0) off();
    });
    bus.emit('task.log', {});
    expect(failures[0]).toMatchObject({ code: 'INTERNAL' });
    let heard = 0;
    bus.on('task.ready', () => heard++);
    bus.emit('task.ready', {});
    expect(heard).toBe(1);
  });

  it('reports a handler that throws to the others, and stops nothing', () => {
    const { bus, seen } = startBus();
    const selfHeard: string[] = [];
    bus.on('*', function broken(event) {
      selfHeard.push(event.type);
      throw new Error('handler is wrong');
    });
    const after: string[] = [];
    bus.on('*', (event) => after.push(event.type));
    expect(() => bus.emit('task.completed', { ...run('r1'), task: 'a' })).not.toThrow();
    expect(selfHeard).toEqual(['task.completed']);
    expect(after).toEqual(['task.completed', 'handler.failed']);
    expect(seen[1]).toMatchObject({
      seq: 2,
      type: 'handler.failed',
      runId: 'r1',
      data: { handler: 'broken', eventType: 'task.completed', eventSeq: 1, error: { message: 'handler is wrong' } },
    });
  });

  it('does not report a handler that throws at a report', () => {
    const { bus, seen } = startBus();
    bus.on('*', () => {
      throw new Error('one');
    });
    bus.on('*', () => {
      throw new Error('two');
    });
    bus.emit('task.completed', {});
    expect(seen.map(({ type }) => type)).toEqual(['task.completed', 'handler.failed', 'handler.failed']);
  });

  it('refuses a name that is no event and a handler that is no function', () => {
    const bus = new EventBus(new ManualTimers());
    const unknownType = 'task.complete' as RuntimeEventType;
    expect(() => bus.on(unknownType, () => {})).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
    const noFunction: unknown = 'console.log';
    expect(() => Reflect.apply(bus.on, bus, ['*', noFunction])).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    );
  });
});

describe('EventStream', () => {
  it('gives the events that pass its filter until its last one, then lets go', async () => {
    const bus = new EventBus(new ManualTimers());
    const stream = bus.events({
      filter: (event) => event.runId === 'r1',
      until: (event) => event.type === 'workflow.completed',
    });
    bus.emit('workflow.started', run('r1'));
    bus.emit('workflow.started', run('r2'));
    bus.emit('workflow.completed', run('r2'));
    bus.emit('workflow.completed', run('r1'));
    expect(bus.wants('task.log')).toBe(false);
    bus.emit('task.log', run('r1'));
    const seen: string[] = [];
    for await (const event of stream) seen.push(`${event.runId} ${event.type}`);
    expect(seen).toEqual(['r1 workflow.started', 'r1 workflow.completed']);
  });

  it('wakes a reader that waits, several in order', async () => {
    const bus = new EventBus(new ManualTimers());
    const stream = bus.events();
    const reads = Promise.all([stream.next(), stream.next(), stream.next()]);
    bus.emit('task.ready', {});
    bus.emit('task.started', {});
    stream.end();
    expect((await reads).map(({ value }) => value?.type)).toEqual(['task.ready', 'task.started', undefined]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('listens to its types alone', () => {
    const bus = new EventBus(new ManualTimers());
    const stream = bus.events({ types: ['task.failed', 'task.completed'] });
    expect(bus.wants('task.failed')).toBe(true);
    expect(bus.wants('task.completed')).toBe(true);
    expect(bus.wants('task.log')).toBe(false);
    stream.end();
    expect(bus.wants('task.failed')).toBe(false);
  });

  it('drops the oldest events beyond its buffer and counts them; the last one always arrives', async () => {
    const bus = new EventBus(new ManualTimers());
    const stream = bus.events({ bufferSize: 3, until: (event) => event.type === 'workflow.failed' });
    for (let index = 0; index < 10; index++) bus.emit('task.progress', {}, { index });
    bus.emit('workflow.failed', {});
    expect(stream.dropped).toBe(8);
    const seen: number[] = [];
    for await (const event of stream) seen.push(event.seq);
    expect(seen).toEqual([9, 10, 11]);
  });

  it('keeps the order over any mix of writing and reading', async () => {
    const bus = new EventBus(new ManualTimers());
    const stream = bus.events({ bufferSize: 1_000 });
    const read: number[] = [];
    let written = 0;
    for (let round = 1; round <= 40; round++) {
      for (let index = 0; index < (round * 7) % 11; index++, written++) bus.emit('task.log', {});
      for (let index = 0; index < (round * 5) % 9 && read.length < written; index++) {
        const { value } = await stream.next();
        if (value !== undefined) read.push(value.seq);
      }
    }
    stream.end();
    for await (const event of stream) read.push(event.seq);
    expect(stream.dropped).toBe(0);
    expect(read).toEqual(Array.from({ length: written }, (_, index) => index + 1));
  });

  it('lets go of its subscription when the reader leaves the loop', async () => {
    const bus = new EventBus(new ManualTimers());
    const stream = bus.events();
    bus.emit('task.ready', {});
    bus.emit('task.ready', {});
    for await (const _event of stream) break;
    expect(bus.wants('task.ready')).toBe(false);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('lets go at the end of its scope', async () => {
    const bus = new EventBus(new ManualTimers());
    {
      await using stream = bus.events();
      expect(bus.wants('task.ready')).toBe(true);
      expect(stream.dropped).toBe(0);
    }
    expect(bus.wants('task.ready')).toBe(false);
  });

  it('refuses a buffer of no size', () => {
    const bus = new EventBus(new ManualTimers());
    expect(() => bus.events({ bufferSize: 0 })).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
    expect(bus.wants('task.ready')).toBe(false);
  });
});
