// Owns the graph of states of one exploration: how each state was first reached, what follows from each, and how many
// complete schedules there are. Flat lists of numbers: graphs of millions of edges are normal here.

export class ScheduleGraph {
  readonly #parents: number[] = [];
  readonly #ordinals: number[] = [];
  // Edges of state s stand at starts[s] … starts[s + 1].
  readonly #starts: number[] = [];
  readonly #edges: number[] = [];
  get transitions(): number {
    return this.#edges.length;
  }

  /** Notes a new state: the step with this ordinal, of that parent. */
  cameFrom(parent: number, ordinal: number): void {
    this.#parents.push(parent);
    this.#ordinals.push(ordinal);
  }

  /** The edges that are added next belong to this state; states come in ascending order, each once. */
  beginState(state: number): void {
    if (state !== this.#starts.length) throw new Error(`state ${state} out of order`);
    this.#starts.push(this.#edges.length);
  }

  addEdge(to: number): void {
    this.#edges.push(to);
  }

  /** Which step to take from the start on, to come to a state by a shortest way. */
  pathTo(state: number): number[] {
    const path: number[] = [];
    for (let at = state; at > 0; at = this.#parents[at] ?? 0) path.unshift(this.#ordinals[at] ?? 0);
    return path;
  }

  /** Paths from the start to states without a successor. */
  countSchedules(): bigint {
    const counts = new Map<number, bigint>();
    const open = new Set<number>([0]);
    const stack = [0];
    const cursor = [0];
    while (stack.length > 0) {
      const state = stack.at(-1) ?? 0;
      const from = this.#starts[state] ?? 0;
      const to = this.#starts[state + 1] ?? this.#edges.length;
      const at = cursor.pop() ?? 0;
      if (from + at < to) {
        cursor.push(at + 1);
        const next = this.#edges[from + at] ?? 0;
        if (counts.has(next)) continue;
        if (open.has(next)) throw new Error('the graph of states has a cycle: a program can go on for ever');
        open.add(next);
        stack.push(next);
        cursor.push(0);
        continue;
      }
      stack.pop();
      open.delete(state);
      let sum = from === to ? 1n : 0n;
      for (let edge = from; edge < to; edge++) sum += counts.get(this.#edges[edge] ?? 0) ?? 0n;
      counts.set(state, sum);
    }
    return counts.get(0) ?? 0n;
  }
}
