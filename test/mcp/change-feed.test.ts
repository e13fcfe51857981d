// Tests what subscribers are told of, on an event bus and a clock of their own.

import { describe, expect, it } from 'vitest';
import type { RunId } from '../../src/domain/ids.ts';
import { EventBus } from '../../src/engine/event-bus.ts';
import { ChangeFeed, type ServerChange } from '../../src/mcp/change-feed.ts';
import { ManualTimers } from '../support/manual-timers.ts';

/** An engine's own bus, on which a run of one task goes by. */
function startBus(timers: ManualTimers) {
  const bus = new EventBus(timers);
  const run = (id: string): void => {
    const subject = { runId: id as RunId };
    bus.emit('workflow.started', subject);
    bus.emit('task.started', { ...subject, task: 'a' });
    bus.emit('task.completed', { ...subject, task: 'a' });
    bus.emit('workflow.completed', subject);
  };
  return { bus, run, engine: { registerEventHandler: bus.on.bind(bus) } };
}

function startFeed() {
  const timers = new ManualTimers();
  const source = startBus(timers);
  const feed = new ChangeFeed(timers);
  feed.engine = source.engine;
  const told: ServerChange[] = [];
  return { ...source, timers, feed, told };
}

function updated(uri: string): ServerChange {
  return { kind: 'resource_updated', uri };
}

describe('ChangeFeed', () => {
  it('tells each address once an interval, however much happened', () => {
    const { bus, timers, feed, told, run } = startFeed();
    feed.subscribe((change) => told.push(change));
    run('r1');
    run('r1');
    bus.emit('task.log', { runId: 'r1' as RunId, task: 'a' });
    bus.emit('worker.started', {});
    expect(told).toEqual([]);
    timers.advance(200);
    expect(told).toEqual([
      { kind: 'resources_list_changed' },
      updated('yardmaster://runs/r1'),
      updated('yardmaster://runs'),
      updated('yardmaster://runs/r1/logs'),
    ]);
    timers.advance(1_000);
    expect(told).toHaveLength(4);
  });

  it('listens only while somebody listens to it, and forgets what nobody waits for', () => {
    const { bus, timers, feed, told, run } = startFeed();
    expect(bus.wants('task.log')).toBe(false);
    run('r1');
    feed.listChanged();
    expect(timers.pending).toBe(0);
    const stop = feed.subscribe((change) => told.push(change));
    run('r2');
    expect(timers.pending).toBe(1);
    stop();
    expect([timers.pending, bus.wants('task.log')]).toEqual([0, false]);
    feed.subscribe((change) => told.push(change));
    timers.advance(1_000);
    expect(told).toEqual([]);
  });

  it('goes over to another engine, and to none', () => {
    const { timers, feed, told, run } = startFeed();
    const other = startBus(timers);
    feed.subscribe((change) => told.push(change));
    feed.engine = other.engine;
    run('r1');
    other.run('r2');
    timers.advance(200);
    expect(told).toContainEqual(updated('yardmaster://runs/r2'));
    expect(told).not.toContainEqual(updated('yardmaster://runs/r1'));
    feed.engine = undefined;
    other.run('r3');
    expect(timers.pending).toBe(0);
  });

  it('keeps a bounded number of addresses: with more, all are told at once', () => {
    const { feed, told, run } = startFeed();
    feed.subscribe((change) => told.push(change));
    for (let index = 0; index < 1_000; index++) run(`r${index}`);
    expect(told.length).toBeGreaterThan(1_000);
  });
});
