// Owns the stage of a run: the real run under its session, kept from its place by capacity that the session waits for, with
// two tasks of which the first shows by its end how the run ends.

import { expect } from 'vitest';
import type { EventObject } from 'xstate';
import type { HeldCapacity, SessionActor } from '../../src/actors/session.ts';
import type { WorkflowRun } from '../../src/actors/workflow-run.ts';
import { RuntimeHarness, turn } from '../actors/runtime-harness.ts';
import type { LiveCase, Stage, TransitionWatch } from './live-walk.ts';
import { workflowCase } from './machine-catalogue.ts';

const TIMEOUT_MS = 100;
const ENDED = ['completed', 'failed', 'cancelled'];

class WorkflowStage implements Stage {
  readonly #harness = new RuntimeHarness({ slots: 2 });
  readonly #capacity = Promise.withResolvers<HeldCapacity>();
  readonly #session: SessionActor;
  readonly #run: WorkflowRun;
  readonly #watch: TransitionWatch;
  #hasEnded = false;
  #hasStarted = false;

  constructor(isTimed: boolean, watch: TransitionWatch) {
    const { sessions } = this.#harness;
    this.#watch = watch;
    watch.listen(sessions.ref.system);
    this.#session = this.#harness.createSession({}, () => this.#capacity.promise);
    const limits = isTimed ? { timeoutMs: TIMEOUT_MS } : {};
    const { run, ended } = this.#harness.startRun(this.#session, { a: {}, b: {} }, limits);
    this.#run = run;
    void ended.then(() => {
      this.#hasEnded = true;
    });
  }

  get actor() {
    return this.#run.actor;
  }

  cause(event: EventObject, state: string): void | Promise<void> {
    switch (event.type) {
      // By its session, when it has a place.
      case 'run.start':
        return this.#start();
      // Before its start only a run that is taken up again has a deadline; the engine sends it then.
      case 'run.deadline':
        if (state === 'pending' || state === 'held') {
          this.#watch.byHand.push(`${state} on ${event.type}`);
          this.actor.send({ type: 'run.deadline' });
        } else this.#harness.timers.advance(TIMEOUT_MS);
        return;
      // By the end of its last task.
      case 'run.tasks-ended':
        return this.#endTasks(Number(Reflect.get(event, 'failed')), Number(Reflect.get(event, 'cancelled')));
      default:
        this.actor.send(event as never);
    }
  }

  async judge(state: string): Promise<void> {
    const { executor } = this.#harness;
    const heard = (name: string) => this.#heard(name);
    expect(executor.started.length).toBe(this.#hasStarted ? 2 : 0);
    if (state === 'cancelling') expect(executor.stops.length).toBe(executor.running.length);
    if (!ENDED.includes(state) && state !== 'cancelling') {
      const isHeld = state === 'paused' || state === 'held';
      expect(heard('workflow.paused') - heard('workflow.resumed')).toBe(isHeld ? 1 : 0);
    }
    if (!ENDED.includes(state)) return;
    await turn();
    expect(this.#hasEnded).toBe(true);
    expect(this.#run.status).toBe(state);
    expect([heard('workflow.completed'), heard('workflow.failed'), heard('workflow.cancelled')]).toEqual(
      ENDED.map((end) => (end === state ? 1 : 0)),
    );
    const [end] = this.#harness.facts(this.#run.runId).filter(({ type }) => type === 'run.ended');
    expect(end).toMatchObject({ status: state });
  }

  async finish(): Promise<void> {
    const { runner, scheduler, timers, crashes, sessions, executor } = this.#harness;
    if (this.actor.getSnapshot().status === 'active') this.actor.send({ type: 'run.cancel', reason: 'over' });
    for (const name of [...executor.running]) executor.stopped(name);
    await turn();
    expect(this.#hasEnded).toBe(true);
    expect(this.#run.tasks.size).toBe(0);
    this.#capacity.resolve({ release: () => {} });
    this.#session.actor.send({ type: 'session.close' });
    await this.#session.closed;
    expect([sessions.size, runner.liveCount, scheduler.inFlight, timers.pending]).toEqual([0, 0, 0, 0]);
    expect(crashes).toEqual([]);
  }

  #heard(type: string): number {
    return this.#harness.events.filter((event) => event.type === type).length;
  }

  async #start(): Promise<void> {
    this.#hasStarted = true;
    this.#capacity.resolve({ release: () => {} });
    await turn();
    expect(this.#harness.executor.running).toEqual(['a', 'b']);
  }

  async #endTasks(failed: number, cancelled: number): Promise<void> {
    const { executor } = this.#harness;
    const isCancelling = this.actor.getSnapshot().value === 'cancelling';
    for (const [index, name] of ['a', 'b'].entries()) {
      if (!executor.running.includes(name)) continue;
      if (isCancelling) executor.stopped(name);
      else if (index < failed) executor.fail(name);
      else if (index < cancelled) {
        this.#run.cancelTask(index, 'not this one');
        executor.stopped(name);
      } else executor.complete(name);
    }
    await turn();
  }
}

export const liveWorkflow: LiveCase = {
  name: 'workflow',
  machine: workflowCase,
  build: ({ events }, watch) =>
    new WorkflowStage(
      events.some(({ type }) => type === 'run.deadline'),
      watch,
    ),
  refusal: () => null,
};
