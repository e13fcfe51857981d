// Owns the rules that put tasks in order of urgency, the starting points of a search.
// Sources: R. Kolisch, "Efficient priority rules for the RCPSP", J. Oper. Manag. 14, 1996; R. Klein, "Bidirectional planning", EJOR
// 127, 2000. It must never decide between equals: its keys go into a stable sort.

import type { PlanningModel } from './planning-model.ts';

/** Above this many tasks the count of all successors is left out: it takes a set of tasks for each task. */
const MOST_TASKS_COUNTED = 500;

export interface PriorityRule {
  readonly name: string;
  /** By task, the lowest goes first; null where the rule would cost too much. */
  keys(model: PlanningModel): Float64Array | null;
}

/** The longest path to the end first, which is the upward rank of HEFT, and the latest start. */
export function latestStart({ tails }: PlanningModel): Float64Array {
  return tails.map((tail) => -tail);
}

/** The least time from a task's end to that of all. */
export function latestFinish({ tails, durations }: PlanningModel): Float64Array {
  return tails.map((tail, task) => (durations[task] as number) - tail);
}

/** Best ones first. */
export const PRIORITY_RULES: readonly PriorityRule[] = [
  { name: 'critical path', keys: latestStart },
  { name: 'latest finish time', keys: latestFinish },
  { name: 'resource-weighted path', keys: resourceWeightedPaths },
  { name: 'least slack', keys: ({ tails, heads }) => tails.map((tail, task) => -tail - (heads[task] as number)) },
  { name: 'rank positional weight', keys: positionalWeights },
  { name: 'most successors', keys: (model) => (model.size > MOST_TASKS_COUNTED ? null : successorCounts(model)) },
];

/** Longest path where a task weighs its duration times one more than the largest share of a capacity it holds. */
function resourceWeightedPaths(model: PlanningModel): Float64Array {
  const { topological, durations, capacities, requestOffsets, requestResources, requestUnits } = model;
  const { afterOffsets, after } = model.forward;
  const keys = new Float64Array(model.size);
  for (let place = topological.length - 1; place >= 0; place--) {
    const task = topological[place] as number;
    let share = 0;
    for (let entry = requestOffsets[task] as number; entry < (requestOffsets[task + 1] as number); entry++) {
      const capacity = capacities[requestResources[entry] as number] as number;
      share = Math.max(share, (requestUnits[entry] as number) / capacity);
    }
    let least = 0;
    for (let edge = afterOffsets[task] as number; edge < (afterOffsets[task + 1] as number); edge++) {
      least = Math.min(least, keys[after[edge] as number] as number);
    }
    keys[task] = least - (durations[task] as number) * (1 + share);
  }
  return keys;
}

function positionalWeights({ size, durations, forward }: PlanningModel): Float64Array {
  const keys = new Float64Array(size);
  for (let task = 0; task < size; task++) {
    let weight = durations[task] as number;
    const end = forward.afterOffsets[task + 1] as number;
    for (let edge = forward.afterOffsets[task] as number; edge < end; edge++) {
      weight += durations[forward.after[edge] as number] as number;
    }
    keys[task] = -weight;
  }
  return keys;
}

function successorCounts({ size, topological, forward }: PlanningModel): Float64Array {
  const words = (size + 31) >> 5;
  const sets = new Int32Array(size * words);
  const keys = new Float64Array(size);
  for (let place = size - 1; place >= 0; place--) {
    const task = topological[place] as number;
    const row = task * words;
    for (let edge = forward.afterOffsets[task] as number; edge < (forward.afterOffsets[task + 1] as number); edge++) {
      const dependent = forward.after[edge] as number;
      sets[row + (dependent >> 5)] = (sets[row + (dependent >> 5)] as number) | (1 << (dependent & 31));
      for (let word = 0; word < words; word++) {
        sets[row + word] = (sets[row + word] as number) | (sets[dependent * words + word] as number);
      }
    }
    let count = 0;
    for (let word = 0; word < words; word++) count += bitsIn(sets[row + word] as number);
    keys[task] = -count;
  }
  return keys;
}

function bitsIn(word: number): number {
  let rest = word - ((word >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
