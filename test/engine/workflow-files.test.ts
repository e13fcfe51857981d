// Files and folders must load as they are in the world: the original's unchanged, bad ones as faults with lines, none
// stopping another, and no bytes whatever ending in anything but a definition or a list of faults.

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskGraph } from '../../src/dag/task-graph.ts';
import { levelGroups, topologicalOrder } from '../../src/dag/topological-order.ts';
import {
  loadWorkflowFolder,
  parseWorkflowText,
  readWorkflowFile,
  workflowFileError,
} from '../../src/engine/workflow-files.ts';
import { findUnknownModules } from '../../src/engine/workflow-requirements.ts';
import { CORPORA, CORPORA_NOTE, corpusFiles, HAS_CORPORA } from './workflow-corpus.ts';

const SOURCE = { file: 'flow.json', stem: 'flow' };
const GOOD = `{
  "name": "good",
  "steps": [
    { "name": "a", "module": "core", "action": "noop", "parameters": { "list": [1, "{{params.x}}"] } },
    { "name": "b", "module": "core", "action": "echo", "parameters": { "m": "{{a.output.k}}" },
      "dependencies": ["a"], "timeout": null, "retry_count": 0, "max_retries": 3, "run_if": "params.x > 1",
      "retry": { "initial_interval": 1, "jitter": true }, "priority": "high", "resources": { "sys-compute": 1 } }
  ]
}`;

async function loaded(path: string) {
  const load = await readWorkflowFile(path);
  if (load.kind === 'faulty') throw new Error(JSON.stringify(load.faults));
  return load;
}

function namesOf(graph: TaskGraph, indices: Iterable<number>): string[] {
  return [...indices].map((index) => graph.names[index] ?? '');
}

function faultsOf(text: string | Uint8Array) {
  const load = parseWorkflowText(text, SOURCE);
  return load.kind === 'faulty' ? load.faults : [];
}

describe('a workflow text', () => {
  it('gives a definition, its graph, and lines for faults found later', () => {
    const load = parseWorkflowText(GOOD, SOURCE);
    if (load.kind === 'faulty') throw new Error(JSON.stringify(load.faults));
    expect(load.definition).toMatchObject({ name: 'good', steps: [{ name: 'a' }, { name: 'b', priority: 1 }] });
    const later = load.locate(findUnknownModules(load.definition, () => false));
    expect(later.map(({ path, line }) => [path, line])).toEqual([
      ['$.steps[0].module', 4],
      ['$.steps[1].module', 5],
    ]);
  });

  it('without a name is named after its file', () => {
    const load = parseWorkflowText('{"steps":[{"name":"a","module":"m","action":"x"}]}', SOURCE);
    expect(load).toMatchObject({ kind: 'loaded', definition: { name: 'flow' } });
  });

  it('reports faults of text, shape and graph together, each with its line, in the order of the text', () => {
    const text = `{
  "mode": "fast",
  "steps": [
    { "name": "a", "module": "core", "action": "noop", "priority": "urgent", "dependencies": ["b"] },
    { "name": "b", "module": "core", "action": "noop", "dependancies": [],
      "dependencies": ["a"],
      "timeout": 0,
      "timeout": -1 },
    { "name": "c", "module": "core", "parameters": { "x": [
        "{{q.output}}" ] } }
  ],
  "max_parallel": 0
}`;
    expect(faultsOf(text).map(({ line, code, path }) => `${line} ${code} ${path}`)).toEqual([
      '2 WORKFLOW_SCHEMA $.mode',
      '4 WORKFLOW_SCHEMA $.steps[0].priority',
      '4 DAG_CYCLE $.steps[0].dependencies[0]',
      '5 WORKFLOW_SCHEMA $.steps[1].dependancies',
      '7 WORKFLOW_SCHEMA $.steps[1].timeout',
      '8 WORKFLOW_JSON $.steps[1].timeout',
      '9 WORKFLOW_SCHEMA $.steps[2].action',
      '10 REFERENCE_INVALID $.steps[2].parameters.x[0]',
      '12 WORKFLOW_SCHEMA $.max_parallel',
    ]);
  });

  it('scales time on request', () => {
    const text = '{"steps":[{"name":"a","module":"core","action":"burn","parameters":{"ms":100}}]}';
    expect(parseWorkflowText(text, SOURCE, { timeScale: 0.1 })).toMatchObject({
      definition: { steps: [{ parameters: { ms: 10 } }] },
    });
    expect(() => parseWorkflowText(text, SOURCE, { timeScale: -1 })).toThrow(/time scale/);
  });

  it('whatever is done to it, gives a definition or faults that say where', () => {
    const bytes = new TextEncoder().encode(GOOD);
    const edit = fc.record({ at: fc.nat(bytes.length - 1), remove: fc.nat(12), put: fc.uint8Array({ maxLength: 4 }) });
    const outcomes = { loaded: 0, faulty: 0 };
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let mutated = [...bytes];
        for (const { at, remove, put } of edits)
          mutated = [...mutated.slice(0, at), ...put, ...mutated.slice(at + remove)];
        const load = parseWorkflowText(Uint8Array.from(mutated), SOURCE);
        outcomes[load.kind] += 1;
        if (load.kind === 'loaded') expect(load.workflow.graph.size).toBe(load.definition.steps.length);
        else expect(load.faults.filter(({ path, line }) => !path.startsWith('$') || (line ?? 0) < 1)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(outcomes.loaded, outcomes.faulty)).toBeGreaterThan(0);
  }, 60_000);

  it('with a number that JSON can hold and no number is, is at fault', () => {
    const text = '{"steps":[{"name":"a","module":"m","action":"x","parameters":{"n":[1e999]}}]}';
    expect(faultsOf(text)).toMatchObject([{ code: 'WORKFLOW_SCHEMA', path: '$.steps[0].parameters', line: 1 }]);
  });

  it('whatever JSON it is, gives a definition or faults', () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom(
            'name',
            'module',
            'action',
            'steps',
            'parameters',
            'dependencies',
            'retry',
            'resources',
            'run_if',
            'workflow',
            'tasks',
            'specification',
            'parents',
            'id',
            '__proto__',
            'constructor',
          ),
          tie('value'),
        ),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.constantFrom('a', '{{a.output}}', '{{', 'steps.a.output == 1', -1, 0, 1e300, null),
      ),
    })).value;
    fc.assert(
      fc.property(value, (content) => {
        for (const text of [
          JSON.stringify(content),
          JSON.stringify({ steps: [content] }),
          JSON.stringify({ workflow: content }),
        ]) {
          const load = parseWorkflowText(text, SOURCE);
          if (load.kind === 'faulty') expect(load.faults.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  }, 60_000);
});

describe('an error for people', () => {
  it('has the code of a single fault, and WORKFLOW_INVALID for several', () => {
    const [priority, module] = faultsOf('{"steps":[\n{"name":"a","priority":9,"action":"x"}]}');
    if (priority === undefined || module === undefined) throw new Error('must have two faults');
    const one = workflowFileError('flow.json', [priority]);
    expect(one.code).toBe('WORKFLOW_SCHEMA');
    expect(one.message).toMatch(/^flow\.json:2: \$\.steps\[0\]\./);
    const both = workflowFileError('flow.json', [priority, module]);
    expect(both).toMatchObject({ code: 'WORKFLOW_INVALID', details: { faults: [priority, module] } });
    expect(both.message).toMatch(/^flow\.json has 2 faults: /);
  });
});

describe('files and folders', () => {
  let folder: string;
  const put = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);
  const named = (name: string, action = 'noop') =>
    JSON.stringify({ name, steps: [{ name: 'a', module: 'core', action }] });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'workflow-files-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('that are missing or no files are faults', async () => {
    await mkdir(join(folder, 'folder.json'));
    const missing = await readWorkflowFile(join(folder, 'missing.json'));
    expect(missing).toMatchObject({ kind: 'faulty', faults: [{ code: 'FILE_NOT_FOUND', path: '$' }] });
    const directory = await readWorkflowFile(join(folder, 'folder.json'));
    expect(directory).toMatchObject({ kind: 'faulty', faults: [{ code: 'FILE_UNREADABLE' }] });
    await put('file', '');
    await expect(loadWorkflowFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    expect(await loadWorkflowFolder(join(folder, 'none'))).toEqual({
      definitions: [],
      files: new Map(),
      loadErrors: [],
    });
  });

  it('load in the order of their names, a bad one beside the good ones', async () => {
    await put('b.json', named('second'));
    await put('a.json', named('first'));
    await put('c.json', '{\n"name": 3,\n"steps": []}');
    await put('d.JSON', named('third'));
    await put('readme.md', 'not a workflow');
    await mkdir(join(folder, 'e.json'));
    await symlink(join(folder, 'gone'), join(folder, 'f.json'));
    const { definitions, loadErrors } = await loadWorkflowFolder(folder);
    expect(definitions.map(({ name }) => name)).toEqual(['first', 'second', 'third']);
    expect(
      loadErrors.map(({ file, line, faults }) => [basename(file), line, ...faults.map(({ code }) => code)]),
    ).toEqual([
      ['c.json', 2, 'WORKFLOW_SCHEMA', 'WORKFLOW_SCHEMA'],
      ['e.json', undefined, 'FILE_UNREADABLE'],
      ['f.json', undefined, 'FILE_NOT_FOUND'],
    ]);
  });

  it('with the same workflow count once, with different ones of a name the later is an error', async () => {
    await put('a.json', named('same'));
    await put('b.json', `\n${named('same')}`);
    await put('c.json', named('same', 'other'));
    const { definitions, loadErrors } = await loadWorkflowFolder(folder);
    expect(definitions).toHaveLength(1);
    expect(loadErrors).toHaveLength(1);
    expect(loadErrors[0]?.faults).toMatchObject([{ code: 'WORKFLOW_EXISTS', path: '$.name' }]);
    expect(loadErrors[0]?.file).toMatch(/c\.json$/);
  });

  it.skipIf(!HAS_CORPORA)(
    `that are all of JSONTestSuite give 318 load errors beside a good one${CORPORA_NOTE}`,
    async () => {
      for (const path of corpusFiles('json/test_parsing')) await symlink(path, join(folder, basename(path)));
      await put('good.json', GOOD);
      const { definitions, loadErrors } = await loadWorkflowFolder(folder);
      expect(definitions.map(({ name }) => name)).toEqual(['good']);
      expect(loadErrors).toHaveLength(318);
      expect(loadErrors.filter(({ line }) => line === undefined)).toEqual([]);
    },
  );
});

describe.skipIf(!HAS_CORPORA)(`the original's workflows${CORPORA_NOTE}`, () => {
  const base = 'original-workflows/config/';
  const files = ['examples', 'workflows/examples', 'workflows/production', 'workflows/tests'].flatMap((name) =>
    corpusFiles(base + name),
  );

  it('are 13', () => {
    expect(files).toHaveLength(13);
  });

  it.each(files.map((path) => [path.slice(CORPORA.length + base.length), path]))(
    '%s loads unchanged',
    async (_, path) => {
      const { definition, workflow } = await loaded(path);
      expect(workflow.graph.names).toEqual(definition.steps.map(({ name }) => name));
      expect(definition.steps.map(({ retry }) => retry.maxAttempts).every((attempts) => attempts >= 2)).toBe(true);
    },
  );

  it('have the levels of sample_analysis_workflow', async () => {
    const { workflow } = await loaded(join(CORPORA, base, 'workflows/examples/sample_analysis_workflow.json'));
    expect(levelGroups(workflow.graph).map((level) => namesOf(workflow.graph, level))).toEqual([
      ['data_analysis', 'security_scan'],
      ['report_generation'],
      ['final_report'],
    ]);
    expect(workflow.steps[0]).toMatchObject({ timeoutMs: null, retry: { maxAttempts: 4 } });
  });

  it('have the order that the references of code-analysis-pipeline give', async () => {
    const { workflow } = await loaded(join(CORPORA, base, 'workflows/examples/code-analysis-pipeline.json'));
    expect(namesOf(workflow.graph, topologicalOrder(workflow.graph))).toEqual([
      'analyze_code',
      'generate_insights',
      'create_visualization',
    ]);
    expect(levelGroups(workflow.graph)).toHaveLength(3);
  });

  it('name their unknown modules per step', async () => {
    const { definition, locate } = await loaded(join(CORPORA, base, 'workflows/tests/error_test_workflow.json'));
    const faults = locate(findUnknownModules(definition, (module) => module === 'core'));
    expect(faults).toMatchObject([{ code: 'STEP_MODULE_UNKNOWN', path: '$.steps[0].module', line: 6 }]);
  });

  it('of both example folders agree where they have one name', async () => {
    const [basic, example] = await Promise.all([
      loaded(join(CORPORA, base, 'examples/workflow-basic.json')),
      loaded(join(CORPORA, base, 'workflows/examples/basic-analysis.json')),
    ]);
    expect(basic.definition).toEqual(example.definition);
  });
});
