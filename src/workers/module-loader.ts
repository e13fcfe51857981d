// Owns how a step's `module` and `action` become a function. `resolveModule` says where a module is and is safe to call
// anywhere; `ModuleLoader` imports it, once a thread. No module outside the tasks folders is ever imported, except those
// that the program registered by URL and the built-in `core`.

import { realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { TaskAction } from '../domain/task-context.ts';

/** The name of the module that needs no file. */
export const CORE_MODULE = 'core';
/** Of module files, in the order in which they are tried. */
export const MODULE_EXTENSIONS: readonly string[] = ['.ts', '.js', '.mjs'];

/** Where a module is. `searched` and `path` are absolute. */
export type ModuleResolution =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'builtin' }
  | { readonly kind: 'missing'; readonly searched: readonly string[] }
  | { readonly kind: 'escapes' };

/** Looks a module up: built in, then `<dir>/<module>.ts|.js|.mjs` in each folder in order. Imports nothing. */
export function resolveModule(module: string, tasksDirs: readonly string[]): ModuleResolution {
  if (module === CORE_MODULE) return { kind: 'builtin' };
  if (!isPlainName(module)) return { kind: 'escapes' };
  for (const dir of tasksDirs) {
    const root = realPathOf(dir);
    if (root === undefined) continue;
    for (const extension of MODULE_EXTENSIONS) {
      const path = realPathOf(join(root, `${module}${extension}`));
      if (path === undefined || !isFile(path)) continue;
      // A link may lead out of the folder although its name does not.
      return path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)
        ? { kind: 'file', path }
        : { kind: 'escapes' };
    }
  }
  return { kind: 'missing', searched: [...tasksDirs] };
}

// Segments joined by '/', none of them empty or a step upwards, and nothing a file system reads otherwise.
function isPlainName(module: string): boolean {
  if (module.includes('\\') || module.includes('\0')) return false;
  return module.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

interface LoadedModule {
  readonly url: string | null;
  readonly exports: object;
}

export class ModuleLoader {
  readonly #tasksDirs: readonly string[];
  readonly #loadCore: () => Promise<object>;
  readonly #loaded = new Map<string, LoadedModule>();

  /** `loadCore` imports the built-in module; it is not loaded before it is used. */
  constructor(tasksDirs: readonly string[], loadCore: () => Promise<object>) {
    this.#tasksDirs = tasksDirs;
    this.#loadCore = loadCore;
  }

  /** The action if its module is already imported: the hot path, without a promise. */
  find(module: string, url: string | null, action: string): TaskAction | undefined {
    const loaded = this.#loaded.get(module);
    if (loaded === undefined || loaded.url !== url) return undefined;
    return ownAction(loaded.exports, action);
  }

  /**
   * Imports the module if need be and gives the action.
   * @throws RuntimeError MODULE_NOT_FOUND, MODULE_PATH_ESCAPES, MODULE_LOAD_FAILED, ACTION_NOT_FOUND
   */
  async load(module: string, url: string | null, action: string): Promise<TaskAction> {
    const exports = url === null ? await this.#import(module) : await importFile(module, url);
    this.#loaded.set(module, { url, exports });
    const found = ownAction(exports, action);
    if (found !== undefined) return found;
    const actions = Object.keys(exports).filter((name) => ownAction(exports, name) !== undefined);
    throw new RuntimeError(
      'ACTION_NOT_FOUND',
      `module '${module}' exports no function '${action}'; it exports: ${actions.join(', ') || 'none'}`,
      { details: { module, action, actions } },
    );
  }

  async #import(module: string): Promise<object> {
    const resolution = resolveModule(module, this.#tasksDirs);
    if (resolution.kind === 'builtin') return this.#loadCore();
    if (resolution.kind === 'file') return importFile(module, pathToFileURL(resolution.path).href);
    throw moduleFault(module, resolution);
  }
}

/** The error for a module that cannot be used; shared by threads and by validation on the main thread. */
export function moduleFault(
  module: string,
  resolution: Extract<ModuleResolution, { kind: 'missing' | 'escapes' }>,
): RuntimeError {
  if (resolution.kind === 'escapes') {
    return new RuntimeError(
      'MODULE_PATH_ESCAPES',
      `module ${JSON.stringify(module)} leads outside the tasks folders; use a name like 'folder/module'`,
      { details: { module } },
    );
  }
  const { searched } = resolution;
  const where = searched.length === 0 ? 'there is no tasks folder' : `searched ${searched.join(', ')}`;
  return new RuntimeError(
    'MODULE_NOT_FOUND',
    `module '${module}' is not there: ${where}; add ${module}.ts or .js to one of them, or register the module`,
    { details: { module, searched } },
  );
}

async function importFile(module: string, url: string): Promise<object> {
  try {
    const exports: unknown = await import(url);
    return typeof exports === 'object' && exports !== null ? actionsOf(exports) : {};
  } catch (error) {
    throw new RuntimeError('MODULE_LOAD_FAILED', `module '${module}' failed while being imported from ${url}`, {
      cause: error,
      details: { module, url },
    });
  }
}

// Node finds the names of a CommonJS module by reading its text, which misses most of `module.exports = {…}`: those stand
// in the default export alone.
function actionsOf(exports: object): object {
  const whole: unknown = Object.hasOwn(exports, 'default') ? Reflect.get(exports, 'default') : undefined;
  const isCommonJs = Object.hasOwn(exports, 'module.exports');
  return isCommonJs && typeof whole === 'object' && whole !== null ? { ...whole, ...exports } : exports;
}

function ownAction(exports: object, name: string): TaskAction | undefined {
  if (!Object.hasOwn(exports, name)) return undefined;
  const value: unknown = Reflect.get(exports, name);
  return isTaskAction(value) ? value : undefined;
}

function isTaskAction(value: unknown): value is TaskAction {
  return typeof value === 'function';
}
