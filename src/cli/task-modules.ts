// Owns the list of task modules that people could have meant: for suggestions and for `doctor`, never for loading.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Folders are looked through to here; a tasks folder may hold a whole source tree. */
const MOST_MODULES = 2_000;
const DEEPEST = 4;
const MODULE_FILE = /^(.+)\.(?:ts|js|mjs)$/;
const NO_MODULE = /\.d\.ts$|\.test\.ts$/;

/** Names of the modules in the folders, such as `inventory/scan`; folders that cannot be read have none. */
export function listModuleNames(tasksDirs: readonly string[]): string[] {
  const names = new Set<string>();
  const pending = tasksDirs.map((dir) => ({ dir, prefix: '', depth: 0 }));
  for (let place = pending.shift(); place !== undefined && names.size < MOST_MODULES; place = pending.shift()) {
    for (const entry of entriesOf(place.dir)) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory() && place.depth < DEEPEST) {
        const prefix = `${place.prefix}${entry.name}/`;
        pending.push({ dir: join(place.dir, entry.name), prefix, depth: place.depth + 1 });
      }
      const name = NO_MODULE.test(entry.name) ? undefined : MODULE_FILE.exec(entry.name)?.[1];
      if (name !== undefined && entry.isFile()) names.add(place.prefix + name);
    }
  }
  return [...names];
}

function entriesOf(dir: string) {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    return [];
  }
}
