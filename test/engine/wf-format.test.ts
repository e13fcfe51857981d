// WfFormat must give the recorded graph and runtimes in each of its versions, or faults at their paths.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isWfFormat, readWfFormat } from '../../src/engine/wf-format.ts';
import { parseWorkflowText } from '../../src/engine/workflow-files.ts';
import { CORPORA_NOTE, corpusFiles, HAS_CORPORA } from './workflow-corpus.ts';

function stepsOf(value: unknown) {
  const reading = readWfFormat(value, 'stem');
  if (reading.kind === 'faulty') throw new Error(JSON.stringify(reading.faults));
  return reading.definition.steps.map(({ name, parameters, dependencies, estimatedSeconds }) => ({
    name,
    ms: parameters.ms,
    dependencies: [...dependencies].sort(),
    estimatedSeconds,
  }));
}

function faultsOf(value: unknown): [string, string][] {
  const reading = readWfFormat(value, 'stem');
  return reading.kind === 'faulty' ? reading.faults.map(({ code, path }) => [code, path]) : [];
}

const list = (...tasks: unknown[]) => ({ name: 'w', schemaVersion: '1.4', workflow: { tasks } });
const split = (tasks: unknown, execution?: unknown) => ({
  schemaVersion: '1.5',
  workflow: { specification: { tasks }, ...(execution === undefined ? {} : { execution: { tasks: execution } }) },
});

describe('WfFormat 1.4', () => {
  it('has one list of tasks that name each other', () => {
    const value = list(
      { name: 'a_ID1', id: 'ID1', category: 'a', type: 'compute', runtimeInSeconds: 1.5, children: ['b_ID2'] },
      { name: 'b_ID2', id: 'ID2', runtime: 2, parents: ['a_ID1'], files: [] },
      { name: 'c_ID3', id: 'ID3', parents: ['ID2'] },
      { name: 'alone', runtimeInSeconds: 0 },
    );
    expect(stepsOf(value)).toEqual([
      { name: 'a_ID1', ms: 1_500, dependencies: [], estimatedSeconds: 1.5 },
      { name: 'b_ID2', ms: 2_000, dependencies: ['a_ID1'], estimatedSeconds: 2 },
      { name: 'c_ID3', ms: 0, dependencies: ['b_ID2'], estimatedSeconds: 0 },
      { name: 'alone', ms: 0, dependencies: [], estimatedSeconds: 0 },
    ]);
  });

  it('takes an edge from either side', () => {
    const value = list({ name: 'a', children: ['b'] }, { name: 'b' }, { name: 'c', parents: ['b'] });
    expect(stepsOf(value).map(({ dependencies }) => dependencies)).toEqual([[], ['a'], ['b']]);
  });

  it('uses ids where names are used twice', () => {
    const value = list({ name: 'x', id: '1' }, { name: 'x', id: '2', parents: ['1'] });
    expect(stepsOf(value).map(({ name, dependencies }) => [name, ...dependencies])).toEqual([['1'], ['2', '1']]);
    const unclear = list({ name: 'x', id: '1' }, { name: 'x', id: '2' }, { name: 'y', id: '3', parents: ['x'] });
    expect(faultsOf(unclear)).toEqual([['DEPENDENCY_MISSING', '$.workflow.tasks[2].parents[0]']]);
    expect(faultsOf(list({ name: 'x' }, { name: 'x' }))).toEqual([['TASK_DUPLICATE', '$.workflow.tasks[1].name']]);
  });

  it('was called jobs in the first versions', () => {
    expect(stepsOf({ workflow: { jobs: [{ name: 'a', runtime: 1 }] } })).toMatchObject([{ name: 'a', ms: 1_000 }]);
  });
});

describe('WfFormat 1.5', () => {
  it('joins structure and runtimes by id', () => {
    const tasks = [
      { name: 'same', id: 'i1', parents: [], children: ['i2'] },
      { name: 'same', id: 'i2', parents: ['i1'], children: [] },
      { name: 'same', id: 'i3', parents: [], children: [] },
    ];
    const execution = [
      { id: 'i2', runtimeInSeconds: 4 },
      { id: 'i1', runtimeInSeconds: 0 },
    ];
    expect(stepsOf(split(tasks, execution)).map(({ name, ms, dependencies }) => [name, ms, ...dependencies])).toEqual([
      ['i1', 0],
      ['i2', 4_000, 'i1'],
      ['i3', 0],
    ]);
    expect(stepsOf(split(tasks)).map(({ ms }) => ms)).toEqual([0, 0, 0]);
  });

  it('has ids that differ', () => {
    expect(faultsOf(split([{ id: 'a' }, { id: 'a' }]))).toEqual([
      ['TASK_DUPLICATE', '$.workflow.specification.tasks[1].id'],
    ]);
  });
});

describe('a broken WfFormat file', () => {
  const TASKS = '$.workflow.specification.tasks';

  it.each<[unknown, [string, string]]>([
    [{ workflow: {} }, ['WORKFLOW_SCHEMA', '$.workflow.tasks']],
    [list(), ['WORKFLOW_SCHEMA', '$.workflow.tasks']],
    [{ workflow: { specification: 3 } }, ['WORKFLOW_SCHEMA', TASKS]],
    [split({}), ['WORKFLOW_SCHEMA', TASKS]],
    [split([null]), ['WORKFLOW_SCHEMA', `${TASKS}[0]`]],
    [split([{}]), ['WORKFLOW_SCHEMA', `${TASKS}[0]`]],
    [split([{ id: 3 }]), ['WORKFLOW_SCHEMA', `${TASKS}[0].id`]],
    [split([{ id: '__proto__' }]), ['WORKFLOW_SCHEMA', `${TASKS}[0].id`]],
    [split([{ id: 'a', parents: 'b' }]), ['WORKFLOW_SCHEMA', `${TASKS}[0].parents`]],
    [split([{ id: 'a', parents: [1] }]), ['WORKFLOW_SCHEMA', `${TASKS}[0].parents[0]`]],
    [split([{ id: 'a', children: ['toString'] }]), ['DEPENDENCY_MISSING', `${TASKS}[0].children[0]`]],
    [split([{ id: 'a' }], {}), ['WORKFLOW_SCHEMA', '$.workflow.execution.tasks']],
    [split([{ id: 'a' }], [{ id: 1 }]), ['WORKFLOW_SCHEMA', '$.workflow.execution.tasks[0].id']],
    [
      split([{ id: 'a' }], [{ id: 'a', runtimeInSeconds: -1 }]),
      ['WORKFLOW_SCHEMA', '$.workflow.execution.tasks[0].runtimeInSeconds'],
    ],
    [list({ name: 'a', runtime: '3' }), ['WORKFLOW_SCHEMA', '$.workflow.tasks[0].runtime']],
  ])('%j is at fault at %s', (value, fault) => {
    expect(faultsOf(value)).toEqual([fault]);
  });

  it('with a ring is at fault at one of its tasks, with the line', () => {
    const text = JSON.stringify(list({ name: 'a', parents: ['b'] }, { name: 'b', parents: ['a'] }), null, 1);
    const load = parseWorkflowText(text, { file: 'ring.json', stem: 'ring' });
    if (load.kind === 'loaded') throw new Error('must be faulty');
    expect(load.faults).toMatchObject([{ code: 'DAG_CYCLE', path: '$.workflow.tasks[0]' }]);
    expect(load.faults[0]?.line).toBe(6);
  });
});

it('is told from our own format by its shape', () => {
  expect(isWfFormat({ workflow: {} })).toBe(true);
  expect(isWfFormat({ workflow: {}, steps: [] })).toBe(false);
  expect([null, [], {}, { workflow: 'x' }, { workflow: [] }].some(isWfFormat)).toBe(false);
});

const RECORDED = z.object({
  workflow: z.object({
    specification: z.object({
      tasks: z.array(z.object({ id: z.string(), parents: z.array(z.string()), children: z.array(z.string()) })),
    }),
    execution: z.object({ tasks: z.array(z.object({ id: z.string(), runtimeInSeconds: z.number() })) }),
  }),
});

describe.skipIf(!HAS_CORPORA)(`recorded executions${CORPORA_NOTE}`, () => {
  it.each(corpusFiles('wf').map((path) => [basename(path), path]))(
    '%s loads with its edges and runtimes',
    (file, path) => {
      const text = readFileSync(path);
      const load = parseWorkflowText(text, { file, stem: 'stem' }, { timeScale: 0.001 });
      if (load.kind === 'faulty') throw new Error(JSON.stringify(load.faults));
      const { specification, execution } = RECORDED.parse(JSON.parse(text.toString())).workflow;
      const edges = new Set(
        specification.tasks.flatMap(({ id, parents, children }) => [
          ...parents.map((parent) => `${parent} → ${id}`),
          ...children.map((child) => `${id} → ${child}`),
        ]),
      );
      const { graph, steps } = load.workflow;
      const loaded = steps.flatMap(({ name, dependencies }) => dependencies.map((parent) => `${parent} → ${name}`));
      expect(new Set(loaded)).toEqual(edges);
      expect(graph.dependencies).toHaveLength(edges.size);
      const seconds = new Map(execution.tasks.map(({ id, runtimeInSeconds }) => [id, runtimeInSeconds]));
      for (const { name, parameters, estimatedSeconds } of steps) {
        expect(parameters.ms).toBeCloseTo(seconds.get(name) ?? Number.NaN, 9);
        expect(estimatedSeconds).toBeCloseTo((seconds.get(name) ?? Number.NaN) / 1_000, 9);
      }
      expect(steps).toHaveLength(specification.tasks.length);
    },
  );
});
