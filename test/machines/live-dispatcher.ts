// Owns the stage of the dispatcher: the real dispatch loop over a real scheduler, with a task at hand to see its gate by.

import { expect } from 'vitest';
import type { EventObject } from 'xstate';
import type { TaskId } from '../../src/domain/ids.ts';
import { RuntimeHarness, specOf, turn } from '../actors/runtime-harness.ts';
import type { LiveCase, Stage, TransitionWatch } from './live-walk.ts';
import { dispatcherCase } from './machine-catalogue.ts';

class DispatcherStage implements Stage {
  readonly #harness = new RuntimeHarness();
  readonly #watch: TransitionWatch;
  #probe: TaskId | undefined;
  #isBroken = false;
  #error: unknown;

  constructor(watch: TransitionWatch) {
    this.#watch = watch;
    watch.follow(this.actor);
    this.actor.subscribe({ error: (error) => this.#crashed(error) });
  }

  get actor() {
    return this.#harness.gate;
  }

  cause({ type }: EventObject, state: string): void | Promise<void> {
    if (type !== 'dispatch.crash') {
      this.actor.send({ type } as never);
      return;
    }
    // The loop runs in one state only; in the others its last call may just be on its way out.
    if (state === 'dispatching') return this.#breakLoop();
    this.#watch.byHand.push(`${state} on ${type}`);
    this.actor.send({ type: 'dispatch.crash', error: new Error('loop') });
  }

  async judge(state: string): Promise<void> {
    if (this.#isBroken || this.#error !== undefined) {
      expect(this.actor.getSnapshot().status).toBe('error');
      expect(this.#error).toMatchObject({ message: 'loop' });
      return;
    }
    this.#probe = this.#harness.singles.submit(specOf('probe'), {}, []).taskId;
    await turn();
    expect(this.#harness.executor.running).toEqual(state === 'dispatching' ? ['probe'] : []);
  }

  async finish(): Promise<void> {
    const { executor, runner, singles, timers } = this.#harness;
    if (executor.running.length > 0) executor.complete('probe');
    else if (this.#probe !== undefined) singles.cancel(this.#probe, 'over');
    await turn();
    expect([runner.liveCount, this.#harness.scheduler.inFlight, timers.pending]).toEqual([0, 0, 0]);
  }

  /** A loop that throws: what the scheduler asks of an executor fails. */
  async #breakLoop(): Promise<void> {
    this.#isBroken = true;
    this.#harness.dispatcher.setExecutor(1, {
      freeSlots: () => {
        throw new Error('loop');
      },
      execute: () => {},
      stop: () => {},
      heartbeats: () => undefined,
    });
    await turn();
  }

  #crashed(error: unknown): void {
    this.#error = error;
    this.#watch.crashedIn({ type: 'dispatch.crash' });
  }
}

export const liveDispatcher: LiveCase = {
  name: 'dispatcher',
  machine: dispatcherCase,
  build: (_path, watch) => new DispatcherStage(watch),
  refusal: () => null,
};
