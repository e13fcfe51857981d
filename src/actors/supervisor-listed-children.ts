// Owns children that each have a spec and an id of their own, in start order: the strategies one_for_one, one_for_all
// and rest_for_one. Under one_for_one a start, an end and a restart cost the same with any number of siblings.
// It must never count restarts or end the supervisor: that is the core's.
// Source of the rules: erlang/otp lib/stdlib/src/supervisor.erl (OTP 25).

import type { AnyActorRef } from 'xstate';
import { type StartOutcome, SupervisedChild } from './supervisor-child.ts';
import { type CompleteChildSpec, parseChildSpec } from './supervisor-child-spec.ts';
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

export class ListedChildren implements ChildRoster {
  readonly #frame: RosterFrame;
  readonly #specs: readonly CompleteChildSpec[];
  // In start order.
  readonly #children = new Map<string, SupervisedChild>();
  // Every significant child that runs or is being restarted, and some that no longer do: those are dropped when met.
  readonly #significant = new Set<SupervisedChild>();

  constructor(frame: RosterFrame, specs: readonly CompleteChildSpec[]) {
    this.#frame = frame;
    this.#specs = specs;
  }

  startAll(): void {
    for (const spec of this.#specs) {
      const outcome = this.#enter(spec);
      if (outcome.kind === 'failed') throw this.#frame.startFailure(spec.id, outcome.error);
    }
  }

  stopAll(): Promise<void> | undefined {
    return stopEach([...this.#children.values()]);
  }

  killAll(): void {
    for (const child of [...this.#children.values()].reverse()) child.kill();
  }

  restart(child: SupervisedChild, end: ChildEnd): Promise<void> | undefined {
    const { strategy } = this.#frame.flags;
    if (strategy === 'one_for_one') {
      this.#startAnew([child], child, end);
      return undefined;
    }
    const children = [...this.#children.values()];
    const group = strategy === 'rest_for_one' ? children.slice(children.indexOf(child)) : children;
    return this.#restartGroup(group, child, end);
  }

  release(child: SupervisedChild): void {
    if (child.spec.restart === 'temporary') this.#drop(child);
  }

  hasSignificantLeft(): boolean {
    for (const child of this.#significant) {
      if (child.ref !== undefined || child.restarting) return true;
      this.#significant.delete(child);
    }
    return false;
  }

  findActor(actorId: string): SupervisedChild | undefined {
    return this.#children.get(actorId);
  }

  find(target: ChildTarget): SupervisedChild | undefined {
    return typeof target === 'string' ? this.#named(target) : findByActor(target, this.#children, this.#frame);
  }

  add([given]: readonly unknown[]): AnyActorRef | undefined {
    const spec = parseChildSpec(given, this.#frame.flags.autoShutdown);
    const present = this.#children.get(spec.id);
    if (present?.ref !== undefined) throw this.#frame.refusal('already_started', spec.id, present.ref);
    if (present !== undefined) throw this.#frame.refusal('already_present', spec.id);
    const outcome = this.#enter(spec);
    if (outcome.kind === 'failed') throw this.#frame.startFailure(spec.id, outcome.error);
    return this.#children.get(spec.id)?.ref;
  }

  restartStopped(id: string): AnyActorRef | undefined {
    const child = this.#findIdle(id);
    const outcome = this.#begin(child);
    if (outcome.kind === 'failed') throw this.#frame.startFailure(id, outcome.error);
    return child.ref;
  }

  remove(id: string): void {
    this.#drop(this.#findIdle(id));
  }

  specOf(target: ChildTarget): CompleteChildSpec {
    return this.#named(typeof target === 'string' ? target : target.id).spec;
  }

  which(): ChildInfo[] {
    return Array.from(this.#children.values(), (child) => infoOf(child, child.id));
  }

  counts(): ChildCounts {
    let active = 0;
    let supervisors = 0;
    for (const { alive, spec } of this.#children.values()) {
      if (alive) active++;
      if (spec.type === 'supervisor') supervisors++;
    }
    const specs = this.#children.size;
    return { specs, active, supervisors, workers: specs - supervisors };
  }

  ids(limit: number): { readonly ids: string[]; readonly total: number } {
    return { ids: [...this.#children.keys().take(limit)], total: this.#children.size };
  }

  async #restartGroup(group: readonly SupervisedChild[], culprit: SupervisedChild, end: ChildEnd): Promise<void> {
    await stopEach(group);
    // Killed while it waited.
    if (!this.#frame.isRunning()) return;
    for (const child of group) this.release(child);
    const staying = group.filter(({ spec }) => spec.restart !== 'temporary');
    this.#startAnew(staying, culprit, end);
  }

  // In order; the first that fails is tried again later, and those behind it wait for that.
  #startAnew(group: readonly SupervisedChild[], culprit: SupervisedChild, end: ChildEnd): void {
    for (const child of group) {
      const outcome = this.#begin(child);
      if (!this.#frame.isRunning()) return;
      if (outcome.kind === 'failed') {
        this.#frame.tryAgain(child, outcome.error);
        return;
      }
    }
    this.#frame.restarted(culprit, end, group);
  }

  #enter(spec: CompleteChildSpec): StartOutcome {
    const child = new SupervisedChild(spec, this.#frame.host);
    this.#children.set(spec.id, child);
    const outcome = this.#begin(child);
    if (outcome.kind === 'failed') this.#children.delete(spec.id);
    else if (outcome.kind === 'ignored') this.release(child);
    return outcome;
  }

  #begin(child: SupervisedChild): StartOutcome {
    const outcome = this.#frame.begin(child);
    if (child.spec.significant && outcome.kind === 'started') this.#significant.add(child);
    return outcome;
  }

  #drop(child: SupervisedChild): void {
    this.#children.delete(child.id);
    this.#significant.delete(child);
  }

  #named(id: string): SupervisedChild {
    const child = this.#children.get(id);
    if (child === undefined) throw this.#frame.refusal('not_found', id);
    return child;
  }

  #findIdle(id: string): SupervisedChild {
    const child = this.#named(id);
    if (child.restarting) throw this.#frame.refusal('restarting', id);
    if (child.ref !== undefined) throw this.#frame.refusal('running', id, child.ref);
    return child;
  }
}

// One after another, last first; a promise only from the first child on that takes its time.
function stopEach(children: readonly SupervisedChild[]): Promise<void> | undefined {
  for (let index = children.length - 1; index >= 0; index--) {
    const stopping = children[index]?.stop();
    if (stopping !== undefined) return stopRest(children, index - 1, stopping);
  }
  return undefined;
}

async function stopRest(children: readonly SupervisedChild[], last: number, first: Promise<void>): Promise<void> {
  await first;
  for (let index = last; index >= 0; index--) await children[index]?.stop();
}
