// Checks the application before it is deployed: the API against its documentation, the data against the
// tables, and the tests.

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { TaskContext } from 'yardmaster';

const run = promisify(execFile);

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface BackendParameters extends ProjectParameters {
  /** Module that exports `App` and `ROUTES`. */
  app: string;
  /** Markdown file with a table of the routes. */
  api: string;
}

/** Checks that the documented routes are those of the backend, and that each one that only reads answers. */
export async function backend({ root = '.', app, api }: BackendParameters, context: TaskContext) {
  const module: typeof import('../backend/app.ts') = await import(pathToFileURL(resolve(root, app)).href);
  const text = await readFile(resolve(root, api), { encoding: 'utf8', signal: context.signal });
  const documented = [...text.matchAll(/^\| ([A-Z]+) \| `([^`]+)` \|/gm)].map(
    ([, method, path]) => `${method} ${path}`,
  );
  const routes: readonly string[] = module.ROUTES;
  const faults = [
    ...routes.filter((route) => !documented.includes(route)).map((route) => `${route} is not in ${api}`),
    ...documented.filter((route) => !routes.includes(route)).map((route) => `${route} is in ${api} and not in ${app}`),
  ];
  const server = new module.App();
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ');
    if (method !== 'GET') continue;
    const { status } = server.respond({ method, path });
    if (status !== 200) faults.push(`${route} answers ${status}`);
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  context.log('info', `${routes.length} routes are documented and answer`);
  return { routes };
}

interface DatabaseParameters extends ProjectParameters {
  /** SQL file with `CREATE TABLE` statements. */
  schema: string;
  /** JSON file with rows by table. */
  seed: string;
}

/** Checks that each row of the seed fits a table of the schema. */
export async function database({ root = '.', schema, seed }: DatabaseParameters, context: TaskContext) {
  const sql = await readFile(resolve(root, schema), { encoding: 'utf8', signal: context.signal });
  const tables = new Map<string, string[]>();
  for (const [, table = '', columns = ''] of sql.matchAll(/CREATE TABLE (\w+) \(([\s\S]*?)\n\);/g)) {
    tables.set(
      table,
      [...columns.matchAll(/^\s*(\w+)/gm)].map((match) => match[1] ?? ''),
    );
  }
  const rows: Record<string, object[]> = JSON.parse(await readFile(resolve(root, seed), 'utf8'));
  const faults = Object.entries(rows).flatMap(([table, list]) => {
    const columns = tables.get(table);
    if (columns === undefined) return [`${seed} has rows for ${table}, which ${schema} has not`];
    const unknown = list.flatMap((row) => Object.keys(row)).filter((column) => !columns.includes(column));
    return [...new Set(unknown)].map((column) => `table ${table} has no column ${column}`);
  });
  if (faults.length > 0) throw new Error(faults.join('; '));
  return { tables: [...tables.keys()], rows: Object.values(rows).reduce((sum, list) => sum + list.length, 0) };
}

interface TestParameters extends ProjectParameters {
  /** Folder of `*.test.ts` files. */
  folder: string;
}

/** Runs the tests in a process of their own; fails with what they say where one of them fails. */
export async function tests({ root = '.', folder }: TestParameters, context: TaskContext) {
  const files = (await readdir(resolve(root, folder))).filter((file) => file.endsWith('.test.ts')).sort();
  if (files.length === 0) throw new Error(`${folder} has no file that ends in .test.ts; write one`);
  const paths = files.map((file) => resolve(root, folder, file));
  const options = { cwd: resolve(root), signal: context.signal };
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', ...paths], options).catch(
    (error: unknown) => {
      context.signal.throwIfAborted();
      const output = error instanceof Error ? String(Reflect.get(error, 'stdout') ?? error.message) : String(error);
      const failed = output.match(/^\s*not ok .*$/gm) ?? [output];
      throw new Error(`tests failed: ${failed.map((line) => line.trim()).join('; ')}`);
    },
  );
  const passed = Number(/^# pass (\d+)$/m.exec(stdout)?.[1] ?? 0);
  context.log('info', `${passed} tests passed`);
  return { files, passed };
}
