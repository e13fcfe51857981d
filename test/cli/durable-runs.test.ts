// Owns the tests of recorded runs through the real executable: killed, interrupted, taken up, repeated, steered from
// another process. Each test has a data folder of its own, and every process is a real one.

import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { SAME_PRESS_MS } from '../../src/cli/interruption.ts';
import { RunArchive } from '../../src/engine/run-archive.ts';
import { type Ended, seenBy, yardmaster } from './bin.ts';
import { coreStep, workFolder } from './work-folder.ts';

const WORK_MODULE = `
  import { appendFileSync, existsSync } from 'node:fs';
  const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
  export function note({ text }) { appendFileSync('notes.txt', text + '\\n'); return { text }; }
  export async function gate({ file }, context) {
    appendFileSync('notes.txt', 'at ' + file + '\\n');
    context.log('info', 'waits at ' + file);
    while (!existsSync(file)) {
      if (context.isCancelled()) throw new Error('stopped');
      await pause();
    }
    return file;
  }
  export function needs({ file }) {
    if (!existsSync(file)) throw new Error('no ' + file);
    return file;
  }
`;
const RUN_LINE = z.looseObject({ runId: z.string(), status: z.string(), tasks: z.looseObject({ total: z.number() }) });
const SUMMARY = z.looseObject({
  type: z.literal('run.summary'),
  status: z.string(),
  outputs: z.record(z.string(), z.unknown()),
});

function step(name: string, action: string, rest: Readonly<Record<string, unknown>> = {}) {
  return { name, module: 'work', action, ...rest };
}

const NOTED = step('noted', 'note', { parameters: { text: 'noted' } });
const GATED = step('gated', 'gate', { parameters: { file: 'open' }, dependencies: ['noted'] });
const AFTER = coreStep('after', 'noop', { dependencies: ['gated'] });

function folder(steps: readonly unknown[] = [NOTED, GATED, AFTER]): string {
  return workFolder({ 'flow.json': { steps }, 'tasks/work.ts': WORK_MODULE });
}

const RUN = ['run', 'flow.json', '--workers', '1', '--grace-ms', '50'];

/** A run that was killed while its gate was shut. */
async function killedRun(cwd: string, runId = 'killed'): Promise<void> {
  const { child, end } = await seenBy(cwd, [...RUN, '--run-id', runId], 'waits at open');
  // What the screen shows may be ahead of the disk by a moment.
  await expect.poll(() => recordedStatus(cwd, runId, 'gated')).toBe('running');
  child.kill('SIGKILL');
  expect((await end).signal).toBe('SIGKILL');
}

async function recordedStatus(cwd: string, runId: string, task: string): Promise<string | undefined> {
  const archive = RunArchive.open(join(cwd, '.yardmaster'));
  try {
    return archive.history(runId)?.tasks.get(task)?.status;
  } finally {
    await archive.close();
  }
}

async function listed(cwd: string, ...flags: string[]) {
  const { code, stdout, stderr } = await yardmaster(['runs', '--json', ...flags], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  return jsonLines(stdout).map((line) => RUN_LINE.parse(line));
}

function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

function notes(cwd: string): string[] {
  return readFileSync(join(cwd, 'notes.txt'), 'utf8').trimEnd().split('\n');
}

function open(cwd: string): void {
  writeFileSync(join(cwd, 'open'), '');
}

/** Opens the gate once the words about Ctrl-C have been seen. */
function openWhenDraining(cwd: string, child: ChildProcess): void {
  const look = (chunk: Buffer): void => {
    if (String(chunk).includes('no new task starts')) open(cwd);
  };
  child.stdout?.on('data', look);
  child.stderr?.on('data', look);
}

/** Presses Ctrl-C, and again once the words about the first one have been seen. */
function pressTwice(child: ChildProcess): void {
  child.stdout?.on('data', (chunk) => {
    if (String(chunk).includes('no new task starts')) setTimeout(() => child.kill('SIGINT'), 2 * SAME_PRESS_MS);
  });
  child.kill('SIGINT');
}

test('a killed run is interrupted, and goes on without doing again what was done', async () => {
  const cwd = folder();
  await killedRun(cwd);
  expect(await listed(cwd)).toMatchObject([
    { runId: 'killed', status: 'interrupted', tasks: { total: 3, completed: 1 } },
  ]);
  open(cwd);
  const { code, stdout, stderr } = await yardmaster(['resume', 'killed'], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/run {8}flow killed taken up again, 3 tasks\n.* resumed {4}1 of 3 tasks were done before\n/);
  expect(stdout).toMatch(/started {4}gated \(attempt 2\)/);
  expect(stdout).toMatch(/flow completed in .*: 3 of 3 tasks completed \(run killed\)/);
  expect(notes(cwd)).toEqual(['noted', 'at open', 'at open']);
  expect(await listed(cwd)).toMatchObject([{ runId: 'killed', status: 'completed', tasks: { completed: 3 } }]);
});

test('the first Ctrl-C lets running tasks finish and leaves the run to be resumed', async () => {
  const cwd = folder();
  const { child, end } = await seenBy(cwd, [...RUN, '--run-id', 'mine'], 'waits at open');
  openWhenDraining(cwd, child);
  child.kill('SIGINT');
  const { code, stdout, stderr } = await end;
  expect(stdout).toMatch(/completed {2}gated/);
  expect(stdout).not.toMatch(/started {4}after/);
  expect([code, stderr]).toEqual([
    130,
    'run mine is interrupted: 2 of 3 tasks done; go on with: yardmaster resume mine\n',
  ]);
  expect(await listed(cwd)).toMatchObject([{ runId: 'mine', status: 'interrupted' }]);
  const resumed = await yardmaster(['resume'], { cwd });
  expect(resumed.stdout).toMatch(/2 of 3 tasks were done before/);
  expect([resumed.code, notes(cwd)]).toEqual([0, ['noted', 'at open']]);
});

test('the second Ctrl-C stops running tasks now; they are tried again when the run goes on', async () => {
  const cwd = folder();
  const { child, end } = await seenBy(cwd, [...RUN, '--run-id', 'mine'], 'waits at open');
  pressTwice(child);
  const { code, stderr } = await end;
  expect([code, stderr]).toEqual([
    130,
    'run mine is interrupted: 1 of 3 tasks done; go on with: yardmaster resume mine\n',
  ]);
  open(cwd);
  const { code: resumed, stdout } = await yardmaster(['resume', 'latest', '--json'], { cwd });
  const lines = jsonLines(stdout);
  expect(SUMMARY.parse(lines.at(-1))).toMatchObject({ status: 'completed', outputs: { gated: 'open' } });
  expect(lines).toContainEqual(expect.objectContaining({ type: 'workflow.recovered', runId: 'mine' }));
  expect([resumed, notes(cwd)]).toEqual([0, ['noted', 'at open', 'at open']]);
});

test('an interrupted run with --json ends with a summary that says paused', async () => {
  const cwd = folder();
  const { child, end } = await seenBy(cwd, [...RUN, '--json'], 'waits at open');
  openWhenDraining(cwd, child);
  child.kill('SIGTERM');
  const { code, stdout } = await end;
  expect(SUMMARY.parse(jsonLines(stdout).at(-1))).toMatchObject({ status: 'paused' });
  expect(code).toBe(130);
});

test('while one process runs, a second one on the folder is told who has it, and looking is free', async () => {
  const cwd = folder();
  const { child, end } = await seenBy(cwd, [...RUN, '--run-id', 'first'], 'waits at open');
  const second = await yardmaster(RUN, { cwd });
  expect(second.stderr).toMatch(new RegExp(`^error DATA_DIR_LOCKED: .*${child.pid}.*\\n$`));
  expect(second.code).toBe(2);
  expect(await listed(cwd)).toMatchObject([{ runId: 'first', status: 'running', tasks: { completed: 1 } }]);
  const { stdout } = await yardmaster(['resume', 'first'], { cwd });
  expect(stdout).toBe(`run first is under way in process ${child.pid}\n`);
  open(cwd);
  expect((await end).code).toBe(0);
});

test('a run is cancelled from another process, with the reason on record', async () => {
  const cwd = folder();
  const { child, end } = await seenBy(cwd, [...RUN, '--run-id', 'mine'], 'waits at open');
  const { code, stdout, stderr } = await yardmaster(['cancel', 'mi', '--reason', 'wrong input'], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe(`run mine is cancelled, in process ${child.pid}: wrong input\n`);
  const run = await end;
  expect(run.stderr).toBe('error RUN_CANCELLED: wrong input, in run mine\n');
  expect(run.code).toBe(1);
  const shown = await yardmaster(['show', 'mine'], { cwd });
  expect(shown.stdout).toMatch(/^flow cancelled in .*\n[\s\S]* {2}reason {6}wrong input\n/);
  const again = await yardmaster(['cancel', 'mine'], { cwd });
  expect(again.stderr).toBe("error RUN_ENDED: run 'mine' has ended as cancelled; there is nothing to cancel\n");
  expect(again.code).toBe(2);
});

test('a reader that leaves stops the run, which goes on later', async () => {
  const last = step('last', 'gate', { parameters: { file: 'open too' }, dependencies: ['gated'] });
  const cwd = folder([NOTED, GATED, last]);
  const { child, end } = await seenBy(cwd, [...RUN, '--run-id', 'mine'], 'waits at open');
  child.stdout?.destroy();
  open(cwd);
  const { code, stderr } = await end;
  expect(stderr).toBe('run mine is interrupted: 2 of 3 tasks done; go on with: yardmaster resume mine\n');
  expect(code).toBe(130);
  writeFileSync(join(cwd, 'open too'), '');
  expect((await yardmaster(['resume', 'mine'], { cwd })).stdout).toMatch(/3 of 3 tasks completed/);
});

test('a run is paused and resumed from another process', async () => {
  const cwd = folder();
  const { child, end } = await seenBy(cwd, [...RUN, '--run-id', 'mine'], 'waits at open');
  let printed = '';
  child.stdout?.on('data', (chunk) => {
    printed += String(chunk);
  });
  const paused = await yardmaster(['pause', 'mine'], { cwd });
  expect(paused.stdout).toMatch(/^run mine is paused, in process \d+; .*; go on with: yardmaster resume mine\n$/);
  open(cwd);
  await expect.poll(() => printed).toMatch(/completed {2}gated/);
  const shown = jsonLines((await yardmaster(['show', 'mine', '--json'], { cwd })).stdout);
  expect(shown).toContainEqual(expect.objectContaining({ type: 'run', status: 'paused' }));
  expect(shown).toContainEqual(
    expect.objectContaining({ task: 'after', status: 'pending', waiting: 'not started; the run is paused' }),
  );
  const resumed = await yardmaster(['resume', 'mine'], { cwd });
  expect(resumed.stdout).toBe(`run mine goes on in process ${child.pid}\n`);
  expect((await end).code).toBe(0);
});

test('where no engine is alive, pause and cancel work on what is recorded, without the task modules', async () => {
  const cwd = folder();
  await killedRun(cwd);
  const none = ['--tasks', 'no-tasks'];
  const paused = await yardmaster(['pause', 'killed', ...none], { cwd });
  expect([paused.code, paused.stderr]).toEqual([0, '']);
  expect(await listed(cwd)).toMatchObject([{ status: 'paused' }]);
  const unable = await yardmaster(['resume', 'killed', ...none], { cwd });
  expect(unable.stderr).toMatch(
    /^error STEP_MODULE_UNKNOWN: step "gated" needs module "work".* with --tasks, in run killed/,
  );
  expect(unable.code).toBe(2);
  const cancelled = await yardmaster(['cancel', 'latest', ...none], { cwd });
  expect([cancelled.code, cancelled.stderr]).toEqual([0, '']);
  expect(await listed(cwd)).toMatchObject([{ status: 'cancelled', tasks: { completed: 1 } }]);
  expect(notes(cwd)).toEqual(['noted', 'at open']);
});

test('several unfinished runs go on together, each line with the id of its run', async () => {
  const cwd = folder();
  await killedRun(cwd, 'one');
  await killedRun(cwd, 'two');
  open(cwd);
  const { code, stdout, stderr } = await yardmaster(['resume'], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^one .* flow one taken up again, 3 tasks$/m);
  expect(stdout).toMatch(/^two .* completed {2}after/m);
  expect(stdout).toMatch(/^one .* flow one completed$/m);
  expect(stdout.match(/^flow completed in /gm)).toHaveLength(2);
  const nothing = await yardmaster(['resume'], { cwd });
  expect([nothing.code, nothing.stderr]).toEqual([0, expect.stringMatching(/^nothing to resume in /)]);
});

test('an id that was given before is the same run: ended it is told, unfinished it goes on', async () => {
  const cwd = folder();
  await killedRun(cwd, 'mine');
  open(cwd);
  const args = ['run', 'flow.json', '--run-id', 'mine'];
  const goesOn = await yardmaster(args, { cwd });
  expect(goesOn.stdout).toMatch(/1 of 3 tasks were done before[\s\S]*flow completed in /);
  const recorded = await yardmaster([...args, '--json'], { cwd });
  expect(recorded.stderr).toBe('notice: run mine has ended before and was not run again; this is its record\n');
  expect(SUMMARY.parse(jsonLines(recorded.stdout).at(-1))).toMatchObject({
    status: 'completed',
    outputs: { gated: 'open' },
  });
  expect(notes(cwd)).toEqual(['noted', 'at open', 'at open']);
  const other = await yardmaster([...args, '--param', 'text=other'], { cwd });
  expect(other.stderr).toMatch(/^error RUN_EXISTS: /);
  expect(other.code).toBe(2);
});

test('a new run leaves those of others alone and mentions them', async () => {
  const cwd = folder();
  await killedRun(cwd);
  open(cwd);
  const { code, stderr } = await yardmaster(['run', 'flow.json'], { cwd });
  expect([code, stderr]).toEqual([
    0,
    'notice: an unfinished run lies in the data folder (killed); go on with it: yardmaster resume\n',
  ]);
  expect((await listed(cwd, '--status', 'interrupted')).map(({ runId }) => runId)).toEqual(['killed']);
});

test('a failed run is repeated from where it failed, with the outputs before that', async () => {
  const cwd = folder([
    NOTED,
    step('fragile', 'needs', { parameters: { file: 'open' }, dependencies: ['noted'], max_retries: 0 }),
    coreStep('after', 'echo', { parameters: { message: '{{noted.output.text}}' }, dependencies: ['fragile'] }),
  ]);
  expect((await yardmaster(['run', 'flow.json', '--run-id', 'broken'], { cwd })).code).toBe(1);
  open(cwd);
  const { code, stdout, stderr } = await yardmaster(['rerun', 'broken', '--from-failed', '--run-id', 'mended'], {
    cwd,
  });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/flow mended started, 3 tasks\n.* taken over 1 of 3 tasks were taken over from broken\n/);
  expect(stdout).toMatch(/flow completed in .*: 3 of 3 tasks completed \(run mended\)\n {2}after: noted\n$/);
  expect(notes(cwd)).toEqual(['noted']);
  const shown = await yardmaster(['show', 'mended'], { cwd });
  expect(shown.stdout).toMatch(/ {2}rerun of {4}broken\n/);
  expect(shown.stdout).toMatch(/✓ noted .* taken over from broken\n/);
  const whole = await yardmaster(['rerun', 'mended', '--from', 'noted'], { cwd });
  expect([whole.code, notes(cwd)]).toEqual([0, ['noted', 'noted']]);
  const wrong = await yardmaster(['rerun', 'mended', '--from', 'notde'], { cwd });
  expect(wrong.stderr).toMatch(
    /^error TASK_NOT_FOUND: --from "notde" is no step of run 'mended' \(did you mean "noted"\?\)/,
  );
  expect(wrong.code).toBe(2);
});

test('an unfinished run is not repeated', async () => {
  const cwd = folder();
  await killedRun(cwd);
  const { code, stderr } = await yardmaster(['rerun', 'killed'], { cwd });
  expect(stderr).toMatch(/^error RUN_NOT_ENDED: run 'killed' has not ended; .*yardmaster resume killed/);
  expect(code).toBe(2);
});

test('show tells of each attempt, its error and what tasks wait for', async () => {
  const cwd = folder();
  await killedRun(cwd);
  const { code, stdout, stderr } = await yardmaster(['show', 'latest'], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^flow interrupted after .*: 1 of 3 tasks completed \(run killed\)\n/);
  expect(stdout).toMatch(/\n✓ noted +[·╌]*█.* \{"text":"noted"\}\n/);
  expect(stdout).toMatch(/\n! gated .* attempt 1 was interrupted\n/);
  expect(stdout).toMatch(/\n· after .*waits for "gated"\n/);
  expect(stdout).toMatch(/\n\ngo on with: yardmaster resume killed\n$/);
});

test('runs is a table, newest first, and forgets what ended long ago', async () => {
  const cwd = folder([coreStep('only', 'noop')]);
  for (const runId of ['a', 'b']) await yardmaster(['run', 'flow.json', '--run-id', runId], { cwd });
  const { stdout } = await yardmaster(['runs'], { cwd });
  expect(stdout).toMatch(
    /^run +workflow status +started +duration +tasks\nb +flow +✓ completed +\d{4}-\d\d-\d\d .* s █{12} {3}1\/1\na +flow .*\n$/,
  );
  expect((await listed(cwd, '--limit', '1')).map(({ runId }) => runId)).toEqual(['b']);
  const kept = await yardmaster(['runs', '--prune', '1h'], { cwd });
  expect(kept.stdout).toMatch(/^forgotten: 0 runs ended before /);
  await expect
    .poll(async () => (await yardmaster(['runs', '--prune', '1s'], { cwd })).stdout, { timeout: 10_000 })
    .toMatch(/^forgotten: 2 runs ended before /);
  const empty = await yardmaster(['runs'], { cwd });
  expect([empty.code, empty.stdout, empty.stderr]).toEqual([0, '', expect.stringMatching(/^no runs in /)]);
});

const FAULTY_CALLS: readonly (readonly [args: readonly string[], line: RegExp])[] = [
  [['rerun', ''], /^error RUN_NOT_FOUND: no run has the id "", in /],
  [
    ['show', 'killde'],
    /^error RUN_NOT_FOUND: no run has the id "killde" \(did you mean "killed"\?\), in .*; `yardmaster runs` lists them\n$/,
  ],
  [['show', 'k'], /^error RUN_NOT_FOUND: 2 runs begin with "k": (killed, kept|kept, killed); give more of the id\n$/],
  [['runs', '--prune', '30'], /^error USAGE: --prune must be an age such as 30d/],
  [['runs', '--status', 'done'], /^error USAGE: --status must be one of pending, .*, not "done"\n$/],
  [['rerun', 'kept', '--from', 'a', '--from-failed'], /^error USAGE: --from and --from-failed exclude each other/],
  [['resume', 'kept'], /^error RUN_ENDED: run 'kept' has ended as completed; `yardmaster rerun kept`/],
];

test('a call that cannot be right is one error line and exit code 2', async () => {
  const cwd = folder([coreStep('only', 'noop')]);
  for (const runId of ['kept', 'killed']) await yardmaster(['run', 'flow.json', '--run-id', runId], { cwd });
  for (const [args, line] of FAULTY_CALLS) {
    const { code, stdout, stderr } = await yardmaster(args, { cwd });
    expect(stderr).toMatch(line);
    expect([code, stdout]).toEqual([2, '']);
  }
});

test('a folder without a journal has no runs, and looking at it makes nothing', async () => {
  const cwd = workFolder({});
  const runs = await yardmaster(['runs'], { cwd });
  expect([runs.code, runs.stdout]).toEqual([0, '']);
  const show = await yardmaster(['show', 'latest'], { cwd });
  expect([show.code, show.stderr]).toEqual([
    2,
    expect.stringMatching(/^error RUN_NOT_FOUND: there is no run yet, in /),
  ]);
  expect((await yardmaster(['resume'], { cwd })).code).toBe(0);
  expect(existsSync(join(cwd, '.yardmaster'))).toBe(false);
});

test('with :memory: Ctrl-C cancels the run, since nothing could go on with it', async () => {
  const cwd = folder();
  const { child, end } = await seenBy(cwd, [...RUN, '--data-dir', ':memory:'], 'waits at open');
  openWhenDraining(cwd, child);
  child.kill('SIGINT');
  const { code, stdout, stderr }: Ended = await end;
  expect(stdout).toMatch(/flow cancelled in .*: 2 of 3 tasks completed, 1 cancelled/);
  expect([code, stderr]).toEqual([130, expect.stringMatching(/^error RUN_CANCELLED: interrupted by SIGINT, in run /)]);
});
