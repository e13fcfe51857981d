// Owns what the bodies of a simulation do: how long they take, how they end, how they take a stop, and what they give.
// Each output tells which execution gave it, so that a task that ran twice cannot pass for one that ran once.

import type { JsonObject } from '../../src/domain/json-value.ts';
import type { TaskAssignment } from '../../src/domain/task-executor.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { BodyPlan } from './simulated-pool.ts';

export class BodyPlans {
  readonly #random: SeededRandom;
  readonly #trouble: number;

  /** `trouble`: share of bodies that misbehave. */
  constructor(random: SeededRandom, trouble: number) {
    this.#random = random;
    this.#trouble = trouble;
  }

  planOf({ runId, taskName, attempt }: TaskAssignment): BodyPlan {
    const random = this.#random.split(`${runId}/${taskName}/${attempt}`);
    const isTrouble = random.chance(this.#trouble);
    const end = isTrouble
      ? random.pick([
          'failed',
          'failed',
          'failed',
          'thread-died',
          'thread-died',
          'failed-for-good',
          'completed',
          'completed',
        ] as const)
      : 'completed';
    return {
      durationMs: isTrouble && end === 'completed' ? this.#longTime(random) : random.pick([0, 1, 2, 5, 10, 30, 60]),
      end,
      whenStopped: random.pick(['ends', 'completes', 'ignores'] as const),
      stopDelayMs: random.pick([0, 1, 5, 40, 60]),
      beatMs: random.chance(0.8) ? random.between(1, 8) : null,
      silentAfterMs: random.chance(0.2) ? random.between(0, 50) : Number.POSITIVE_INFINITY,
    };
  }

  outputOf({ taskName, attempt }: TaskAssignment, life: number): JsonObject {
    return { of: taskName, attempt, life, size: this.#random.split(taskName).between(0, 9) };
  }

  // Some take so long that whatever else can end them does.
  #longTime(random: SeededRandom): number {
    return random.chance(0.1) ? 10_000 : random.between(20, 300);
  }
}
