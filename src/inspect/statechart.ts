// Owns the description of the engine's machines as statecharts: states, transitions, a Mermaid drawing, and the definition
// that Stately's editor imports. Read off the machines themselves, so that it cannot say anything else than they do.

import type { AnyStateMachine, StateNode } from 'xstate';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { dispatcherMachine } from '../machines/dispatcher-machine.ts';
import { journalMachine } from '../machines/journal-machine.ts';
import { projectMachine } from '../machines/project-machine.ts';
import { resourceManagerMachine } from '../machines/resource-manager-machine.ts';
import { sessionMachine } from '../machines/session-machine.ts';
import { taskMachine } from '../machines/task-machine.ts';
import { workerPoolMachine } from '../machines/worker-pool-machine.ts';
import { workflowMachine } from '../machines/workflow-machine.ts';

const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  task: taskMachine,
  workflow: workflowMachine,
  session: sessionMachine,
  project: projectMachine,
  dispatcher: dispatcherMachine,
  'worker-pool': workerPoolMachine,
  'resource-manager': resourceManagerMachine,
  journal: journalMachine,
};

/** Machines that can be described. */
export const STATECHART_NAMES: readonly string[] = Object.keys(MACHINES);

export interface StatechartTransition {
  readonly event: string;
  readonly from: string;
  /** The state itself when the event is handled without leaving it. */
  readonly to: string;
  readonly guard: string | null;
  readonly actions: readonly string[];
}

export interface StatechartState {
  /** The path from the root, joined by dots. */
  readonly name: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly initial: boolean;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
}

export interface Statechart {
  readonly name: string;
  readonly initial: string;
  readonly states: readonly StatechartState[];
  readonly transitions: readonly StatechartTransition[];
  /** Events that the machine handles somewhere, sorted. */
  readonly events: readonly string[];
  /** The machine's configuration as JSON: what an editor of statecharts imports. */
  readonly definition: unknown;
  readonly mermaid: string;
}

/** Describes one of the engine's machines. @throws RuntimeError STATECHART_NOT_FOUND */
export function statechartOf(name: string): Statechart {
  const machine = Object.hasOwn(MACHINES, name) ? MACHINES[name] : undefined;
  if (machine === undefined) {
    const hint = suggestion(new NearNames(STATECHART_NAMES).nearest(name));
    throw new RuntimeError(
      'STATECHART_NOT_FOUND',
      `no machine is named ${quoteName(name)}${hint}; there are ${STATECHART_NAMES.join(', ')}`,
      { details: { machine: name } },
    );
  }
  return describeMachine(name, machine);
}

/** Describes any machine. */
export function describeMachine(name: string, machine: AnyStateMachine): Statechart {
  const nodes = nodesOf(machine.root);
  const states = nodes.map(stateOf);
  const transitions = nodes.flatMap(transitionsOf);
  const initial = states.find((state) => state.initial)?.name ?? '';
  return {
    name,
    initial,
    states,
    transitions,
    events: [...new Set(transitions.map(({ event }) => event))].sort(),
    // Functions have no form in JSON: what a machine names in setup() is named here, and computed context is left out.
    definition: JSON.parse(JSON.stringify(machine.config)),
    mermaid: drawingOf(states, transitions),
  };
}

function nodesOf(root: StateNode): StateNode[] {
  const nodes: StateNode[] = [];
  const waiting = Object.values(root.states).reverse();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node);
    waiting.push(...Object.values(node.states).reverse());
  }
  return nodes;
}

function stateOf(node: StateNode): StatechartState {
  const initial = node.parent?.type === 'parallel' || node.parent?.initial.target[0] === node;
  return {
    name: nameOf(node),
    type: node.type,
    initial: initial === true,
    entry: node.entry.map(actionName),
    exit: node.exit.map(actionName),
  };
}

// What a machine handles in every state is told of every state: who looks at one sees all that can happen there.
function transitionsOf(node: StateNode): StatechartTransition[] {
  const from = nameOf(node);
  const inherits = node.parent?.parent === undefined && node.type !== 'final';
  const inherited = [...node.machine.root.transitions].filter(([event]) => inherits && !node.transitions.has(event));
  return [...node.transitions, ...inherited].flatMap(([event, choices]) =>
    choices.flatMap(({ target, guard, actions }) =>
      (target ?? [node]).map((to) => ({
        event,
        from,
        to: nameOf(to),
        guard: guard === undefined ? null : actionName(guard),
        actions: actions.map(actionName),
      })),
    ),
  );
}

function nameOf(node: StateNode): string {
  return node.path.join('.');
}

// Named in setup() as a string, or as an object whose type is the name.
function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  const type: unknown = typeof action === 'object' && action !== null ? Reflect.get(action, 'type') : undefined;
  return typeof type === 'string' ? type : 'inline';
}

function drawingOf(states: readonly StatechartState[], transitions: readonly StatechartTransition[]): string {
  const idOf = new Map(states.map(({ name }, index) => [name, /^\w+$/.test(name) ? name : `s${index}`]));
  const id = (name: string) => idOf.get(name) ?? name;
  const lines = ['stateDiagram-v2'];
  for (const { name } of states) if (id(name) !== name) lines.push(`  state "${name}" as ${id(name)}`);
  for (const { name, initial } of states) if (initial) lines.push(`  [*] --> ${id(name)}`);
  const labels = new Map<string, string[]>();
  for (const { from, to, event, guard } of transitions) {
    const arrow = `${id(from)} --> ${id(to)}`;
    labels.set(arrow, [...(labels.get(arrow) ?? []), guard === null ? event : `${event} [${guard}]`]);
  }
  for (const [arrow, events] of labels) lines.push(`  ${arrow}: ${[...new Set(events)].join(', ')}`);
  for (const { name, type } of states) if (type === 'final') lines.push(`  ${id(name)} --> [*]`);
  return `${lines.join('\n')}\n`;
}
