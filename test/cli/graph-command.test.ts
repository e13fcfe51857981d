// Owns the tests of `graph`, through the real executable.

import { expect, test } from 'vitest';
import { yardmaster } from './bin.ts';
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
