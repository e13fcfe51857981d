// Owns what the built-in actions accept. Kept apart from them because zod costs a thread 40 ms to load: it is imported
// when the first action with parameters runs.

import { z } from 'zod';
import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';

/** Longest time that a timer of Node can wait. */
const MAX_SECONDS = 2_147_483;
const MAX_BURN_MS = 86_400_000;

/** Checks the parameters of an action. @throws RuntimeError PARAMETER_INVALID naming every fault. */
type Parser<Parameters> = (parameters: JsonObject) => Parameters;

export const parseEcho = parserOf('echo', z.object({ message: z.json() }));
export const parseSleep = parserOf('sleep', z.object({ duration: z.number().min(0).max(MAX_SECONDS) }));
export const parseBurn = parserOf('burn', z.object({ ms: z.number().min(0).max(MAX_BURN_MS) }));
export const parseFail = parserOf(
  'fail',
  z.object({ message: z.string().default('failed as asked'), times: z.int().min(0).optional() }),
);
export const parseCommand = parserOf(
  'command',
  z.object({
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    cwd: z.string().min(1).optional(),
    env: z.record(z.string(), z.string()).optional(),
    timeout: z.number().positive().max(MAX_SECONDS).optional(),
  }),
);

export type CommandParameters = ReturnType<typeof parseCommand>;

// Parameters it does not know are left aside, since a run's parameters are offered to every step.
function parserOf<Parameters>(action: string, schema: z.ZodType<Parameters>): Parser<Parameters> {
  return (parameters) => {
    const result = schema.safeParse(parameters);
    if (result.success) return result.data;
    const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'parameters'}: ${issue.message}`);
    throw new RuntimeError('PARAMETER_INVALID', `core.${action}: ${faults.join('; ')}; correct the step's parameters`, {
      details: { action, faults },
    });
  };
}
