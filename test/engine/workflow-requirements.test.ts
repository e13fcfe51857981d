// What a workflow lacks from outside must be listed per step, with path and remedy.

import { describe, expect, it } from 'vitest';
import type { WorkflowDefinition } from '../../src/domain/workflow-definition.ts';
import { readWorkflowDocument } from '../../src/domain/workflow-document.ts';
import { compileWorkflow } from '../../src/engine/workflow-compiler.ts';
import {
  findMissingParameters,
  findResourceFaults,
  findUnknownModules,
  findUnusedParameters,
} from '../../src/engine/workflow-requirements.ts';

type Fields = Record<string, unknown>;

function definitionOf(fields: Fields, ...steps: Fields[]): WorkflowDefinition {
  const complete = steps.map((step, index) => ({ name: `s${index}`, module: 'core', action: 'noop', ...step }));
  const document = readWorkflowDocument({ ...fields, steps: complete }, 'test');
  if (document.kind === 'faulty') throw new Error(JSON.stringify(document.faults));
  return document.definition;
}

describe('unknown modules', () => {
  it('are listed for each step that needs one', () => {
    const definition = definitionOf({}, {}, { module: 'reprots' }, { module: 'nowhere' }, { module: 'nowhere' });
    const faults = findUnknownModules(definition, (module) => module === 'core', ['core', 'reports']);
    expect(faults.map(({ code, path }) => [code, path])).toEqual([
      ['STEP_MODULE_UNKNOWN', '$.steps[1].module'],
      ['STEP_MODULE_UNKNOWN', '$.steps[2].module'],
      ['STEP_MODULE_UNKNOWN', '$.steps[3].module'],
    ]);
    expect(faults[0]?.message).toBe(
      'step "s1" needs module "reprots", which no tasks folder has (did you mean "reports"?); add "reprots.ts" to a tasks folder, or name the folder that has it',
    );
  });

  it('are asked for once each', () => {
    const asked: string[] = [];
    findUnknownModules(definitionOf({}, {}, {}, { module: 'x' }), (module) => asked.push(module) > 0);
    expect(asked).toEqual(['core', 'x']);
  });
});

describe('resource requests', () => {
  const capacityOf = (id: string) => (id === 'cpu' ? 4 : null);
  const codesOf = (definition: WorkflowDefinition) =>
    findResourceFaults(definition, capacityOf).map(({ code, path }) => [code, path]);

  it('within capacity are no fault', () => {
    const resources = [{ id: 'gpu', type: 'compute', capacity: 2, granularity: 0.5 }];
    expect(codesOf(definitionOf({ resources }, { resources: { cpu: 4, gpu: 1.5 } }))).toEqual([]);
  });

  it('that can never be granted are listed', () => {
    const resources = [{ id: 'gpu', type: 'compute', capacity: 2, granularity: 0.5 }];
    const definition = definitionOf(
      { resources },
      { resources: { cpu: 5 } },
      { resources: { disk: 1, 'odd id': 1 } },
      { resources: { gpu: 0.7 } },
      { resources: { gpu: 3 } },
    );
    expect(codesOf(definition)).toEqual([
      ['RESOURCE_CAPACITY_EXCEEDED', '$.steps[0].resources.cpu'],
      ['RESOURCE_NOT_FOUND', '$.steps[1].resources.disk'],
      ['RESOURCE_NOT_FOUND', '$.steps[1].resources["odd id"]'],
      ['RESOURCE_AMOUNT_INVALID', '$.steps[2].resources.gpu'],
      ['RESOURCE_CAPACITY_EXCEEDED', '$.steps[3].resources.gpu'],
    ]);
  });

  it('made in code may have amounts that no file can have', () => {
    const [step] = definitionOf({}, { resources: { cpu: 1 } }).steps;
    if (step === undefined) throw new Error('no step');
    const definition = definitionOf({}, {});
    const broken = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0].map((cpu) => ({ ...step, resources: { cpu } }));
    expect(codesOf({ ...definition, steps: broken }).map(([code]) => code)).toEqual(
      Array(4).fill('RESOURCE_AMOUNT_INVALID'),
    );
  });
});

describe('run parameters', () => {
  it('that references need and nobody gives are listed once each', () => {
    const definition = definitionOf(
      { parameters: { depth: 1 } },
      { parameters: { x: '{{params.root}}/{{params.depth}}' } },
      { parameters: { y: ['{{params.root}}'], z: '{{params.user.name}}', w: '{{params.given}}' } },
    );
    const compiled = compileWorkflow(definition);
    if (compiled.kind === 'faulty') throw new Error('must compile');
    const faults = findMissingParameters(compiled.workflow, { given: 1 });
    expect(faults.map(({ code, path }) => [code, path])).toEqual([
      ['PARAMETER_INVALID', '$.steps[0].parameters.x'],
      ['PARAMETER_INVALID', '$.steps[1].parameters.z'],
    ]);
    expect(faults[0]?.message).toBe('run parameter "root" is not given; step "s0" needs it for "{{params.root}}"');
    expect(findMissingParameters(compiled.workflow, { given: 1, root: '.', user: {} })).toEqual([]);
  });

  it('that concurrency keys need count as well', () => {
    const definition = definitionOf(
      { parameters: { depth: 1 } },
      { concurrency: { key: 'db-{{params.tenant}}-{{params.depth}}', limit: 1 } },
      { concurrency: { key: '{{params.tenant}}', limit: 1 } },
    );
    const compiled = compileWorkflow(definition);
    if (compiled.kind === 'faulty') throw new Error('must compile');
    expect(findMissingParameters(compiled.workflow, {})).toMatchObject([
      {
        code: 'PARAMETER_INVALID',
        path: '$.steps[0].concurrency.key',
        message:
          'run parameter "tenant" is not given; the concurrency key of step "s0" needs it for "{{params.tenant}}"',
      },
    ]);
    expect(findMissingParameters(compiled.workflow, { tenant: 'x' })).toEqual([]);
    expect(findUnusedParameters(compiled.workflow, ['tenant', 'tenent'])).toHaveLength(1);
  });
});

describe('run parameters that nothing takes', () => {
  it('are told, with the name that was meant; those of steps, references, defaults and conditions are not', () => {
    const definition = definitionOf(
      { parameters: { declared: 1 } },
      { parameters: { own: 1, message: 'to {{params.who}}' } },
      { run_if: 'params.wanted == true' },
    );
    const compiled = compileWorkflow(definition);
    if (compiled.kind === 'faulty') throw new Error(JSON.stringify(compiled.faults));
    const names = ['declared', 'own', 'message', 'who', 'wanted', 'mesage', 'zz'];
    expect(findUnusedParameters(compiled.workflow, names).map(({ message }) => message)).toEqual([
      'no step takes the run parameter "mesage" (did you mean "message"?); the run goes on without it',
      'no step takes the run parameter "zz"; the run goes on without it',
    ]);
  });
});
