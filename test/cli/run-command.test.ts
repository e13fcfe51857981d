// Owns the tests of `run`, through the real executable with real threads.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { SAME_PRESS_MS } from '../../src/cli/interruption.ts';
import { ended, findOldNode, startYardmaster, yardmaster } from './bin.ts';
import { coreStep, workFolder } from './work-folder.ts';

const OLD_NODE = findOldNode();
const WORK_MODULE = `
  import { readFileSync, writeSync } from 'node:fs';
  class DecodeError extends Error { name = 'DecodeError'; code = 'E_DECODE'; details = { offset: 12 }; }
  export function broken() { throw new DecodeError('bad header', { cause: new TypeError('not a buffer') }); }
  export function page(parameters) { console.log('printed by a task'); return { page: '/out/index.html', parameters }; }
  export async function slow({ ms }, context) {
    context.log('info', 'under way');
    const endMs = Date.now() + ms;
    while (Date.now() < endMs && !context.isCancelled()) await new Promise((resolve) => setTimeout(resolve, 10));
    if (context.isCancelled()) throw new Error('stopped');
    return 'done';
  }
  export async function talks({ ms }, context) {
    const endMs = Date.now() + ms;
    while (Date.now() < endMs && !context.isCancelled()) {
      context.log('info', 'still here');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  export function readsPipe() { writeSync(2, 'reading'); return readFileSync('pipe', 'utf8'); }
  export function spin() { console.error('spinning'); while (true) {} }
`;
const SUMMARY = z.strictObject({
  type: z.literal('run.summary'),
  runId: z.string(),
  workflow: z.string(),
  status: z.string(),
  tasks: z.strictObject({
    total: z.number(),
    completed: z.number(),
    failed: z.number(),
    skipped: z.number(),
    cancelled: z.number(),
  }),
  durationMs: z.number(),
  outputs: z.record(z.string(), z.unknown()),
});
const EVENT = z.looseObject({ seq: z.number(), at: z.iso.datetime(), type: z.string(), data: z.looseObject({}) });

function work(name: string, action: string, rest: Readonly<Record<string, unknown>> = {}) {
  return { name, module: 'work', action, ...rest };
}

function folder(steps: readonly unknown[], rest: Readonly<Record<string, unknown>> = {}): string {
  return workFolder({ 'flow.json': { ...rest, steps }, 'tasks/work.ts': WORK_MODULE });
}

/** Sends signals when the text has been seen that many times, and gives the end. */
async function signalled(cwd: string, seen: string, signals: readonly NodeJS.Signals[], node?: string) {
  const args = ['run', 'flow.json', '--grace-ms', '100', '--workers', '2'];
  const child = startYardmaster(args, { cwd, ...(node === undefined ? {} : { node }) });
  let text = '';
  let sent = 0;
  const look = (chunk: Buffer): void => {
    text += String(chunk);
    // The second signal follows the words about the first.
    const next = sent === 0 ? text.includes(seen) : text.includes('no new task starts');
    const signal = signals[sent];
    if (!next || signal === undefined) return;
    sent += 1;
    if (sent === 1) child.kill(signal);
    // A copy of the first press would come at once; a person takes longer.
    else setTimeout(() => child.kill(signal), 2 * SAME_PRESS_MS);
  };
  child.stdout?.on('data', look);
  child.stderr?.on('data', look);
  return ended(child);
}

test('a run on a pipe is plain lines, a summary with the page, and exit code 0', async () => {
  const cwd = folder([coreStep('first', 'noop'), work('last', 'page', { dependencies: ['first'] })]);
  const { code, stdout, stderr } = await yardmaster(['run', 'flow.json'], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^ +\d.* {2}run {8}flow run-\S+ started, 2 tasks\n/);
  expect(stdout).toMatch(/ started {4}first\n[\s\S]* completed {2}first in .* s\n[\s\S]* completed {2}last in .* s\n/);
  expect(stdout).toMatch(
    /\nflow completed in .* s: 2 of 2 tasks completed \(run run-\S+\)\n {2}page: \/out\/index\.html\n$/,
  );
  expect(stdout).not.toContain('\u001b');
});

test('--json is events in order without gaps, then the summary; what tasks print stays off stdout', async () => {
  const parameters = { count: 1, text: 'x', list: [0], keep: true };
  const cwd = folder([work('only', 'page', { parameters })]);
  const given = ['--param', 'count=2', '--param', 'text="3"', '--param', 'list=[1,{"a":null}]', '--run-id', 'mine'];
  const { code, stdout, stderr } = await yardmaster(['run', 'flow.json', '--json', ...given], { cwd });
  expect([code, stderr]).toEqual([0, 'printed by a task\n']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  const summary = SUMMARY.parse(lines.pop());
  const events = lines.map((line) => EVENT.parse(line));
  const first = events[0]?.seq ?? 0;
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => first + index));
  const types = events.map(({ type }) => type);
  expect(types.indexOf('task.started')).toBeLessThan(types.indexOf('task.completed'));
  expect(types.indexOf('task.completed')).toBeLessThan(types.indexOf('workflow.completed'));
  expect(summary).toMatchObject({
    runId: 'mine',
    workflow: 'flow',
    status: 'completed',
    tasks: { total: 1, completed: 1 },
  });
  expect(summary.outputs).toEqual({
    only: { page: '/out/index.html', parameters: { count: 2, text: '3', list: [1, { a: null }], keep: true } },
  });
});

test('parameters come from the file and the command line, which wins', async () => {
  const cwd = folder([work('only', 'page', { parameters: { a: '{{params.a}}', b: '{{params.b}}' } })]);
  const { writeFileSync } = await import('node:fs');
  writeFileSync(join(cwd, 'given.json'), JSON.stringify({ a: 'file', b: 'file' }));
  const { stdout } = await yardmaster(['run', 'flow.json', '--json', '--params', 'given.json', '--param', 'b=line'], {
    cwd,
  });
  const summary = SUMMARY.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
  expect(summary.outputs).toMatchObject({ only: { parameters: { a: 'file', b: 'line' } } });
});

test("a failed task's own error is shown whole, what depends on it is skipped, and the exit code is 1", async () => {
  const cwd = folder([
    work('bad', 'broken'),
    work('optional', 'broken', { required: false }),
    coreStep('after', 'noop', { dependencies: ['bad'] }),
    coreStep('beside', 'noop'),
  ]);
  const { code, stdout, stderr } = await yardmaster(['run', 'flow.json'], { cwd });
  const error = 'DecodeError: bad header (details {"offset":12}); caused by TypeError: not a buffer';
  expect(code).toBe(1);
  expect(stderr).toBe(`error E_DECODE: task "bad": ${error}\nwarning E_DECODE: task "optional": ${error}\n`);
  expect(stdout).toMatch(/ skipped {4}after: upstream failed: 'bad'\n/);
  expect(stdout).toMatch(/flow failed in .*: 1 of 4 tasks completed, 2 failed, 1 skipped/);
});

test.each([
  [
    'an unknown module',
    [{ name: 'a', module: 'wrok', action: 'x' }],
    [],
    /^error STEP_MODULE_UNKNOWN: .*"work".*\$\.steps\[0\]\.module$/,
  ],
  [
    'a missing parameter',
    [coreStep('a', 'echo', { parameters: { message: '{{params.who}}' } })],
    [],
    /^error PARAMETER_INVALID: .*"who"/,
  ],
  [
    'a request above capacity',
    [coreStep('a', 'noop', { resources: { disk: 9 } })],
    [],
    /^error RESOURCE_CAPACITY_EXCEEDED: .*disk/,
  ],
  ['a negative amount', [coreStep('a', 'noop', { resources: { disk: -1 } })], [], /^error RESOURCE_AMOUNT_INVALID: /],
  [
    'an unknown resource',
    [coreStep('a', 'noop', { resources: { dis: 1 } })],
    [],
    /^error RESOURCE_NOT_FOUND: .*"disk"/,
  ],
  ['a bad priority', [coreStep('a', 'noop', { priority: 9 })], [], /^error WORKFLOW_SCHEMA: priority must be one of/],
  ['an unknown dependency', [coreStep('a', 'noop', { dependencies: ['b'] })], [], /^error DEPENDENCY_MISSING: /],
  ['a task that needs itself', [coreStep('a', 'noop', { dependencies: ['a'] })], [], /^error DEPENDENCY_SELF: /],
  ['two tasks of one name', [coreStep('a', 'noop'), coreStep('a', 'noop')], [], /^error TASK_DUPLICATE: /],
  [
    'a missing parameter file',
    [coreStep('a', 'noop')],
    ['--params', 'no.json'],
    /^error FILE_NOT_FOUND: --params no\.json does not exist/,
  ],
  [
    'a parameter file that is no object',
    [coreStep('a', 'noop')],
    ['--params', 'list.json'],
    /^error PARAMETER_INVALID: .*list\.json/,
  ],
])('%s stops the run before it starts, with one line and exit code 2', async (_what, steps, flags, line) => {
  const resources = [{ id: 'disk', type: 'storage', capacity: 4 }];
  const cwd = workFolder({ 'flow.json': { resources, steps }, 'tasks/work.ts': WORK_MODULE, 'list.json': [] });
  const { code, stdout, stderr } = await yardmaster(['run', 'flow.json', ...flags], { cwd });
  expect(stderr.trimEnd()).toMatch(line);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect([code, stdout]).toEqual([2, '']);
});

test('a missing file, broken JSON and an unknown name are one line each and exit code 2', async () => {
  const cwd = workFolder({ 'broken.json': '{', 'flows/nightly.json': { steps: [coreStep('a', 'noop')] } });
  const flags = ['--workflows', 'flows'];
  expect((await yardmaster(['run', 'no.json'], { cwd })).stderr).toBe(
    'error FILE_NOT_FOUND: no.json does not exist; check the path\n',
  );
  expect((await yardmaster(['run', 'broken.json'], { cwd })).stderr).toMatch(
    /^error WORKFLOW_JSON: .*broken\.json:1 at \$\n$/,
  );
  const unknown = await yardmaster(['run', 'nihgtly', ...flags], { cwd });
  expect(unknown.stderr).toMatch(
    /^error WORKFLOW_NOT_FOUND: no workflow is named "nihgtly" \(did you mean "nightly"\?\), in .*\n$/,
  );
  expect(unknown.code).toBe(2);
  expect((await yardmaster(['run', 'nightly', ...flags], { cwd })).code).toBe(0);
});

test('Ctrl-C drains: what runs finishes, nothing new starts, exit code 130', async () => {
  const cwd = folder([
    work('slow', 'slow', { parameters: { ms: 700 } }),
    coreStep('next', 'noop', { dependencies: ['slow'] }),
  ]);
  const { code, stdout, stderr } = await signalled(cwd, 'under way', ['SIGINT']);
  expect(stdout).toMatch(/notice {5}SIGINT: no new task starts, 1 running finishes/);
  expect(stdout).toMatch(/completed {2}slow/);
  expect(stdout).not.toMatch(/started {4}next/);
  expect(stderr).toMatch(/^run (\S+) is interrupted: 1 of 2 tasks done; go on with: yardmaster resume \1\n$/);
  expect(code).toBe(130);
});

test('a second Ctrl-C ends what runs, a loop that never looks up included', async () => {
  const cwd = folder([work('spin', 'spin'), coreStep('next', 'noop', { dependencies: ['spin'] })]);
  const { code, stdout, stderr } = await signalled(cwd, 'spinning', ['SIGINT', 'SIGINT']);
  expect(stdout).toMatch(/notice {5}SIGINT: running tasks are ended now/);
  expect(stderr).toMatch(/\nrun \S+ is interrupted: 0 of 2 tasks done; go on with: /);
  expect(code).toBe(130);
});

test.skipIf(process.platform === 'win32')(
  'a thread that is stuck in a system call holds up even the third Ctrl-C, and the fourth ends the process (skipped on Windows)',
  async () => {
    const cwd = folder([work('stuck', 'readsPipe')]);
    execFileSync('mkfifo', [join(cwd, 'pipe')]);
    const child = startYardmaster(['run', 'flow.json', '--grace-ms', '0'], { cwd });
    const end = ended(child);
    await new Promise((resolve) => child.stderr?.once('data', resolve));
    const presses = setInterval(() => child.kill('SIGINT'), 2 * SAME_PRESS_MS);
    const { code, signal, stdout } = await end;
    clearInterval(presses);
    expect(stdout).toMatch(/Ctrl-C again leaves at once/);
    expect([code, signal]).toEqual([null, 'SIGINT']);
  },
);

test('SIGTERM drains like the first Ctrl-C', async () => {
  const cwd = folder([
    work('slow', 'slow', { parameters: { ms: 500 } }),
    coreStep('next', 'noop', { dependencies: ['slow'] }),
  ]);
  const { code, stdout } = await signalled(cwd, 'under way', ['SIGTERM']);
  expect(stdout).toMatch(/completed {2}slow/);
  expect(code).toBe(130);
});

test.skipIf(OLD_NODE === undefined)(
  'under an old Node signals reach the run once and its exit code comes back (skipped where no old Node is)',
  async () => {
    const cwd = folder([
      work('slow', 'slow', { parameters: { ms: 700 } }),
      coreStep('next', 'noop', { dependencies: ['slow'] }),
    ]);
    const { code, stdout } = await signalled(cwd, 'under way', ['SIGINT'], OLD_NODE);
    expect(stdout).toMatch(/completed {2}slow/);
    expect(code).toBe(130);
  },
);

test('a reader that leaves ends the run without a stack', async () => {
  // It says something again and again: what it says first may reach the reader in one piece with what it says next.
  const cwd = folder([work('talks', 'talks', { parameters: { ms: 20_000 } }), coreStep('other', 'noop')]);
  const child = startYardmaster(['run', 'flow.json'], { cwd });
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  child.stdout?.once('data', () => child.stdout?.destroy());
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(stderr).toMatch(/^run \S+ is interrupted: \d of 2 tasks done; go on with: yardmaster resume \S+\n$/);
  expect(code).toBe(130);
});

/** Of util-linux; gives its command a terminal. */
const TERMINAL_RECORDER = 'script';
const HAS_SCRIPT = hasScript();

test.skipIf(!HAS_SCRIPT)(
  'on a terminal there is a live view, and afterwards the cursor is back (skipped without util-linux `script`)',
  async () => {
    const cwd = folder([
      work('slow', 'slow', { parameters: { ms: 500 } }),
      work('last', 'page', { dependencies: ['slow'] }),
    ]);
    const screen = onTerminal(cwd, 'run flow.json');
    expect(screen).toContain('\u001b[?25l');
    expect(screen).toMatch(/slow .* 0\.\d\d s/);
    expect(screen).toMatch(/0\/2 · 1\/\d+ threads · 0\.\d\d s/);
    expect(screen).toContain('printed by a task');
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
    expect(screen).toMatch(/page: \/out\/index\.html\r?\n$/);
  },
);

function hasScript(): boolean {
  try {
    return execFileSync(TERMINAL_RECORDER, ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
}

/** Everything that a terminal of 80 × 24 gets to see. */
function onTerminal(cwd: string, command: string): string {
  const bin = join(import.meta.dirname, '../../bin/yardmaster.mjs');
  const line = `stty cols 80 rows 24; "${process.execPath}" "${bin}" ${command}`;
  const { CI: _ci, ...environment } = process.env;
  return execFileSync(TERMINAL_RECORDER, ['-qec', line, '/dev/null'], {
    cwd,
    env: { ...environment, TERM: 'xterm-256color' },
    encoding: 'utf8',
    timeout: 30_000,
  });
}

test('a run parameter that nothing takes is a warning, and the run goes on', async () => {
  const cwd = folder([coreStep('a', 'echo', { parameters: { message: 'hi' } })]);
  const { code, stdout, stderr } = await yardmaster(['run', 'flow.json', '--param', 'mesage=x'], { cwd });
  expect(code).toBe(0);
  expect(stderr).toBe(
    'warning PARAMETER_INVALID: no step takes the run parameter "mesage" (did you mean "message"?); the run goes on without it, in flow.json\n',
  );
  expect(stdout).toContain('  a: hi\n');
});
