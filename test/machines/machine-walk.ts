// Owns the walk over a machine: every snapshot it can reach, the shortest way there, and what a real actor does on each
// of these ways and one event further. It knows nothing of any one machine.

import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createActor,
  type EventFromLogic,
  type EventObject,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap, getShortestPaths } from 'xstate/graph';

export interface WalkOptions<TMachine extends AnyStateMachine> {
  readonly machine: TMachine;
  readonly input: InputFrom<TMachine>;
  /** Every event, in every variant that a guard or an assign can tell apart. */
  readonly events: readonly EventFromLogic<TMachine>[];
  /** The names of the machine's effects: what `provide` gives. */
  readonly effects: readonly string[];
  /** Where the search stops, for a machine that can go round for ever and counts. */
  readonly isFarEnough?: (snapshot: AnyMachineSnapshot) => boolean;
}

/** What happened on an actor: its effects and states, in order. */
export interface Replay<TMachine extends AnyStateMachine> {
  readonly effects: readonly string[];
  /** State after the start and after each event. */
  readonly states: readonly string[];
  /** Effects so far after the start and after each event. */
  readonly effectsAt: readonly number[];
  readonly events: readonly EventFromLogic<TMachine>[];
  readonly final: SnapshotFrom<TMachine>;
  readonly status: string;
  /** The names of the transitions that were taken, in order. */
  readonly taken: readonly string[];
}

/** Starts an actor with effects that only record, and sends it the events. */
export function replay<TMachine extends AnyStateMachine>(
  { machine, input, effects }: WalkOptions<TMachine>,
  events: readonly EventFromLogic<TMachine>[],
): Replay<TMachine> {
  const recorded: string[] = [];
  const taken: string[] = [];
  let before = '';
  const actions = Object.fromEntries(effects.map((name) => [name, () => void recorded.push(name)]));
  const actor = createActor(machine.provide({ actions }), {
    input,
    inspect: (inspected) => {
      if (inspected.type !== '@xstate.microstep') return;
      for (const transition of inspected._transitions) if (before !== '') taken.push(nameOf(before, transition));
    },
  });
  actor.subscribe({ error: () => {} });
  actor.start();
  const states = [stateOf(actor.getSnapshot())];
  const effectsAt = [recorded.length];
  for (const event of events) {
    // An actor that has ended takes nothing more; XState would warn of each.
    before = stateOf(actor.getSnapshot());
    if (actor.getSnapshot().status === 'active') actor.send(event);
    states.push(stateOf(actor.getSnapshot()));
    effectsAt.push(recorded.length);
  }
  const final: AnyMachineSnapshot = actor.getSnapshot();
  const { status } = final;
  return { effects: recorded, states, effectsAt, events, final: final as SnapshotFrom<TMachine>, status, taken };
}

/** The shortest way to each reachable snapshot. */
export function waysOf<TMachine extends AnyStateMachine>(options: WalkOptions<TMachine>): EventFromLogic<TMachine>[][] {
  const { machine, ...search } = searchOf(options);
  const known = new Map<object, EventFromLogic<TMachine>>(options.events.map((event) => [event, event]));
  // The first step of a path is the start, which is no event of ours.
  return getShortestPaths(machine, search).map(({ steps }) => steps.flatMap(({ event }) => known.get(event) ?? []));
}

/** Every path: the shortest way to each reachable snapshot, then each event. */
export function* walk<TMachine extends AnyStateMachine>(options: WalkOptions<TMachine>): Generator<Replay<TMachine>> {
  for (const way of waysOf(options)) {
    for (const event of options.events) yield replay(options, [...way, event]);
  }
}

/** Where each state can lead, over any number of events. */
export function reachability(options: WalkOptions<AnyStateMachine>): Map<string, Set<string>> {
  const { machine, ...search } = searchOf(options);
  const next = new Map<string, Set<string>>();
  for (const { state, nextState } of adjacencyMapToArray(getAdjacencyMap(machine, search))) {
    next.set(stateOf(state), (next.get(stateOf(state)) ?? new Set<string>()).add(stateOf(nextState)));
  }
  // Sets grow under the loop, which goes on to what was added.
  for (const targets of next.values()) {
    for (const target of targets) for (const further of next.get(target) ?? []) targets.add(further);
  }
  return next;
}

function searchOf({ machine, input, events, isFarEnough }: WalkOptions<AnyStateMachine>) {
  return { machine, input, events: () => events, serializeState, stopWhen: isFarEnough ?? (() => false) };
}

// Without it the search tells snapshots apart by how they were reached, and has no end.
function serializeState({ value, context }: AnyMachineSnapshot): string {
  return JSON.stringify([value, context]);
}

/** A way through a machine on which every event is handled, with what it should do there. */
export interface TransitionPath {
  readonly events: readonly EventObject[];
  /** Names of the transitions, one an event. */
  readonly transitions: readonly string[];
  /** The state before each event. */
  readonly states: readonly string[];
  /** The state at the end; that of before where the last transition has no target. */
  readonly end: string;
}

/** Ways of handled events only: the shortest one to each reachable snapshot, then each event that it handles. */
export function transitionPaths(options: WalkOptions<AnyStateMachine>): TransitionPath[] {
  return [...walk(options)].flatMap((replayed) => pathOf(replayed) ?? []);
}

/** A replay as a way; undefined where an event of it is not handled. */
export function pathOf({ events, taken, states }: Replay<AnyStateMachine>): TransitionPath | undefined {
  if (taken.length !== events.length) return undefined;
  return { events, transitions: taken, states: states.slice(0, -1), end: states.at(-1) ?? '' };
}

/** One guarded alternative of what a state does with an event. */
export interface Edge {
  readonly source: string;
  readonly type: string;
  /** Among the alternatives of one event, in the order in which their guards are asked. */
  readonly index: number;
  /** null = it stays where it is, and is not entered anew. */
  readonly target: string | null;
  readonly name: string;
}

/** All transitions of a machine, those of the root once for each state that has none of its own for the event. */
export function edgesOf(machine: AnyStateMachine): Edge[] {
  return Object.values(machine.root.states).flatMap((node) => {
    if (node.type === 'final') return [];
    const inherited = [...machine.root.transitions].filter(([type]) => !node.transitions.has(type));
    return [...node.transitions, ...inherited].flatMap(([type, candidates]) =>
      candidates.map((candidate, index) => {
        const target = candidate.target?.[0]?.key ?? null;
        return { source: node.key, type, index, target, name: nameOf(node.key, candidate) };
      }),
    );
  });
}

/** All transitions of a machine, by names that say where they are. */
export function transitionsOf(machine: AnyStateMachine): string[] {
  return edgesOf(machine).map(({ name }) => name);
}

/** The name of a transition that is taken in a state. */
export function nameOf(state: string, transition: AnyTransitionDefinition): string {
  const { source, eventType } = transition;
  return `${state} on ${eventType}[${source.transitions.get(eventType)?.indexOf(transition)}]`;
}

/** The names of a machine's states. */
export function statesOf(machine: AnyStateMachine): string[] {
  return Object.keys(machine.root.states);
}

export function finalStatesOf(machine: AnyStateMachine): string[] {
  return Object.values(machine.root.states).flatMap(({ key, type }) => (type === 'final' ? [key] : []));
}

export function stateOf(snapshot: { readonly value: unknown }): string {
  return String(snapshot.value);
}
