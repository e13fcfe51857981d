// Owns the names of task modules that people could have meant: for suggestions and for `doctor`, never for loading.

import { listModules } from '../engine/module-listing.ts';

/** Names of the modules in the folders, such as `inventory/scan`; folders that cannot be read have none. */
export function listModuleNames(tasksDirs: readonly string[]): string[] {
  return listModules(tasksDirs, { deepest: 4, most: 2_000 }).map(({ name }) => name);
}
