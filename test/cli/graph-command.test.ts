// Owns the tests of `graph`, through the real executable.

import { expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { GRAPH_MACHINES } from '../../src/cli/command-tree.ts';
import { describeMachine, STATECHART_NAMES, statechartOf } from '../../src/inspect/statechart.ts';
import { yardmaster } from './bin.ts';
import { isWellFormed } from './svg-reading.ts';
import { coreStep, workFolder } from './work-folder.ts';

function folder(): string {
  return workFolder({
    'config/workflows/production/nightly.json': {
      steps: [
        coreStep('fetch', 'noop'),
        { name: 'parse', module: 'not-here', action: 'run', parameters: { input: '{{fetch.output}}' } },
        coreStep('report', 'noop', { dependencies: ['parse', 'fetch'] }),
      ],
    },
    'ring.json': {
      steps: [coreStep('a', 'noop', { dependencies: ['b'] }), coreStep('b', 'noop', { dependencies: ['a'] })],
    },
  });
}

test('a workflow is drawn by name, references included, unknown modules or not', async () => {
  const cwd = folder();
  const mermaid = await yardmaster(['graph', 'nightly'], { cwd });
  expect(mermaid).toMatchObject({ code: 0, stderr: '' });
  expect(mermaid.stdout).toContain('  fetch --> parse\n');
  const dot = await yardmaster(['graph', 'nightly', '--format', 'dot'], { cwd });
  expect(dot.stdout).toContain('"parse" -> "report";');
  const json = await yardmaster(['graph', 'nightly', '--format', 'json'], { cwd });
  expect(JSON.parse(json.stdout)).toEqual([
    { name: 'fetch', dependencies: [] },
    { name: 'parse', dependencies: ['fetch'] },
    { name: 'report', dependencies: ['parse', 'fetch'] },
  ]);
  const svg = await yardmaster(['graph', 'nightly', '--format', 'svg'], { cwd });
  expect(svg.stdout).toMatch(/^<svg .*<\/svg>\n$/s);
  expect(svg.stdout).toContain('not-here.run');
});

test('a ring, an unknown name and an unknown format are one line and exit code 2', async () => {
  const cwd = folder();
  expect(await yardmaster(['graph', 'ring.json'], { cwd })).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^error DAG_CYCLE: .*a.*b.*, in ring\.json:\d+ at .*\n$/),
  });
  expect(await yardmaster(['graph', 'nightli'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error WORKFLOW_NOT_FOUND: .*did you mean "nightly"\?.*--workflows\n$/),
  });
  expect(await yardmaster(['graph', 'nightly', '--format', 'png'], { cwd })).toMatchObject({
    code: 2,
    stderr: 'error USAGE: --format must be one of mermaid, dot, json, svg, not "png"\n',
  });
});

async function recordedRun(): Promise<string> {
  const cwd = workFolder({
    'config/workflows/production/mixed.json': {
      steps: [
        coreStep('fetch', 'noop'),
        coreStep('flaky', 'fail', {
          parameters: { message: 'not yet', times: 1 },
          max_retries: 1,
          retry: { initial_interval: 0.01 },
          dependencies: ['fetch'],
        }),
        coreStep('slow', 'sleep', { parameters: { duration: 0.3 }, dependencies: ['fetch'] }),
        coreStep('broken', 'fail', { parameters: { message: 'no' }, dependencies: ['slow'] }),
        coreStep('report', 'noop', { dependencies: ['broken', 'flaky'] }),
      ],
    },
  });
  await yardmaster(['run', 'mixed', '--run-id', 'mine', '--workers', '1'], { cwd });
  return cwd;
}

test('a recorded run is drawn with what became of each task, in every format', async () => {
  const cwd = await recordedRun();
  const { stdout } = await yardmaster(['graph', '--run', 'mine', '--format', 'json'], { cwd });
  const run = JSON.parse(stdout);
  expect(run).toMatchObject({ runId: 'mine', workflow: 'mixed', status: 'failed' });
  expect(run.criticalPath).toEqual(['fetch', 'slow', 'broken']);
  expect(run.tasks).toMatchObject([
    { name: 'fetch', action: 'core.noop', state: 'completed', attempts: 1, critical: true, dependencies: [] },
    { name: 'flaky', state: 'completed', attempts: 2, critical: false, dependencies: ['fetch'] },
    { name: 'slow', state: 'completed', attempts: 1, critical: true },
    { name: 'broken', state: 'failed', attempts: 1, critical: true },
    { name: 'report', state: 'skipped', attempts: 0, durationMs: null, critical: false },
  ]);
  expect(run.tasks[2].durationMs).toBeGreaterThanOrEqual(300);
  const mermaid = (await yardmaster(['graph', '--run', 'mine'], { cwd })).stdout;
  expect(mermaid).toMatch(/^ {2}flaky\["flaky<br\/>completed · 2 attempts · 0\.\d\d s"\]$/m);
  expect(mermaid).toContain('  fetch ==> slow\n');
  expect(mermaid).toContain('  fetch --> flaky\n');
  expect(mermaid).toMatch(/^ {2}classDef failed fill:#\w+,stroke:#\w+,color:#1c2430\n {2}class broken failed$/m);
  const dot = (await yardmaster(['graph', '--run', 'mine', '--format', 'dot'], { cwd })).stdout;
  expect(dot).toMatch(/^ {2}"report" \[label="report\\nskipped", style="rounded,filled,dashed", fillcolor="#\w+", /m);
  expect(dot).toContain('  "slow" -> "broken" [penwidth=3];');
  const svg = (await yardmaster(['graph', '--run', 'mine', '--format', 'svg'], { cwd })).stdout;
  expect(isWellFormed(svg)).toBe(true);
  expect(svg).toContain('5 tasks, 5 dependencies · failed in ');
  expect(svg).toMatch(/class="sub"[^>]*>core\.fail · 2 attempts · 0\.\d\d s</);
  expect(svg.match(/<path class="critical" /g)).toHaveLength(2);
});

test('the id of a run stands for it where no workflow has this name', async () => {
  const cwd = await recordedRun();
  const byFlag = await yardmaster(['graph', '--run', 'latest', '--format', 'json'], { cwd });
  for (const wanted of ['mine', 'mi', 'latest']) {
    expect(await yardmaster(['graph', wanted, '--format', 'json'], { cwd })).toEqual(byFlag);
  }
  expect(JSON.parse((await yardmaster(['graph', 'mixed', '--format', 'json'], { cwd })).stdout)).toHaveLength(5);
  expect(await yardmaster(['graph', 'run-gone'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error RUN_NOT_FOUND: no run has the id "run-gone", in .*\n$/),
  });
  expect(await yardmaster(['graph', 'mixd'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error WORKFLOW_NOT_FOUND: .*did you mean "mixed"\?/),
  });
});

test('the help names the machines that there are', () => {
  expect([...GRAPH_MACHINES]).toEqual([...STATECHART_NAMES]);
});

test('the statechart of a machine is printed as Mermaid, as a picture, and as what makes the same machine again', async () => {
  const mermaid = await yardmaster(['graph', '--machine', 'task']);
  expect(mermaid).toMatchObject({ code: 0, stdout: statechartOf('task').mermaid, stderr: '' });
  const svg = await yardmaster(['graph', '--machine', 'worker-pool', '--format', 'svg']);
  expect(isWellFormed(svg.stdout)).toBe(true);
  expect(svg.stdout).toContain('>pool.thread-exited</tspan>');
  const json = await yardmaster(['graph', '--machine', 'workflow', '--format', 'json']);
  const copy = describeMachine('workflow', createMachine(JSON.parse(json.stdout)));
  expect(copy.transitions).toEqual(statechartOf('workflow').transitions);
  expect(copy.states).toEqual(statechartOf('workflow').states);
});

test('what is drawn is one thing: a workflow, a run or a machine, in a form that it has', async () => {
  const one =
    'error USAGE: graph takes one of a workflow, --run <run> and --machine <name>; `graph --help` has examples\n';
  for (const args of [
    [],
    ['flow', '--machine', 'task'],
    ['flow', '--run', 'latest'],
    ['--run', 'x', '--machine', 'task'],
  ]) {
    expect(await yardmaster(['graph', ...args])).toMatchObject({ code: 2, stdout: '', stderr: one });
  }
  expect(await yardmaster(['graph', '--machine', 'tsk'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^error STATECHART_NOT_FOUND: no machine is named "tsk" \(did you mean "task"\?\); there are /,
    ),
  });
  expect(await yardmaster(['graph', '--machine', 'task', '--format', 'dot'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error USAGE: a machine is drawn as mermaid, json or svg, not as dot/),
  });
});
