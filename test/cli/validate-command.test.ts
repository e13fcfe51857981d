// Owns the tests of `validate`, through the real executable.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ROOT, yardmaster } from './bin.ts';
import { coreStep, workFolder } from './work-folder.ts';

const ORIGINALS = join(ROOT, '../shared/corpora/original-workflows/config');
const VALIDATION = z.strictObject({
  file: z.string(),
  ok: z.boolean(),
  errors: z.array(z.strictObject({ code: z.string(), message: z.string(), path: z.string() })),
  levels: z.array(z.array(z.string())),
});

function validationsOf(stdout: string): z.output<typeof VALIDATION>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => VALIDATION.parse(JSON.parse(line)));
}

test('a good file is ok, with its levels', async () => {
  const cwd = workFolder({
    'good.json': { steps: [coreStep('a', 'noop'), coreStep('b', 'echo', { parameters: { message: '{{a.output}}' } })] },
  });
  const text = await yardmaster(['validate', 'good.json'], { cwd });
  expect(text).toMatchObject({ code: 0, stdout: 'ok good.json: 2 steps in 2 levels\n', stderr: '' });
  const json = await yardmaster(['validate', 'good.json', '--json'], { cwd });
  expect(validationsOf(json.stdout)).toEqual([{ file: 'good.json', ok: true, errors: [], levels: [['a'], ['b']] }]);
});

test('every fault of every file is told at once, with line and path, and the good files beside them stay good', async () => {
  const cwd = workFolder({
    'good.json': { steps: [coreStep('a', 'noop')] },
    'bad.json': {
      steps: [
        coreStep('a', 'noop', { priority: 'urgent', dependencies: ['b'] }),
        coreStep('b', 'noop', { dependencies: ['a', 'gone'] }),
        coreStep('b', 'noop', { resources: { disk: -1 } }),
      ],
    },
    'broken.json': '{"steps": [\n  {"name": \n]}',
  });
  const files = ['bad.json', 'good.json', 'broken.json', 'missing.json'];
  const { code, stdout, stderr } = await yardmaster(['validate', ...files], { cwd });
  expect(code).toBe(2);
  expect(stdout).toContain('ok good.json');
  expect(stderr).toMatch(
    /^error WORKFLOW_SCHEMA: priority must be one of .*, in bad\.json:\d+ at \$\.steps\[0\]\.priority$/m,
  );
  expect(stderr).toMatch(/^error DAG_CYCLE: .*bad\.json:\d+ at /m);
  expect(stderr).toMatch(/^error DEPENDENCY_MISSING: .*"gone".*bad\.json:\d+ at \$\.steps\[1\]\.dependencies\[1\]$/m);
  expect(stderr).toMatch(/^error TASK_DUPLICATE: .*bad\.json:\d+ at \$\.steps\[2\]\.name$/m);
  expect(stderr).toMatch(/^error RESOURCE_AMOUNT_INVALID: .*bad\.json:\d+ at \$\.steps\[2\]\.resources\.disk$/m);
  expect(stderr).toMatch(/^error WORKFLOW_JSON: .*broken\.json:3 at \$$/m);
  expect(stderr).toMatch(/^error FILE_NOT_FOUND: missing\.json does not exist; check the path$/m);
  for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^error [A-Z_]+: /);
});

test('a module that no tasks folder has is a fault of each step, with a suggestion; the levels are told all the same', async () => {
  const cwd = workFolder({
    'flow.json': {
      steps: [
        { name: 'a', module: 'decod', action: 'run' },
        { name: 'b', module: 'decode', action: 'run', dependencies: ['a'] },
      ],
    },
    'my-tasks/decode.ts': 'export function run() { return 1; }',
  });
  const { code, stdout } = await yardmaster(['validate', 'flow.json', '--tasks', 'my-tasks', '--json'], { cwd });
  const [validation] = validationsOf(stdout);
  expect(code).toBe(2);
  expect(validation?.levels).toEqual([['a'], ['b']]);
  expect(validation?.errors).toEqual([
    { code: 'STEP_MODULE_UNKNOWN', message: expect.stringContaining('"decode"'), path: '$.steps[0].module' },
  ]);
});

test.skipIf(!existsSync(ORIGINALS))(
  'the original workflow files validate but for their modules (skipped where the corpus is missing)',
  async () => {
    const files = readdirSync(ORIGINALS, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(ORIGINALS, name));
    expect(files).toHaveLength(13);
    const { stdout } = await yardmaster(['validate', ...files, '--json']);
    const validations = validationsOf(stdout);
    expect(validations).toHaveLength(13);
    const codes = new Set(validations.flatMap(({ errors }) => errors.map(({ code }) => code)));
    expect([...codes]).toEqual(['STEP_MODULE_UNKNOWN']);
    const sample = validations.find(({ file }) => file.includes('sample_analysis_workflow'));
    expect(sample?.levels).toEqual([['data_analysis', 'security_scan'], ['report_generation'], ['final_report']]);
  },
);
