// Owns the built-in module `core`: the actions that every workflow can use without a tasks folder.

import { setTimeout as wait } from 'node:timers/promises';
import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { TaskAction, TaskContext } from '../domain/task-context.ts';
import { type ChildProcesses, runCommand } from './core-command.ts';

type Parsers = typeof import('./core-parameters.ts');

/** The actions of `core`; `children` starts child processes and knows them, so that none outlives a killed thread. */
export function createCoreModule(children: ChildProcesses): Readonly<Record<string, TaskAction>> {
  return {
    noop: () => null,
    echo: withParameters((parsers, parameters) => parsers.parseEcho(parameters).message),
    sleep: withParameters(sleep),
    burn: withParameters(burn),
    fail: withParameters(fail),
    command: withParameters((parsers, parameters, context) =>
      runCommand(parsers.parseCommand(parameters), context, children),
    ),
  };
}

function withParameters(
  action: (parsers: Parsers, parameters: JsonObject, context: TaskContext) => unknown,
): TaskAction {
  let parsers: Parsers | undefined;
  return async (parameters, context) => {
    parsers ??= await import('./core-parameters.ts');
    return action(parsers, parameters, context);
  };
}

async function sleep(parsers: Parsers, parameters: JsonObject, context: TaskContext): Promise<JsonObject> {
  const { duration } = parsers.parseSleep(parameters);
  await wait(duration * 1_000, undefined, { signal: context.signal });
  return { duration };
}

function burn(parsers: Parsers, parameters: JsonObject, context: TaskContext): JsonObject {
  const { ms } = parsers.parseBurn(parameters);
  const startedAtMs = performance.now();
  let rounds = 0;
  let state = 1;
  while (performance.now() - startedAtMs < ms) {
    if (context.isCancelled()) throw new RuntimeError('TASK_CANCELLED', `core.burn was stopped after ${rounds} rounds`);
    // A few microseconds of xorshift between two looks at the clock and the cancel word.
    for (let step = 0; step < 2_000; step += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    rounds += 1;
  }
  return { ms, rounds, state };
}

function fail(parsers: Parsers, parameters: JsonObject, context: TaskContext): JsonObject {
  const { message, times } = parsers.parseFail(parameters);
  if (times !== undefined && context.attempt > times) return { attempt: context.attempt };
  throw new RuntimeError('TASK_FAILED', message, { details: { attempt: context.attempt } });
}
