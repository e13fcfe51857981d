// Owns the form in which reasons for waiting travel from a live engine to another process, and its bound. What is read is
// checked: the two processes may be of different versions, and a reason that one does not know is still a sentence.

import { z } from 'zod';
import type { JsonValue } from '../domain/json-value.ts';
import type { WaitExplanation } from '../domain/wait-reason.ts';
import type { ExplanationBounds } from './run-explanation.ts';

/** More tasks than people read, in less time than anybody notices who waits for the engine. */
const BOUNDS = { limit: 200, withinMs: 20 } as const satisfies ExplanationBounds;

const waitSchema = z.object({
  task: z.string(),
  /** When it became ready (epoch milliseconds); null while it is not. */
  sinceMs: z.number().nullable(),
  reason: z.looseObject({ kind: z.string() }),
  message: z.string(),
});
const answerSchema = z.object({ waits: z.array(waitSchema) });

/** Why one task waits, as another process heard it. */
export type HeardWait = z.infer<typeof waitSchema>;

/** The answer to why the tasks of a run wait. */
export function answerOfWaits(explain: (bounds: ExplanationBounds) => readonly WaitExplanation[]): JsonValue {
  const waits = explain(BOUNDS).map(({ task, sinceMs, reason, message }) => ({ task, sinceMs, reason, message }));
  // What has no place in JSON (a plan without a latest time) becomes null, as it would on its way.
  const answer: JsonValue = JSON.parse(JSON.stringify({ waits }));
  return answer;
}

/** By task; empty for an answer that is not understood. */
export function heardWaits(answer: unknown): ReadonlyMap<string, HeardWait> {
  const parsed = answerSchema.safeParse(answer);
  return new Map(parsed.success ? parsed.data.waits.map((wait) => [wait.task, wait]) : []);
}
