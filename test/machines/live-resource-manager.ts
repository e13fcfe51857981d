// Owns the stage of the resource manager: a real capacity guard, a thread's face on the same bytes that holds a part of
// the capacity, and one who waits for the rest.

import { expect } from 'vitest';
import { type Actor, createActor, type EventObject } from 'xstate';
import { createResourceManagerLogic, type ResourceManagerLogic } from '../../src/actors/resource-manager.ts';
import { ThreadCapacity } from '../../src/resources/thread-capacity.ts';
import { createTestGuard, follow, settle } from '../resources/virtual-time.ts';
import type { LiveCase, Stage, TransitionWatch } from './live-walk.ts';
import { resourceManagerCase } from './machine-catalogue.ts';

const THREAD = 7;

class ResourceStage implements Stage {
  readonly actor: Actor<ResourceManagerLogic>;
  readonly #made = createTestGuard();
  readonly #waiting;
  #hasExited = false;

  constructor(watch: TransitionWatch) {
    const { guard } = this.#made;
    guard.register('unit', 'custom', 3);
    expect(new ThreadCapacity(guard.ledger.buffer, THREAD).tryAllocate({ unit: 2 })).not.toBeNull();
    this.#waiting = follow(guard.acquire([{ resourceId: 'unit', amount: 3 }]));
    this.actor = createActor(createResourceManagerLogic(guard));
    watch.follow(this.actor);
    this.actor.start();
  }

  cause(event: EventObject): void {
    this.#hasExited ||= event.type === 'resource.thread-exited';
    this.actor.send(event as never);
  }

  async judge(state: string): Promise<void> {
    const { guard } = this.#made;
    await settle();
    if (state === 'open') {
      expect(this.#waiting.state).toBe(this.#hasExited ? 'granted' : 'waiting');
      expect(guard.getUsage('unit').current).toBe(this.#hasExited ? 3 : 2);
      // Exactly once: the capacity is another's now.
      this.actor.send({ type: 'resource.thread-exited', threadId: THREAD });
      expect(guard.getUsage('unit').current).toBe(3);
      return;
    }
    expect(() => guard.allocate('unit', 'late')).toThrow(expect.objectContaining({ code: 'RESOURCE_CLOSED' }));
    expect(this.#waiting).toMatchObject({ state: 'refused', error: { code: 'RESOURCE_CLOSED' } });
  }

  async finish(): Promise<void> {
    const { guard, time } = this.#made;
    await settle();
    if (!this.#hasExited) guard.threadExited(THREAD);
    await settle();
    // What is held can be given back whether it is closed or not.
    if (this.#waiting.state === 'granted') guard.release(this.#waiting.value?.allocationId ?? '');
    expect(guard.getUsage('unit').current).toBe(0);
    guard.close();
    this.actor.stop();
    expect(time.pendingTimers).toBe(0);
  }
}

export const liveResourceManager: LiveCase = {
  name: 'resource-manager',
  machine: resourceManagerCase,
  build: (_path, watch) => new ResourceStage(watch),
  refusal: () => null,
};
