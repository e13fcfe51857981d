// Owns the tests of `simulate`, through the real executable.

import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { yardmaster } from './bin.ts';
import { coreStep, workFolder } from './work-folder.ts';

const burn = (name: string, seconds: number, rest: Readonly<Record<string, unknown>> = {}) =>
  coreStep(name, 'burn', { parameters: { ms: seconds * 1_000 }, estimated_seconds: seconds, ...rest });

const GPU_FLOW = {
  name: 'training',
  resources: [{ id: 'gpu', type: 'custom', capacity: 1 }],
  steps: [
    { ...burn('fetch', 1), module: 'not-here' },
    burn('train a', 4, { dependencies: ['fetch'], resources: { gpu: 1 } }),
    burn('train b', 4, { dependencies: ['fetch'], resources: { gpu: 1 } }),
    coreStep('report', 'noop', { dependencies: ['train a', 'train b'] }),
  ],
};

describe('simulate', () => {
  it('tells people how long, how good, along which path, and draws the threads; nothing is made or needed', async () => {
    const cwd = workFolder({ 'flow.json': GPU_FLOW });
    const before = readdirSync(cwd);
    const { code, stdout, stderr } = await yardmaster(['simulate', 'flow.json', '--workers', '2'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('training would take 10.0 s on 2 threads (resource_aware, 4 tasks)\n');
    expect(stdout).toMatch(/lower bound {3}8\.0 s|lower bound +\d/);
    expect(stdout).toMatch(/critical path +6\.0 s: fetch → train a → report\n/);
    expect(stdout).toMatch(/resources +gpu 1 of 1 at most, 80 %\n/);
    expect(stdout).toMatch(/guesses +1 of 4 durations are guesses of 1 s; say estimated_seconds: report\n/);
    expect(stdout).toMatch(/^thread 0 ╞fetch═+╡╞train [ab]═+╡.*╡$/mu);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(120);
    expect(readdirSync(cwd)).toEqual(before);
  });

  it('gives programs one object with the names of the contract, by name of the workflow too', async () => {
    const cwd = workFolder({ 'config/workflows/production/training.json': GPU_FLOW });
    const { code, stdout } = await yardmaster(['simulate', 'training', '--workers', '2', '--json'], { cwd });
    expect(code).toBe(0);
    expect(stdout.endsWith('\n') && stdout.trimEnd().split('\n').length).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      workflow: 'training',
      mode: 'resource_aware',
      workers: 2,
      maxParallel: null,
      makespanSeconds: 10,
      lowerBoundSeconds: 8,
      criticalPath: ['fetch', 'train a', 'report'],
      criticalPathSeconds: 6,
      utilization: 0.5,
      resources: [{ id: 'gpu', capacity: 1, peak: 1, utilization: 0.8, refillSeconds: null }],
      estimates: { known: 3, unknown: 1 },
      runId: null,
      recordedSeconds: null,
      tasks: [
        { name: 'fetch', start: 0, end: 1, slack: 0, thread: 0 },
        { name: 'train a', slack: 0 },
        { name: 'train b', slack: 0 },
        { name: 'report', start: 9, end: 10, slack: 0, guessedSeconds: 1 },
      ],
    });
  });

  it('answers what if: more of a resource, one thread, another mode, fewer at once', async () => {
    const cwd = workFolder({ 'flow.json': GPU_FLOW });
    const makespan = async (...flags: string[]): Promise<number> => {
      const { stdout } = await yardmaster(['simulate', 'flow.json', '--json', ...flags], { cwd });
      return JSON.parse(stdout).makespanSeconds;
    };
    expect(await makespan('--workers', '2', '--set', 'gpu=2')).toBe(6);
    expect(await makespan('--workers', '1', '--set', 'gpu=2')).toBe(10);
    expect(await makespan('--workers', '8', '--set', 'gpu=2', '--mode', 'sequential')).toBe(10);
    expect(await makespan('--workers', '8', '--set', 'gpu=2', '--max-parallel', '1', '--plan-budget', '0')).toBe(10);
  });

  it('simulates recorded executions in WfFormat', async () => {
    const task = (id: string, parents: string[]) => ({ name: id, id, parents, children: [] });
    const flow = {
      name: 'recorded',
      schemaVersion: '1.5',
      workflow: {
        specification: { tasks: [task('a', []), task('b', ['a'])] },
        execution: {
          tasks: [
            { id: 'a', runtimeInSeconds: 1.25 },
            { id: 'b', runtimeInSeconds: 2 },
          ],
        },
      },
    };
    const cwd = workFolder({ 'wf.json': flow });
    const { code, stdout } = await yardmaster(['simulate', 'wf.json', '--json'], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ makespanSeconds: 3.25, criticalPath: ['a', 'b'] });
  });
});

describe('simulate of a recorded run', () => {
  it('asks what it had taken on other threads, by id, by its start and as the latest', async () => {
    const cwd = workFolder({
      'flow.json': {
        steps: ['a', 'b', 'c', 'd'].map((name) => coreStep(name, 'burn', { parameters: { ms: 120 } })),
      },
    });
    const run = await yardmaster(['run', 'flow.json', '--workers', '1', '--run-id', 'run-recorded-1'], { cwd });
    expect(run.code).toBe(0);
    const simulated = async (target: string, workers: number) => {
      const { code, stdout, stderr } = await yardmaster(['simulate', target, '--workers', String(workers), '--json'], {
        cwd,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return JSON.parse(stdout);
    };
    const one = await simulated('latest', 1);
    expect(one).toMatchObject({ runId: 'run-recorded-1', estimates: { known: 4, unknown: 0 }, workers: 1 });
    expect(one.makespanSeconds).toBeGreaterThan(0.47);
    // Between tasks a run takes a little more than they do.
    expect(one.recordedSeconds).toBeGreaterThanOrEqual(one.makespanSeconds);
    const four = await simulated('run-rec', 4);
    expect(four.makespanSeconds).toBeLessThan(one.makespanSeconds / 2);
    expect(four.recordedSeconds).toBe(one.recordedSeconds);
    const text = await yardmaster(['simulate', 'run-recorded-1', '--workers', '2'], { cwd });
    expect(text.stdout).toMatch(/recorded +run run-recorded-1 really took \d.* s, \d\.\d\d times as long\n/);
    // The workflow itself is known better now, without saying anything of durations.
    const flow = await simulated('flow.json', 4);
    expect(flow.estimates).toEqual({ known: 4, unknown: 0 });
    expect(flow.makespanSeconds).toBeLessThan(1);
  });

  it('gives failed and skipped steps the time they took', async () => {
    const cwd = workFolder({
      'flow.json': {
        steps: [
          coreStep('breaks', 'fail', { parameters: { message: 'no' } }),
          coreStep('never', 'noop', { dependencies: ['breaks'] }),
          coreStep('false', 'noop', { run_if: 'false' }),
          coreStep('works', 'burn', { parameters: { ms: 80 } }),
        ],
      },
    });
    expect((await yardmaster(['run', 'flow.json'], { cwd })).code).toBe(1);
    const { stdout } = await yardmaster(['simulate', 'latest', '--workers', '2', '--json'], { cwd });
    const report = JSON.parse(stdout);
    expect(report.tasks.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'failed',
      'skipped',
      'skipped',
      'completed',
    ]);
    expect(report.makespanSeconds).toBeGreaterThan(0.07);
    expect(report.makespanSeconds).toBeLessThan(2);
  });
});

describe('simulate --svg', () => {
  it('writes a picture in place of an older one, and follows a link', async () => {
    const cwd = workFolder({ 'flow.json': GPU_FLOW, 'real.svg': 'old' });
    symlinkSync('real.svg', join(cwd, 'link.svg'));
    const { code, stdout } = await yardmaster(['simulate', 'flow.json', '--svg', 'link.svg'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('picture in link.svg\n');
    expect(readFileSync(join(cwd, 'real.svg'), 'utf8')).toMatch(/^<svg .*train a.*<\/svg>\n$/s);
    expect(readdirSync(cwd).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(statSync(join(cwd, 'link.svg')).isFile()).toBe(true);
  });

  it('where it cannot be written is one line and exit code 2, and nothing is left behind', async () => {
    const cwd = workFolder({ 'flow.json': GPU_FLOW, 'folder/file': '' });
    for (const path of ['missing/a.svg', 'folder', 'flow.json/a.svg']) {
      expect(await yardmaster(['simulate', 'flow.json', '--svg', path], { cwd })).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(/^error FILE_UNWRITABLE: \S+ cannot be written: [^\n]+\n$/),
      });
    }
    expect(readdirSync(cwd).toSorted()).toEqual(['flow.json', 'folder']);
  });
});

describe('simulate refuses with one line and exit code 2', () => {
  const failing = async (...args: string[]) => {
    const cwd = workFolder({ 'flow.json': GPU_FLOW });
    const { code, stdout, stderr } = await yardmaster(['simulate', ...args], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(existsSync(join(cwd, '.yardmaster'))).toBe(false);
    return stderr;
  };

  it('bad flags', async () => {
    expect(await failing('flow.json', '--workers', '0')).toMatch(/^error USAGE: --workers must be .* from 1 to/);
    expect(await failing('flow.json', '--set', 'gpu')).toMatch(/^error USAGE: --set must be resource=amount/);
    expect(await failing('flow.json', '--set', 'gpu=many')).toMatch(/^error USAGE: --set must be resource=amount/);
    expect(await failing('flow.json', '--set', '=2')).toMatch(/^error USAGE: --set must be resource=amount/);
    expect(await failing('flow.json', '--mode', 'fast')).toMatch(/^error USAGE: --mode must be one of/);
    expect(await failing('flow.json', '--plan-budget', '-1')).toMatch(/^error USAGE: --plan-budget/);
  });

  it('resources that are not there, or too small for a step', async () => {
    expect(await failing('flow.json', '--set', 'gpus=2')).toMatch(/^error RESOURCE_NOT_FOUND: .*did you mean "gpu"/);
    expect(await failing('flow.json', '--set', 'gpu=0')).toMatch(/^error RESOURCE_CAPACITY_EXCEEDED: step "train a"/);
    expect(await failing('flow.json', '--set', 'gpu=1.5')).toMatch(/^error RESOURCE_AMOUNT_INVALID: /);
  });

  it('what it cannot find', async () => {
    expect(await failing('missing.json')).toMatch(/^error FILE_NOT_FOUND: /);
    expect(await failing('nothing')).toMatch(/^error WORKFLOW_NOT_FOUND: /);
    expect(await failing('latest')).toMatch(/^error RUN_NOT_FOUND: there is no run yet/);
    expect(await failing('run-unknown')).toMatch(/^error RUN_NOT_FOUND: no run has the id "run-unknown"/);
  });
});
