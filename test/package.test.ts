// Owns the proof that what is published works: the package is built, packed, unpacked into an empty program's
// node_modules and used from there, by its executable and by its public names. No network: the dependencies are linked.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const manifest = z
  .object({ version: z.string(), files: z.array(z.string()), dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));

const PROGRAM = `
import { OrchestrationEngine, WorkflowDAG } from 'yardmaster';

const levels = new WorkflowDAG({ a: [], b: ['a'] }).getExecutionLevels();
await using engine = await OrchestrationEngine.create({ dataDir: ':memory:', maxWorkers: 1, workflowsDir: 'workflows' });
engine.workflows.createWorkflow('greeting', [
  { name: 'hello', module: 'core', action: 'echo', parameters: { message: 'from a thread' } },
]);
const execution = await engine.executeWorkflow('greeting');
console.log(JSON.stringify({ levels, status: execution.status }));
`;

describe('the packed package', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'yardmaster-package-'));
  const staged = join(scratch, 'staged');
  const program = join(scratch, 'program');
  const installed = join(program, 'node_modules', 'yardmaster');

  beforeAll(async () => {
    await stagePackage(staged);
    const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', scratch], staged);
    mkdirSync(installed, { recursive: true });
    await run('tar', ['-xzf', join(scratch, packed.trim()), '--strip-components=1', '-C', installed], scratch);
    linkDependencies(join(program, 'node_modules'));
    mkdirSync(join(program, 'workflows'));
    writeFileSync(join(program, 'program.mjs'), PROGRAM);
  }, 180_000);

  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it('holds what package.json names, and neither sources nor tests', () => {
    const entries = readdirSync(installed).sort();
    expect(entries).toEqual([...manifest.files, 'package.json'].sort());
    expect(
      readdirSync(join(installed, 'dist'), { recursive: true }).filter((path) => /(?<!\.d)\.ts$/.test(String(path))),
    ).toEqual([]);
  });

  it('has an executable that explains itself and knows its version', async () => {
    const bin = join(installed, 'bin', 'yardmaster.mjs');
    expect(await run(process.execPath, [bin, '--help'], program)).toMatch(/Usage: yardmaster/);
    expect(await run(process.execPath, [bin, '--version'], program)).toContain(manifest.version);
  });

  it('brings the page of the dashboard along', async () => {
    const look = `import { OrchestrationEngine, openDashboard } from 'yardmaster';
      await using engine = await OrchestrationEngine.create({ dataDir: ':memory:', maxWorkers: 1 });
      const dashboard = await openDashboard(engine, { port: 0 });
      const response = await fetch(dashboard.url.split('?')[0], { headers: { authorization: 'Bearer ' + dashboard.token } });
      console.log(response.status, await response.text());
      await dashboard.close();`;
    const printed = await run(process.execPath, ['--input-type=module', '--eval', look], program);
    expect(printed).toMatch(/^200 [\s\S]*<script type="module"/);
  });

  it('runs a task on a thread for a program that imports it', async () => {
    const printed: unknown = JSON.parse(await run(process.execPath, ['program.mjs'], program));
    expect(printed).toEqual({ levels: [['a'], ['b']], status: 'completed' });
  });
});

/** Lays out what npm would pack, with a fresh build, without touching the project's own folder. */
async function stagePackage(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')], ROOT);
  const bundler = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const page = ['build', 'src/dashboard/page', '--logLevel', 'error', '--outDir', join(folder, 'dist/dashboard/page')];
  await run(process.execPath, [bundler, ...page, '--emptyOutDir'], ROOT);
  for (const name of [...manifest.files, 'package.json']) {
    if (name !== 'dist') cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
}

function linkDependencies(modules: string): void {
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
  }
}

/** What a command prints on stdout; rejects with its stdout and stderr when it fails. */
async function run(command: string, args: string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, timeout: 120_000 });
    return stdout;
  } catch (error) {
    const output =
      error instanceof Error ? ['stdout', 'stderr'].map((stream) => Reflect.get(error, stream)).join('\n') : '';
    throw new Error(`${command} ${args.join(' ')} failed: ${output}`, { cause: error });
  }
}
