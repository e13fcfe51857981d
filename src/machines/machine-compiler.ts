// Owns the fast form of a machine: a table of its transitions, explored once, behind the same actor-logic interface and
// with the same snapshots as XState's interpreter, which takes 18 µs and 40 kB of garbage for the life of a task.
//
// It takes what the task machine uses and refuses the rest when it is made, never later: flat states (atomic or final),
// guards and actions named in setup(), assign with functions or values; no invoke, after, always, exit actions,
// parallel or nested states, wildcards, built-in actions but assign. Whoever wants microsteps in an inspector uses the
// machine itself. test/machines/machine-compiler.test.ts holds the equality over random walks.

import type {
  ActorLogic,
  AnyActorRef,
  AnyActorScope,
  AnyStateMachine,
  EventFromLogic,
  EventObject,
  InputFrom,
  SnapshotFrom,
} from 'xstate';
import { invariant, RuntimeError } from '../domain/runtime-error.ts';

/** The logic of a machine, whether interpreted or compiled. */
export type MachineLogic<TMachine extends AnyStateMachine> = ActorLogic<
  SnapshotFrom<TMachine>,
  EventFromLogic<TMachine>,
  InputFrom<TMachine>
>;

type Context = Record<string, unknown>;

/** What guards, assigns and effects are called with; the context is exchanged as the step goes on. */
interface StepArguments {
  context: Context;
  readonly event: EventObject;
  readonly self: AnyActorRef;
  readonly system: AnyActorScope['system'];
}

type Step =
  | { readonly kind: 'assign'; readonly assign: (args: StepArguments) => Context }
  | { readonly kind: 'effect'; readonly type: string; readonly run: (args: StepArguments, params: undefined) => void };

interface Transition {
  readonly guard: ((args: StepArguments, params: undefined) => boolean) | null;
  /** null = stay where it is. */
  readonly target: string | null;
  readonly steps: readonly Step[];
}

interface FlatState {
  /** A snapshot of the interpreter in this state: what does not depend on the context is taken from it. */
  readonly template: Readonly<Record<string, unknown>>;
  readonly isFinal: boolean;
  readonly entry: readonly Step[];
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
}

/**
 * Compiles a machine, implementations included.
 * @throws RuntimeError INTERNAL naming what it does not take
 */
export function compileMachine<TMachine extends AnyStateMachine>(machine: TMachine): MachineLogic<TMachine> {
  const table = new MachineTable(machine);
  // The table's snapshots are said to be the machine's; the equality test is what makes it true.
  return {
    // By which an inspector knows whose states these are, as with the interpreter.
    config: machine.config,
    getInitialSnapshot: (scope, input) => table.initial(scope, input) as SnapshotFrom<TMachine>,
    transition: (snapshot, event, scope) =>
      table.transition(snapshot as Snapshot, event, scope) as SnapshotFrom<TMachine>,
    getPersistedSnapshot: (snapshot) => machine.getPersistedSnapshot(snapshot),
  };
}

type Snapshot = Readonly<Record<string, unknown>> & { readonly value: string; readonly context: Context };

class MachineTable {
  readonly #machine: AnyStateMachine;
  readonly #states = new Map<string, FlatState>();
  readonly #start: FlatState;
  readonly #output: ((args: StepArguments) => unknown) | undefined;

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
    const { root } = machine;
    if (root.type !== 'compound') throw refusal(machine, `a root of type '${root.type}'`);
    if (root.entry.length > 0 || root.exit.length > 0 || root.transitions.size > 0) {
      throw refusal(machine, 'actions or transitions of the root');
    }
    for (const key of Object.keys(root.states)) this.#states.set(key, this.#compileState(key));
    const start = this.#states.get(String(root.initial.target[0]?.key));
    invariant(start !== undefined, `machine '${machine.id}' has an initial state`);
    if (start.entry.some((step) => step.kind === 'assign'))
      throw refusal(machine, 'an assign on entering the first state');
    this.#start = start;
    this.#output = typeof root.output === 'function' ? (root.output as (args: StepArguments) => unknown) : undefined;
  }

  initial(scope: AnyActorScope, input: unknown): Snapshot {
    const { context } = this.#machine.config;
    const args = { input, self: scope.self, spawn: refuseSpawn };
    const own: Context = typeof context === 'function' ? context(args as never) : { ...Object(context) };
    const event = { type: 'xstate.init', input };
    for (const step of this.#start.entry) {
      if (step.kind !== 'effect') continue;
      // Not before the actor has started: XState keeps it until then.
      const info: StepArguments = { context: own, event, self: scope.self, system: scope.system };
      scope.actionExecutor({ type: step.type, info, params: undefined, exec: () => step.run(info, undefined) });
    }
    return snapshotOf(this.#start, own, undefined);
  }

  transition(snapshot: Snapshot, event: EventObject, scope: AnyActorScope): Snapshot {
    if (event.type === 'xstate.stop') return { ...snapshot, status: 'stopped' };
    const candidates = this.#states.get(snapshot.value)?.transitions.get(event.type);
    if (candidates === undefined) return snapshot;
    const args: StepArguments = { context: snapshot.context, event, self: scope.self, system: scope.system };
    for (const { guard, target, steps } of candidates) {
      if (guard !== null && !guard(args, undefined)) continue;
      runSteps(steps, args);
      const state = this.#states.get(target ?? snapshot.value);
      invariant(state !== undefined, 'a target is a state');
      if (target !== null) runSteps(state.entry, args);
      const output = state.isFinal && this.#output !== undefined ? this.#output(args) : undefined;
      return snapshotOf(state, args.context, output);
    }
    return snapshot;
  }

  #compileState(key: string): FlatState {
    const machine = this.#machine;
    const node = machine.root.states[key];
    invariant(node !== undefined, `machine '${machine.id}' has state '${key}'`);
    if (node.type !== 'atomic' && node.type !== 'final') throw refusal(machine, `${node.type} state '${key}'`);
    const { invoke, after, always, exit } = node.config;
    if (invoke || after || always || exit) throw refusal(machine, `invoke, after, always or exit in state '${key}'`);
    const transitions = new Map<string, readonly Transition[]>();
    for (const [type, candidates] of node.transitions) {
      if (type.includes('*')) throw refusal(machine, `a wildcard in state '${key}'`);
      transitions.set(
        type,
        candidates.map((candidate) => ({
          guard: candidate.guard === undefined ? null : this.#guard(candidate.guard),
          target: candidate.target?.[0]?.key ?? null,
          steps: candidate.actions.map((action) => this.#step(action)),
        })),
      );
    }
    const template: object = machine.resolveState({ value: key, context: {} });
    return {
      template: { ...template },
      isFinal: node.type === 'final',
      entry: node.entry.map((action) => this.#step(action)),
      transitions,
    };
  }

  #guard(guard: unknown): NonNullable<Transition['guard']> {
    const name = nameOf(guard);
    const implementation: unknown = name === undefined ? undefined : this.#machine.implementations.guards[name];
    if (typeof implementation !== 'function' || 'check' in implementation) {
      throw refusal(this.#machine, `guard ${String(name)}`);
    }
    return implementation as NonNullable<Transition['guard']>;
  }

  #step(action: unknown): Step {
    const name = nameOf(action);
    const implementation: unknown = name === undefined ? undefined : this.#machine.implementations.actions[name];
    if (name === undefined || typeof implementation !== 'function') {
      throw refusal(this.#machine, `action ${String(name)}`);
    }
    if (Reflect.get(implementation, 'type') === 'xstate.assign') {
      return { kind: 'assign', assign: assignmentOf(Reflect.get(implementation, 'assignment')) };
    }
    if ('resolve' in implementation) throw refusal(this.#machine, `built-in action ${name}`);
    return { kind: 'effect', type: name, run: implementation as (args: StepArguments, params: undefined) => void };
  }
}

// Effects see the context as it is at their place in the row, as with the interpreter.
function runSteps(steps: readonly Step[], args: StepArguments): void {
  for (const step of steps) {
    if (step.kind === 'effect') step.run(args, undefined);
    else args.context = { ...args.context, ...step.assign(args) };
  }
}

function assignmentOf(assignment: unknown): (args: StepArguments) => Context {
  if (typeof assignment === 'function') return assignment as (args: StepArguments) => Context;
  const entries = Object.entries(Object(assignment));
  return (args) =>
    Object.fromEntries(entries.map(([key, value]) => [key, typeof value === 'function' ? value(args) : value]));
}

function snapshotOf({ template, isFinal }: FlatState, context: Context, output: unknown): Snapshot {
  return {
    status: isFinal ? 'done' : 'active',
    output,
    error: undefined,
    machine: template.machine,
    context,
    _nodes: template._nodes,
    value: String(template.value),
    tags: template.tags,
    children: template.children,
    historyValue: template.historyValue,
    matches: template.matches,
    hasTag: template.hasTag,
    can: template.can,
    getMeta: template.getMeta,
    toJSON: template.toJSON,
  };
}

function nameOf(reference: unknown): string | undefined {
  if (typeof reference === 'string') return reference;
  if (typeof reference !== 'object' || reference === null || Reflect.get(reference, 'params') !== undefined)
    return undefined;
  const type: unknown = Reflect.get(reference, 'type');
  return typeof type === 'string' ? type : undefined;
}

function refuseSpawn(): never {
  throw new RuntimeError('INTERNAL', 'a compiled machine spawns nothing');
}

function refusal(machine: AnyStateMachine, what: string): RuntimeError {
  return new RuntimeError('INTERNAL', `machine '${machine.id}' cannot be compiled: ${what} is not supported`, {
    details: { machine: machine.id },
  });
}
