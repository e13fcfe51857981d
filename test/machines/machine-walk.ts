// Owns the walk over a machine: every snapshot it can reach, the shortest way there, and what a real actor does on each
// of these ways and one event further. It knows nothing of any one machine.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate';
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph';

export interface WalkOptions<TMachine extends AnyStateMachine> {
  readonly machine: TMachine;
  readonly input: InputFrom<TMachine>;
  /** Every event, in every variant that a guard or an assign can tell apart. */
  readonly events: readonly EventFromLogic<TMachine>[];
  /** The names of the machine's effects: what `provide` gives. */
  readonly effects: readonly string[];
  /** Where the search stops, for a machine that can go round for ever and counts. */
  readonly isFarEnough?: (snapshot: SnapshotFrom<TMachine>) => boolean;
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
  /** The transitions that were taken. */
  readonly taken: ReadonlySet<object>;
}

/** Starts an actor with effects that only record, and sends it the events. */
export function replay<TMachine extends AnyStateMachine>(
  { machine, input, effects }: WalkOptions<TMachine>,
  events: readonly EventFromLogic<TMachine>[],
): Replay<TMachine> {
  const recorded: string[] = [];
  const taken = new Set<object>();
  const actions = Object.fromEntries(effects.map((name) => [name, () => void recorded.push(name)]));
  const actor = createActor(machine.provide({ actions }), {
    input,
    inspect: (inspected) => {
      if (inspected.type === '@xstate.microstep')
        for (const transition of inspected._transitions) taken.add(transition);
    },
  });
  actor.subscribe({ error: () => {} });
  actor.start();
  const states = [stateOf(actor.getSnapshot())];
  const effectsAt = [recorded.length];
  for (const event of events) {
    actor.send(event);
    states.push(stateOf(actor.getSnapshot()));
    effectsAt.push(recorded.length);
  }
  const final: AnyMachineSnapshot = actor.getSnapshot();
  const { status } = final;
  return { effects: recorded, states, effectsAt, events, final: final as SnapshotFrom<TMachine>, status, taken };
}

/** Every path: the shortest way to each reachable snapshot, then each event. */
export function* walk<TMachine extends AnyStateMachine>(options: WalkOptions<TMachine>): Generator<Replay<TMachine>> {
  const { machine, input, events, isFarEnough } = options;
  const stopWhen = isFarEnough === undefined ? {} : { stopWhen: isFarEnough };
  const paths = getShortestPaths(machine, { input, events: () => events, serializeState, ...stopWhen });
  for (const { steps } of paths) {
    const way = steps.map(({ event }) => event).filter(({ type }) => type !== 'xstate.init');
    for (const event of events) yield replay(options, [...way, event]);
  }
}

/** Where each state can lead, over any number of events. */
export function reachability<TMachine extends AnyStateMachine>({
  machine,
  input,
  events,
  isFarEnough,
}: WalkOptions<TMachine>): Map<string, Set<string>> {
  const next = new Map<string, Set<string>>();
  const stopWhen = isFarEnough === undefined ? {} : { stopWhen: isFarEnough };
  const map = getAdjacencyMap<AnyMachineSnapshot, EventFromLogic<TMachine>, InputFrom<TMachine>>(machine, {
    input,
    events: () => events,
    serializeState,
    ...stopWhen,
  });
  for (const { state, transitions } of Object.values(map)) {
    const targets = next.get(stateOf(state)) ?? new Set<string>();
    for (const { state: target } of Object.values(transitions)) targets.add(stateOf(target));
    next.set(stateOf(state), targets);
  }
  for (const targets of next.values()) {
    for (const target of targets) for (const further of next.get(target) ?? []) targets.add(further);
  }
  return next;
}

// Without it the search tells snapshots apart by how they were reached, and has no end.
function serializeState({ value, context }: AnyMachineSnapshot): string {
  return JSON.stringify([value, context]);
}

/** All transitions of a machine, each with a name that says where it is. */
export function transitionsOf(machine: AnyStateMachine): Map<object, string> {
  const names = new Map<object, string>();
  for (const node of Object.values(machine.root.states)) {
    for (const [event, candidates] of node.transitions) {
      for (const [place, transition] of candidates.entries())
        names.set(transition, `${node.key} on ${event}[${place}]`);
    }
  }
  return names;
}

/** The names of a machine's states. */
export function statesOf(machine: AnyStateMachine): string[] {
  return Object.keys(machine.root.states);
}

export function finalStatesOf(machine: AnyStateMachine): string[] {
  return Object.values(machine.root.states).flatMap(({ key, type }) => (type === 'final' ? [key] : []));
}

/** The drawing at the head of a machine's file: the indented lines of its first comment. */
export function diagramOf(file: string): string {
  const source = readFileSync(fileURLToPath(new URL(`../../src/machines/${file}`, import.meta.url)), 'utf8');
  const head = source.slice(0, source.indexOf('\nimport '));
  const lines = head.split('\n').filter((line) => line.startsWith('//   '));
  return lines.join('\n');
}

export function stateOf(snapshot: { readonly value: unknown }): string {
  return String(snapshot.value);
}
