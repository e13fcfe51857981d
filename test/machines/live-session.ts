// Owns the stage of a session: the real session under its registry, with capacity that it holds and a run in it.

import { expect } from 'vitest';
import type { EventObject } from 'xstate';
import type { SessionActor } from '../../src/actors/session.ts';
import { RuntimeHarness, turn } from '../actors/runtime-harness.ts';
import type { LiveCase, Stage, TransitionWatch } from './live-walk.ts';
import { sessionCase } from './machine-catalogue.ts';

const TIMEOUT_MS = 100;

class SessionStage implements Stage {
  readonly #harness = new RuntimeHarness({ capacities: [1] });
  readonly #session: SessionActor;
  #taken = 0;
  #released = 0;

  constructor(isTimed: boolean, watch: TransitionWatch) {
    watch.listen(this.#harness.sessions.ref.system);
    const acquire = () => {
      this.#taken += 1;
      return Promise.resolve({ release: () => void this.#released++ });
    };
    this.#session = this.#harness.createSession({ timeoutMs: isTimed ? TIMEOUT_MS : null }, acquire);
  }

  get actor() {
    return this.#session.actor;
  }

  cause(event: EventObject): void | Promise<void> {
    switch (event.type) {
      // By its first run.
      case 'session.start':
        return this.#startRun();
      case 'session.deadline':
        this.#harness.timers.advance(TIMEOUT_MS);
        return;
      // By the end of its last run.
      case 'session.runs-ended':
        return this.#endRun();
      default:
        this.actor.send(event as never);
    }
  }

  async judge(state: string): Promise<void> {
    const { executor, events } = this.#harness;
    const isEnded = ['completed', 'cancelled', 'failed'].includes(state);
    expect(this.#session.isOpen).toBe(state === 'pending' || state === 'active');
    expect(this.#session.runCount).toBe(isEnded || state === 'pending' ? 0 : 1);
    expect(executor.stops.length).toBe(
      ['cancelling', 'cancelled', 'failed'].includes(state) ? executor.started.length : 0,
    );
    expect(this.#released).toBe(isEnded ? this.#taken : 0);
    if (!isEnded) return;
    await this.#session.closed;
    expect(this.#session.status).toBe(state);
    expect(events.filter(({ type }) => type === 'session.closed')).toMatchObject([{ data: { status: state } }]);
  }

  async finish(): Promise<void> {
    const { sessions, timers, runner, scheduler, crashes } = this.#harness;
    if (this.actor.getSnapshot().status === 'active') this.actor.send({ type: 'session.cancel', reason: 'over' });
    await this.#endRun();
    await this.#session.closed;
    expect(this.#released).toBe(this.#taken);
    expect([sessions.size, this.#session.runCount, runner.liveCount, scheduler.inFlight, timers.pending]).toEqual([
      0, 0, 0, 0, 0,
    ]);
    expect(crashes).toEqual([]);
  }

  async #startRun(): Promise<void> {
    this.#harness.startRun(this.#session, { a: {} });
    await turn();
    expect(this.#harness.executor.running).toEqual(['a']);
  }

  async #endRun(): Promise<void> {
    const { executor } = this.#harness;
    if (executor.running.length > 0) {
      if (executor.stops.length > 0) executor.stopped('a');
      else executor.complete('a');
    }
    await turn();
  }
}

export const liveSession: LiveCase = {
  name: 'session',
  machine: sessionCase,
  build: ({ events }, watch) =>
    new SessionStage(
      events.some(({ type }) => type === 'session.deadline'),
      watch,
    ),
  refusal: () => null,
};
