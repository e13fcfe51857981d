// Owns the picture of the actor tree of a live engine: supervisors, registries with the first of their children, machines
// and the states they are in; with restarts and crashes of late. Bounded in children and crashes: what is beyond is counted.

import type { RuntimeEvent } from '../domain/events.ts';
import { isRuntimeError } from '../domain/runtime-error.ts';
import type { LiveActor } from '../engine/live-actors.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { STATECHART_NAMES } from '../inspect/statechart.ts';
import type { TreeDocument, TreeNode } from './wire.ts';

/** Of one parent; the others are counted. */
const MOST_CHILDREN = 50;
const MOST_CRASHES = 50;
/** Names of children whose restarts are counted. */
const MOST_NAMES = 1_000;

type Ref = LiveActor['ref'];
type Crash = TreeDocument['crashes'][number];

/** A node while its children are still coming. */
interface Branch {
  readonly node: Omit<TreeNode, 'children' | 'moreChildren'>;
  readonly children: Branch[];
  more: number;
}

export class SupervisorTree {
  readonly #engine: OrchestrationEngine;
  readonly #unsubscribe: readonly (() => void)[];
  /** Newest first. */
  readonly #crashes: Crash[] = [];
  readonly #restarts = new Map<string, number>();
  readonly #lastCrash = new Map<string, { readonly at: number; readonly message: string }>();

  constructor(engine: OrchestrationEngine) {
    this.#engine = engine;
    const types = ['supervisor.child-crashed', 'supervisor.restarted', 'supervisor.gave-up'] as const;
    this.#unsubscribe = types.map((type) => engine.registerEventHandler(type, (event) => this.#take(event)));
  }

  document(): TreeDocument {
    const root = this.#engine.isClosed ? undefined : this.#root();
    return {
      root: root === undefined ? null : nodeOf(root),
      strategy: this.#engine.supervisor.strategy,
      crashes: [...this.#crashes],
      absent: root === undefined ? 'The engine was shut down: its actors are gone.' : null,
    };
  }

  close(): void {
    for (const stop of this.#unsubscribe) stop();
  }

  #root(): Branch | undefined {
    const branches = new Map<string, Branch>();
    const supervisors = supervisorIds(this.#engine);
    let root: Branch | undefined;
    for (const actor of this.#engine.liveActors()) {
      const { ref } = actor;
      const parent = ref._parent === undefined ? undefined : branches.get(ref._parent.sessionId);
      if (parent !== undefined && parent.children.length >= MOST_CHILDREN) {
        parent.more++;
        continue;
      }
      // Below one that is only counted nobody is shown.
      if (parent === undefined && root !== undefined) continue;
      const branch: Branch = { node: this.#node(actor, supervisors), children: [], more: 0 };
      branches.set(ref.sessionId, branch);
      if (parent === undefined) root = branch;
      else parent.children.push(branch);
    }
    return root;
  }

  #node(actor: LiveActor, supervisors: ReadonlySet<string>): Branch['node'] {
    const { ref, sessionId, runId, task } = actor;
    const snapshot: unknown = ref.getSnapshot();
    const machine = machineOf(ref);
    const isRegistry = fieldOf(snapshot, 'registry') !== undefined;
    const isSupervisor = supervisors.has(ref.sessionId);
    return {
      id: ref.id,
      kind: isSupervisor ? 'supervisor' : isRegistry ? 'registry' : machine === null ? 'actor' : 'machine',
      state: stateOf(snapshot),
      machine,
      restarts: this.#restarts.get(ref.id) ?? 0,
      lastCrash: this.#lastCrash.get(ref.id) ?? null,
      label: task ?? (machine === 'workflow' ? (runId ?? null) : machine === 'session' ? (sessionId ?? null) : null),
      runId: runId ?? null,
    };
  }

  #take({ at, type, data }: RuntimeEvent): void {
    const child = String(data.child ?? '');
    const error = data.error;
    const message = String(fieldOf(error, 'message') ?? data.reason ?? 'it ended');
    const atMs = Date.parse(at);
    this.#crashes.unshift({ at: atMs, child, type, message });
    this.#crashes.splice(MOST_CRASHES);
    if (type === 'supervisor.child-crashed') this.#lastCrash.set(child, { at: atMs, message });
    if (type === 'supervisor.restarted') {
      this.#restarts.set(child, (this.#restarts.get(child) ?? 0) + 1);
      this.#lastCrash.set(child, { at: atMs, message });
    }
    for (const names of [this.#restarts, this.#lastCrash]) {
      const [oldest] = names.keys();
      if (names.size > MOST_NAMES && oldest !== undefined) names.delete(oldest);
    }
  }
}

function nodeOf({ node, children, more }: Branch): TreeNode {
  return { ...node, children: children.map(nodeOf), moreChildren: more };
}

function supervisorIds(engine: OrchestrationEngine): ReadonlySet<string> {
  const ids = new Set<string>([engine.supervisor.ref.sessionId]);
  try {
    for (const { child, type } of engine.supervisor.whichChildren()) {
      if (type === 'supervisor' && child !== undefined && child !== 'restarting') ids.add(child.sessionId);
    }
  } catch (error) {
    // The supervisor has ended: it has no children.
    if (!isRuntimeError(error)) throw error;
  }
  return ids;
}

/** Name for `GET /api/statecharts/:name`; null = the actor runs none of these machines. */
function machineOf(ref: Ref): string | null {
  const id = fieldOf(fieldOf(Reflect.get(ref, 'logic'), 'config'), 'id') ?? fieldOf(Reflect.get(ref, 'logic'), 'id');
  return typeof id === 'string' && STATECHART_NAMES.includes(id) ? id : null;
}

function stateOf(snapshot: unknown): string {
  const value = fieldOf(snapshot, 'value');
  if (typeof value === 'string') return value;
  return value === undefined ? String(fieldOf(snapshot, 'status') ?? 'gone') : JSON.stringify(value);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
