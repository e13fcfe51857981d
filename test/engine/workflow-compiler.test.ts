// The compiled graph must hold every kind of edge, and every fault between steps must come with its path.

import { describe, expect, it } from 'vitest';
import type { WorkflowDefinition } from '../../src/domain/workflow-definition.ts';
import { readWorkflowDocument } from '../../src/domain/workflow-document.ts';
import { compileWorkflow } from '../../src/engine/workflow-compiler.ts';

type Fields = Record<string, unknown>;

function definitionOf(...steps: Fields[]): WorkflowDefinition {
  const complete = steps.map((step) => ({ module: 'core', action: 'noop', ...step }));
  const document = readWorkflowDocument({ steps: complete }, 'test');
  if (document.kind === 'faulty') throw new Error(JSON.stringify(document.faults));
  return document.definition;
}

function compile(...steps: Fields[]) {
  const result = compileWorkflow(definitionOf(...steps));
  if (result.kind === 'faulty') throw new Error(JSON.stringify(result.faults));
  return result.workflow;
}

function dependenciesOf(...steps: Fields[]): string[][] {
  const { graph } = compile(...steps);
  return graph.names.map((_, index) =>
    [...graph.dependencies.slice(graph.dependencyOffsets[index], graph.dependencyOffsets[index + 1])].map(
      (dependency) => graph.names[dependency] ?? '',
    ),
  );
}

function faultsOf(...steps: Fields[]): [string, string][] {
  const result = compileWorkflow(definitionOf(...steps));
  return result.kind === 'faulty' ? result.faults.map(({ code, path }) => [code, path]) : [];
}

function messagesOf(...steps: Fields[]): string[] {
  const result = compileWorkflow(definitionOf(...steps));
  return result.kind === 'faulty' ? result.faults.map(({ message }) => message) : [];
}

describe('the graph of a workflow', () => {
  it('has an edge for each declared dependency, reference and step of run_if, each once', () => {
    const steps = [
      { name: 'a' },
      { name: 'b' },
      { name: 'c' },
      {
        name: 'd',
        dependencies: ['a', 'a'],
        parameters: { x: '{{a.output}} {{b.output.y}}' },
        run_if: 'steps.c.output == 1 && steps.a.status == "completed"',
      },
    ];
    expect(dependenciesOf(...steps)).toEqual([[], [], [], ['a', 'b', 'c']]);
  });

  it('takes a dependency on a step that is listed later', () => {
    expect(dependenciesOf({ name: 'late', dependencies: ['early'] }, { name: 'early' })).toEqual([['early'], []]);
  });

  it('has compiled parameters and conditions by position, null where there is nothing to do', () => {
    const { parameters, conditions, steps } = compile(
      { name: 'a', parameters: { x: 1 } },
      { name: 'b', parameters: { x: '{{a.output}}' }, run_if: 'params.go' },
    );
    expect(steps.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(parameters.map((compiled) => compiled?.steps ?? null)).toEqual([null, ['a']]);
    expect(conditions.map((condition) => condition?.expression ?? null)).toEqual([null, 'params.go']);
  });

  it('lets steps have the names of built-in members', () => {
    const steps = [{ name: 'constructor' }, { name: 'toString', parameters: { x: '{{constructor.output}}' } }];
    expect(dependenciesOf(...steps)).toEqual([[], ['constructor']]);
    expect(faultsOf({ name: 'a', dependencies: ['hasOwnProperty'] })).toEqual([
      ['DEPENDENCY_MISSING', '$.steps[0].dependencies[0]'],
    ]);
  });
});

describe('faults between steps', () => {
  it('are all reported, each at its path', () => {
    const steps = [
      { name: 'a', dependencies: ['b', 'nope'], parameters: { deep: [{ x: '{{typo.output}}' }] } },
      { name: 'b', dependencies: ['a'] },
      { name: 'a' },
      { name: 'self', dependencies: ['self'], run_if: 'steps.c.output' },
      { name: 'me', parameters: { x: '{{me.output}}' }, run_if: 'steps.me.output == 1' },
      { name: 'open', parameters: { x: '{{' }, run_if: '1 +' },
    ];
    expect(faultsOf(...steps).sort()).toEqual(
      [
        ['TASK_DUPLICATE', '$.steps[2].name'],
        ['DEPENDENCY_MISSING', '$.steps[0].dependencies[1]'],
        ['REFERENCE_INVALID', '$.steps[0].parameters.deep[0].x'],
        ['DEPENDENCY_SELF', '$.steps[3].dependencies[0]'],
        ['EXPRESSION_INVALID', '$.steps[3].run_if'],
        ['DEPENDENCY_SELF', '$.steps[4].parameters.x'],
        ['DEPENDENCY_SELF', '$.steps[4].run_if'],
        ['REFERENCE_INVALID', '$.steps[5].parameters.x'],
        ['EXPRESSION_INVALID', '$.steps[5].run_if'],
        ['DAG_CYCLE', '$.steps[0].dependencies[0]'],
      ].sort(),
    );
  });

  it('include rings through references and conditions', () => {
    const steps = [
      { name: 'a', parameters: { x: '{{c.output}}' } },
      { name: 'b', run_if: 'steps.a.output == 1' },
      { name: 'c', dependencies: ['b'] },
    ];
    const [fault] = messagesOf(...steps);
    expect(faultsOf(...steps)).toHaveLength(1);
    expect(fault).toMatch(/^3 steps depend on each other in a ring: .*"a".*/);
  });

  it('suggest the name that is meant', () => {
    expect(messagesOf({ name: 'analyze' }, { name: 'b', dependencies: ['analyse'] })[0]).toContain(
      'did you mean "analyze"?',
    );
    expect(messagesOf({ name: 'analyze' }, { name: 'b', parameters: { x: '{{analyse.output}}' } })[0]).toContain(
      'did you mean "analyze"?',
    );
  });
});

// The bounds are wide, for busy machines; anything that grows with the square of the steps takes many minutes.
describe('the cost of compiling', () => {
  const secondsOf = (definition: WorkflowDefinition) => {
    const startedAt = performance.now();
    compileWorkflow(definition);
    return (performance.now() - startedAt) / 1_000;
  };
  const many = (fieldsOf: (index: number) => Fields) =>
    definitionOf(...Array.from({ length: 100_000 }, (_, index) => ({ name: `step-${index}`, ...fieldsOf(index) })));

  it('is that of a few passes over 100,000 sound steps', () => {
    const sound = many((index) =>
      index === 0 ? {} : { dependencies: [`step-${index - 1}`], parameters: { x: `{{step-${index >> 1}.output}}` } },
    );
    expect(secondsOf(sound)).toBeLessThan(10);
  }, 60_000);

  it('stays in bounds for 100,000 faulty ones', () => {
    const faulty = many((index) => ({
      dependencies: [`stop-${index}`],
      parameters: { x: `{{stap-${index}.output}}` },
      run_if: index < 2_000 ? `steps.x${index}.output == 1` : null,
    }));
    expect(secondsOf(faulty)).toBeLessThan(20);
  }, 60_000);
});
