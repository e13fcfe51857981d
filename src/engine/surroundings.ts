// Owns what can be told of an engine's surroundings before one is started: which task modules its folders have, what
// capacities this machine gives it. For the shell's checks, which must not wait for threads.

import { defaultResources, readMachine } from '../resources/default-resources.ts';
import { CORE_MODULE, resolveModule } from '../workers/module-loader.ts';

/** The module that every engine has built in. */
export const BUILT_IN_MODULE: string = CORE_MODULE;

/** Whether a module is built in or a file of one of the folders (absolute paths). */
export function isModuleKnown(module: string, tasksDirs: readonly string[]): boolean {
  const { kind } = resolveModule(module, tasksDirs);
  return kind === 'file' || kind === 'builtin';
}

/** Capacities of the resources that every engine starts with, by id. */
export function defaultCapacities(): ReadonlyMap<string, number> {
  return new Map(defaultResources(readMachine()).map(({ resourceId, capacity }) => [resourceId, capacity]));
}
