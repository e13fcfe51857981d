// Owns the walk with real implementations: it brings the steps of a path about on a machine's actor as the engine makes
// it, one after the other, watches which transitions that actor takes, and judges what is there at the end.
// It knows no machine; what makes its events happen, and what they must have done, is its stage's.

import type { AnyActorRef, AnyMachineSnapshot, EventObject, Subscription } from 'xstate';
import type { MachineCase } from './machine-catalogue.ts';
import { edgesOf, nameOf, pathOf, replay, statesOf, type TransitionPath, transitionPaths } from './machine-walk.ts';

/** A transition that the real part does not take within this time is not on its way. */
const STEP_LIMIT_MS = 15_000;

/** The real parts around one actor, and how things come about there. */
export interface Stage {
  /** The actor; undefined while its path has not begun it. */
  readonly actor: AnyActorRef | undefined;
  /**
   * Makes an event happen the way it does in the engine. Synchronous where the real part sends nothing by itself: what
   * comes after in a turn of its own is not the path's.
   */
  cause(event: EventObject, state: string): void | Promise<void>;
  /** Throws unless the effects of being in this state can be seen from outside. Asked at the end of the path. */
  judge(state: string): void | Promise<void>;
  /** Ends what the path left running, and throws unless nothing at all is left. */
  finish(): void | Promise<void>;
}

export interface LiveCase {
  readonly name: string;
  readonly machine: MachineCase;
  /** Sets the stage for a path. The watch must hear the actor's system before the actor starts. */
  build(path: TransitionPath, watch: TransitionWatch): Stage | Promise<Stage>;
  /** Ways to go besides the shortest ones, by the types of their events. */
  readonly further?: readonly (readonly string[])[];
  /** Why the real parts never go this way; null where they do. */
  refusal(path: TransitionPath): string | null;
}

/** What the walk over one live case came to. */
export interface LiveCoverage {
  readonly paths: number;
  /** States in which a path ended and the effects were looked at. */
  readonly judged: ReadonlySet<string>;
  readonly transitions: ReadonlySet<string>;
  /** Where an event that the real parts send was sent for them. */
  readonly byHand: ReadonlySet<string>;
  /** Paths that were not gone, by the reason. */
  readonly refused: ReadonlyMap<string, number>;
  /** Transitions that no path took, each with the reasons of the paths that would have. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
}

/** Notes the transitions of the first actor of a machine that it hears of. */
export class TransitionWatch {
  readonly taken: string[] = [];
  /** The state before each transition, and that after the last one. */
  readonly states: string[] = [];
  /** Events that the real parts send, and that were sent for them here. */
  readonly byHand: string[] = [];
  readonly #machine: MachineCase['machine'];
  readonly #subscriptions: Subscription[] = [];
  #target: unknown;
  #before: AnyMachineSnapshot | undefined;
  #waiters: (() => void)[] = [];

  constructor(machine: MachineCase['machine']) {
    this.#machine = machine;
  }

  listen(system: AnyActorRef['system']): void {
    const subscription = system.inspect((inspected) => {
      if (inspected.type !== '@xstate.snapshot' || !this.#isOurs(inspected.snapshot)) return;
      this.#target ??= inspected.actorRef;
      if (inspected.actorRef === this.#target) this.#note(inspected.snapshot, inspected.event);
    });
    this.#subscriptions.push(subscription);
  }

  /** The same for an actor that may have started already. */
  follow(actor: AnyActorRef): void {
    this.#target = actor;
    this.#before = actor.getSnapshot();
    this.states.push(String(this.#before?.value));
    this.listen(actor.system);
  }

  /** The actor ended with an error in this event: XState shows no snapshot of that. */
  crashedIn(event: EventObject): void {
    if (this.#before !== undefined) this.#note(this.#before, event);
  }

  /** Resolves when so many transitions have been taken. */
  async until(count: number): Promise<void> {
    const endsAtMs = performance.now() + STEP_LIMIT_MS;
    while (this.taken.length < count) {
      const leftMs = endsAtMs - performance.now();
      if (leftMs <= 0) throw new Error(`transition ${count} did not come; taken: ${this.taken.join(', ')}`);
      await this.#nextWithin(leftMs);
    }
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #nextWithin(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  // Compiled or interpreted, with whatever effects: a snapshot says which machine it is one of.
  #isOurs(snapshot: object): snapshot is AnyMachineSnapshot {
    const machine: unknown = Reflect.get(snapshot, 'machine');
    return typeof machine === 'object' && machine !== null && Reflect.get(machine, 'id') === this.#machine.id;
  }

  #note(snapshot: AnyMachineSnapshot, event: EventObject): void {
    const before = this.#before;
    this.#before = snapshot;
    if (before === undefined) {
      this.states.push(String(snapshot.value));
      return;
    }
    for (const transition of before.machine.getTransitionData(before, event)) {
      this.taken.push(nameOf(String(before.value), transition));
      this.states.push(String(snapshot.value));
    }
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

/** Goes every path that the real parts go. */
export async function walkLive(live: LiveCase): Promise<LiveCoverage> {
  const { machine } = live.machine;
  const judged = new Set<string>();
  const transitions = new Set<string>();
  const refused = new Map<string, number>();
  const reasons = new Map<string, Set<string>>();
  const byHand = new Set<string>();
  let paths = 0;
  for (const path of pathsOf(live)) {
    const reason = live.refusal(path);
    if (reason !== null) {
      refused.set(reason, (refused.get(reason) ?? 0) + 1);
      const last = path.transitions.at(-1) ?? '';
      reasons.set(last, (reasons.get(last) ?? new Set<string>()).add(reason));
      continue;
    }
    const watch = new TransitionWatch(machine);
    if (await goPath(live, path, watch)) judged.add(path.end);
    for (const name of watch.byHand) byHand.add(name);
    paths += 1;
    for (const name of path.transitions) transitions.add(name);
  }
  const missing = edgesOf(machine).filter(({ name }) => !transitions.has(name));
  return {
    paths,
    judged,
    transitions,
    byHand,
    refused,
    missing: new Map(missing.map(({ name }) => [name, [...(reasons.get(name) ?? [])]])),
  };
}

function pathsOf({ machine: given, further = [] }: LiveCase): TransitionPath[] {
  const more = further.map((types) => {
    const events = types.flatMap((type) => given.events.find((event) => event.type === type) ?? []);
    const path = pathOf(replay(given, events));
    if (path === undefined || events.length !== types.length) throw new Error(`no way goes over ${types.join(', ')}`);
    return path;
  });
  // The start alone is a path too: it takes nothing, and its state has effects.
  const start = { events: [], transitions: [], states: [], end: given.machine.root.initial.target[0]?.key ?? '' };
  return [start, ...transitionPaths(given), ...more];
}

/** One line for people: how much of a machine was gone. */
export function coverageLine({ name, machine: { machine } }: LiveCase, coverage: LiveCoverage): string {
  const { paths, judged, transitions, missing } = coverage;
  const [stateCount, edgeCount] = [statesOf(machine).length, edgesOf(machine).length];
  const lacking = [...missing].map(
    ([transition, reasons]) => `; not ${transition}: ${reasons.join(', ') || 'no path'}`,
  );
  return `${name}: with real implementations ${judged.size} of ${stateCount} states, ${transitions.size} of ${edgeCount} transitions, ${paths} paths${lacking.join('')}\n`;
}

/** Whether the effects at its end could be looked at: not where the part went on by itself meanwhile. */
async function goPath(live: LiveCase, path: TransitionPath, watch: TransitionWatch): Promise<boolean> {
  const stage = await live.build(path, watch);
  const told = (what: string) => `${live.name} after ${path.transitions.join(', ') || 'its start'}: ${what}`;
  try {
    for (const [step, event] of path.events.entries()) {
      // A part may go on by itself: what it has sent already need not be brought about.
      if (watch.taken.length <= step) {
        const caused = stage.cause(event, path.states[step] ?? '');
        if (caused !== undefined) await caused;
      }
      if (watch.taken[step] !== path.transitions[step]) {
        throw new Error(
          told(`instead of ${path.transitions[step]} it took ${watch.taken.slice(step).join(', ') || 'nothing'}`),
        );
      }
    }
    const end = watch.states[path.events.length];
    if (end !== path.end) throw new Error(told(`it is ${end} instead of ${path.end}`));
    // Beyond the path is only what the part does by itself.
    const isStill = watch.taken.length === path.transitions.length;
    if (isStill) await judgeStill(stage, watch, live, path);
    await stage.finish();
    return isStill;
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { message: told(error.message) }) : error;
  } finally {
    watch.stop();
  }
}

/** The end of a path: its effects are there, and events that the state does not handle change nothing of that. */
async function judgeStill(stage: Stage, watch: TransitionWatch, live: LiveCase, path: TransitionPath): Promise<void> {
  const { machine, events } = live.machine;
  const { actor } = stage;
  if (actor?.getSnapshot().status === 'active') {
    const before: AnyMachineSnapshot = actor.getSnapshot();
    const handled = edgesOf(machine).flatMap(({ source, type }) => (source === path.end ? [type] : []));
    for (const event of [...events, { type: 'nobody.knows-this' }]) {
      if (handled.includes(event.type)) continue;
      actor.send(event);
      if (actor.getSnapshot() !== before) throw new Error(`${event.type} changed the snapshot in ${path.end}`);
    }
    if (watch.taken.length !== path.transitions.length)
      throw new Error(`an event that ${path.end} does not handle was taken`);
  }
  await stage.judge(path.end);
}
