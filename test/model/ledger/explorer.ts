// Owns the exploration of a scenario: breadth first over all states that any interleaving can reach, so that the first
// fault found has a shortest schedule. States that are equal are explored once; complete schedules are counted over the
// graph of states by dynamic programming, since there are far more of them than states.
// Bounded by `maxStates`: a scenario beyond it is an error, never a partial proof.

import { setImmediate } from 'node:timers/promises';
import { realAtomics } from '../../../src/resources/atomics-layer.ts';
import { CapacityLedger } from '../../../src/resources/capacity-ledger.ts';
import { ResourceWord, resourceBase, USED_MASK } from '../../../src/resources/ledger-layout.ts';
import { type HistoryNode, HistoryTree, UnknownPast } from './history-tree.ts';
import { type Ground, ModelContext, type Preparation } from './model-context.ts';
import { keyOf, type ModelState } from './model-state.ts';
import { ModelSteps, type Step } from './model-steps.ts';
import type { Scenario } from './scenario.ts';
import { ScheduleGraph } from './schedule-graph.ts';
import { scheduleText } from './schedule-text.ts';
import { WordKnowledge } from './word-knowledge.ts';

export interface ExploreOptions {
  /** Default 3,000,000. */
  readonly maxStates?: number;
  /** Takes steps that nobody else can observe together with the step before them; default true. */
  readonly reduces?: boolean;
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Complete schedules. */
  readonly schedules: bigint;
  /** How schedules can end: the words that have changed, and what the threads noted. */
  readonly endings: ReadonlySet<string>;
  /** How often real code was run. */
  readonly executions: number;
  readonly failure: Failure | null;
}

export interface Failure {
  readonly what: string;
  /** A shortest schedule that leads there, a line a step. */
  readonly schedule: readonly string[];
}

const DEFAULT_MAX_STATES = 3_000_000;
/** The event loop is let run this often: abandoned promises of the code under test are dropped then. */
const STATES_PER_TURN = 2_000;

/** Explores every interleaving of a scenario. */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Exploration> {
  const start = await prepare(scenario);
  for (;;) {
    start.knowledge.takeGrowth();
    const pass = new Pass(scenario, start, options);
    const result = await pass.run();
    if (!start.knowledge.takeGrowth()) return result;
  }
}

interface Start {
  readonly ground: Ground;
  readonly knowledge: WordKnowledge;
  readonly preparations: readonly Preparation[];
}

/** Runs every program alone up to where it begins, one after the other, and takes the words then as the start. */
async function prepare(scenario: Scenario): Promise<Start> {
  const ledger = CapacityLedger.create(realAtomics);
  const image = new Int32Array(ledger.words);
  const knowledge = new WordKnowledge(image);
  const ground = { buffer: ledger.buffer, image, isConstant: (word: number) => knowledge.isConstant(word) };
  const preparations: Preparation[] = [];
  for (const { name, threadId, run } of scenario.programs) {
    const preparation: Preparation = { threadId, results: [], listens: [] };
    const { broken } = await new ModelContext(ground, preparation, null).execute(run);
    if (broken !== null) throw new Error(`the preparation of ${name} in "${scenario.name}" broke: ${broken}`);
    preparations.push(preparation);
  }
  return { ground, knowledge, preparations };
}

class Pass {
  readonly #scenario: Scenario;
  readonly #knowledge: WordKnowledge;
  readonly #preparations: readonly Preparation[];
  readonly #endings = new Set<string>();
  readonly #tree: HistoryTree;
  readonly #roots: HistoryNode[] = [];
  readonly #steps: ModelSteps;
  readonly #maxStates: number;
  readonly #ids = new Map<string, number>();
  readonly #graph = new ScheduleGraph();
  readonly #waiting: (ModelState | undefined)[] = [];

  constructor(scenario: Scenario, { ground, knowledge, preparations }: Start, options: ExploreOptions) {
    this.#scenario = scenario;
    this.#knowledge = knowledge;
    this.#preparations = preparations;
    this.#tree = new HistoryTree(ground, scenario.programs, preparations, ({ thread, pending }) =>
      knowledge.learn(thread, pending),
    );
    this.#steps = new ModelSteps(scenario, this.#tree, knowledge, options.reduces ?? true);
    this.#maxStates = options.maxStates ?? DEFAULT_MAX_STATES;
  }

  async run(): Promise<Exploration> {
    for (const thread of this.#preparations.keys()) this.#roots.push(await this.#tree.root(thread));
    await this.#complete(() => this.#find(this.#settle(this.#start()), -1, 0));
    for (let id = 0; id < this.#waiting.length && !this.#knowledge.isOutdated; id++) {
      const state = this.#waiting[id];
      if (state === undefined) continue;
      const what = this.#faultOf(state) ?? (await this.#expand(id, state));
      if (what !== null) return this.#result({ what, schedule: await this.#schedule(id) });
      this.#waiting[id] = undefined;
      if (id % STATES_PER_TURN !== 0) continue;
      await setImmediate();
      // What is left of a pass that will be repeated is only gone on with to learn more; that is rare so late.
      if (id > 0 && this.#knowledge.hasGrown) break;
    }
    return this.#result(null);
  }

  async #expand(id: number, state: ModelState): Promise<string | null> {
    const next = await this.#complete(() => this.#steps.all(state).map((step) => this.#settle(step.state)));
    this.#graph.beginState(id);
    for (const [ordinal, after] of next.entries()) this.#graph.addEdge(this.#find(after, id, ordinal));
    if (next.length > 0) return null;
    this.#endings.add(this.#endingOf(state));
    return this.#faultAtEnd(state);
  }

  /** Does what needs pasts, running those that are not known yet. */
  async #complete<T>(work: () => T): Promise<T> {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof UnknownPast)) throw error;
        await this.#tree.grow(error);
      }
    }
  }

  #start(): ModelState {
    const none = this.#preparations.map(() => []);
    return {
      words: this.#knowledge.startValues(),
      nodes: [...this.#roots],
      flags: this.#preparations.map(() => 0),
      listeners: this.#preparations.flatMap(({ listens }) => listens.map((word, id) => ({ id, word, due: false }))),
      mailbox: [],
      unseen: none,
      stale: none,
    };
  }

  // Steps that nobody can observe are taken at once.
  #settle(state: ModelState, taken?: Step[]): ModelState {
    let settled = state;
    for (;;) {
      const step = this.#steps.unobserved(settled);
      if (step === null) return settled;
      taken?.push(step);
      settled = step.state;
    }
  }

  #find(state: ModelState, parent: number, ordinal: number): number {
    const key = keyOf(state);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    if (id >= this.#maxStates) throw new Error(`"${this.#scenario.name}" has more than ${this.#maxStates} states`);
    this.#ids.set(key, id);
    this.#graph.cameFrom(parent, ordinal);
    this.#waiting.push(state);
    return id;
  }

  // --- what must hold

  #faultOf(state: ModelState): string | null {
    const { programs, limits } = this.#scenario;
    for (const [thread, node] of state.nodes.entries()) {
      if (node?.broken) return `${programs[thread]?.name} broke: ${node.broken}`;
    }
    for (const [index, limit] of limits.entries()) {
      const used = this.#steps.valueOf(state, resourceBase(index) + ResourceWord.USED) & USED_MASK;
      const held = state.nodes.reduce((sum, node) => sum + (node?.holds[index] ?? 0), 0);
      if (used > limit) return `resource ${index}: ${used} units in use, more than the capacity ${limit}`;
      if (held > used) return `resource ${index}: threads hold ${held} units, but only ${used} count as in use`;
    }
    return null;
  }

  #endingOf({ words, nodes }: ModelState): string {
    const knowledge = this.#knowledge;
    const changed = words.flatMap((value, slot) => {
      const word = knowledge.wordAt(slot);
      return value === knowledge.startOf(word) ? [] : [`${word}=${value}`];
    });
    return `${changed.sort().join()} ${nodes.map((node) => node?.notes ?? 'dead').join()}`;
  }

  #faultAtEnd(state: ModelState): string | null {
    const { programs } = this.#scenario;
    for (const [thread, node] of state.nodes.entries()) {
      if (node === null || node.pending === null) continue;
      return `${programs[thread]?.name} waits for ever (${node.pending.kind}), and nobody is left to wake it`;
    }
    return this.#scenario.atEnd({ word: (index) => this.#steps.valueOf(state, index) });
  }

  // --- results

  #result(failure: Failure | null): Exploration {
    return {
      states: this.#ids.size,
      transitions: this.#graph.transitions,
      schedules: failure === null && !this.#knowledge.hasGrown ? this.#graph.countSchedules() : 0n,
      endings: this.#endings,
      executions: this.#tree.size,
      failure,
    };
  }

  // In a pass that is repeated anyway the steps are not those that led here any more.
  async #schedule(id: number): Promise<string[]> {
    return this.#knowledge.hasGrown ? [] : await this.#complete(() => this.#scheduleTo(id));
  }

  #scheduleTo(id: number): string[] {
    const steps: Step[] = [];
    let state = this.#settle(this.#start(), steps);
    for (const ordinal of this.#graph.pathTo(id)) {
      const step = this.#steps.all(state)[ordinal];
      if (step === undefined) throw new Error('a schedule cannot be repeated');
      steps.push(step);
      state = this.#settle(step.state, steps);
    }
    return scheduleText(steps, this.#scenario.programs);
  }
}
