// Owns the children of a simple_one_for_one supervisor: any number of actors from one template, each with the arguments
// it was started with. Start, end, restart and termination of one cost the same at any number of them.
// They have no id of their own; their actors are `<template id>:1`, `<template id>:2`, … and a child keeps its actor's
// id over restarts. They stop all at once, in no order that anybody may rely on.
// It must never count restarts or end the supervisor: that is the core's.
// Source of the rules: erlang/otp lib/stdlib/src/supervisor.erl (OTP 25); where its restart stores a child that answered
// ignore without a process, such a child is dropped here, as in its first start.

import type { AnyActorRef } from 'xstate';
import { SupervisedChild } from './supervisor-child.ts';
import type { CompleteChildSpec } from './supervisor-child-spec.ts';
import type { ChildEnd } from './supervisor-exit.ts';
import {
  type ChildCounts,
  type ChildInfo,
  type ChildRoster,
  type ChildTarget,
  findByActor,
  infoOf,
  type RosterFrame,
} from './supervisor-roster.ts';

export class DynamicChildren implements ChildRoster {
  readonly #frame: RosterFrame;
  readonly #template: CompleteChildSpec;
  // By the id of the actor.
  readonly #children = new Map<string, SupervisedChild>();
  readonly #restarting = new Set<SupervisedChild>();
  #started = 0;

  constructor(frame: RosterFrame, template: CompleteChildSpec) {
    this.#frame = frame;
    this.#template = template;
  }

  startAll(): void {
    // The template alone starts nothing.
  }

  stopAll(): Promise<void> | undefined {
    const stopping: Promise<void>[] = [];
    for (const child of this.#children.values()) {
      const ending = child.stop();
      if (ending !== undefined) stopping.push(ending);
    }
    return stopping.length === 0 ? undefined : Promise.all(stopping).then(() => undefined);
  }

  killAll(): void {
    for (const child of this.#children.values()) child.kill();
  }

  restart(child: SupervisedChild, end: ChildEnd): undefined {
    this.#restarting.delete(child);
    const outcome = this.#frame.begin(child);
    if (!this.#frame.isRunning()) return;
    if (outcome.kind === 'failed') {
      this.#restarting.add(child);
      this.#frame.tryAgain(child, outcome.error);
      return;
    }
    if (outcome.kind === 'ignored') this.release(child);
    this.#frame.restarted(child, end, [child]);
  }

  release(child: SupervisedChild): void {
    this.#restarting.delete(child);
    this.#children.delete(child.id);
  }

  hasSignificantLeft(): boolean {
    return this.#children.size > 0;
  }

  findActor(actorId: string): SupervisedChild | undefined {
    return this.#children.get(actorId);
  }

  find(target: ChildTarget): SupervisedChild | undefined {
    if (typeof target === 'string') throw this.#frame.refusal('simple_one_for_one', target);
    return findByActor(target, this.#children, this.#frame);
  }

  add(args: readonly unknown[]): AnyActorRef | undefined {
    const child = new SupervisedChild(
      this.#template,
      this.#frame.host,
      `${this.#template.id}:${++this.#started}`,
      args,
    );
    this.#children.set(child.id, child);
    const outcome = this.#frame.begin(child);
    if (outcome.kind !== 'started') this.#children.delete(child.id);
    if (outcome.kind === 'failed') throw this.#frame.startFailure(child.id, outcome.error);
    return child.ref;
  }

  restartStopped(id: string): never {
    throw this.#frame.refusal('simple_one_for_one', id);
  }

  remove(id: string): never {
    throw this.#frame.refusal('simple_one_for_one', id);
  }

  specOf(target: ChildTarget): CompleteChildSpec {
    const id = typeof target === 'string' ? target : target.id;
    if (typeof target === 'string' ? target === this.#template.id : this.find(target) !== undefined) {
      return this.#template;
    }
    throw this.#frame.refusal('not_found', id);
  }

  which(): ChildInfo[] {
    return Array.from(this.#children.values(), (child) => infoOf(child, undefined));
  }

  counts(): ChildCounts {
    const { size } = this.#children;
    const supervisors = this.#template.type === 'supervisor' ? size : 0;
    return { specs: 1, active: size - this.#restarting.size, supervisors, workers: size - supervisors };
  }

  ids(limit: number): { readonly ids: string[]; readonly total: number } {
    return { ids: [...this.#children.keys().take(limit)], total: this.#children.size };
  }
}
