// Owns tasks while they are collected: every name, declared or only mentioned, is a small number from the start.
// Why: comparing and hashing text is most of the cost of a graph; it is done once a mention, and a table that grew
// is checked again by numbers alone. Must never judge: what is wrong is found in `task-graph.ts`.

import { at } from './adjacency.ts';

/** What a table holds at one moment. Ids number names by first mention, positions number tasks as they were added. */
export interface TaskRows {
  readonly nameOfId: readonly string[];
  /** Position of the first task of each id, −1 where none was added. */
  readonly positionOfId: Int32Array;
  readonly idOfPosition: readonly number[];
  /** Dependencies of the task at position `p`, as listed: `ids[offsets[p]]` … `ids[offsets[p + 1] - 1]`. */
  readonly offsets: Int32Array;
  readonly ids: Int32Array;
}

/** Tasks and dependencies by number, in the order they were given; repetitions and unknown names included. */
export class TaskTable {
  readonly #idOfName = new Map<string, number>();
  readonly #nameOfId: string[] = [];
  readonly #positionOfId: number[] = [];
  readonly #idOfPosition: number[] = [];
  /** One entry a dependency in each list: the position of the task that has it, and the id of what it names. */
  readonly #holders: number[] = [];
  readonly #mentions: number[] = [];

  get size(): number {
    return this.#idOfPosition.length;
  }

  /** Id of a name, −1 if it was never mentioned. */
  idOf(name: string): number {
    return this.#idOfName.get(name) ?? -1;
  }

  /** Position of the first task of a name, −1 if there is none. */
  positionOf(name: string): number {
    return this.#positionOfId[this.idOf(name)] ?? -1;
  }

  add(name: string, dependencies: readonly string[]): void {
    const id = this.#intern(name);
    const position = this.#idOfPosition.length;
    this.#idOfPosition.push(id);
    if (this.#positionOfId[id] === -1) this.#positionOfId[id] = position;
    for (const dependency of dependencies) this.addDependency(position, dependency);
  }

  addDependency(position: number, dependency: string): void {
    this.#holders.push(position);
    this.#mentions.push(this.#intern(dependency));
  }

  /** The table as it is now; later additions do not show in it, except that `nameOfId` and `idOfPosition` grow. */
  rows(): TaskRows {
    const size = this.size;
    const offsets = new Int32Array(size + 1);
    for (const holder of this.#holders) offsets[holder + 1] = at(offsets, holder + 1) + 1;
    for (let position = 0; position < size; position++) {
      offsets[position + 1] = at(offsets, position + 1) + at(offsets, position);
    }
    const cursor = offsets.slice(0, size);
    const ids = new Int32Array(this.#mentions.length);
    for (let entry = 0; entry < ids.length; entry++) {
      const holder = this.#holders[entry] as number;
      const slot = at(cursor, holder);
      ids[slot] = this.#mentions[entry] as number;
      cursor[holder] = slot + 1;
    }
    const positionOfId = Int32Array.from(this.#positionOfId);
    return { nameOfId: this.#nameOfId, positionOfId, idOfPosition: this.#idOfPosition, offsets, ids };
  }

  #intern(name: string): number {
    const known = this.#idOfName.get(name);
    if (known !== undefined) return known;
    const id = this.#nameOfId.length;
    this.#idOfName.set(name, id);
    this.#nameOfId.push(name);
    this.#positionOfId.push(-1);
    return id;
  }
}
