// The configuration: what is given, then config/default.json, then the defaults; every fault at once.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWorkflowDocument } from '../../src/domain/workflow-document.ts';
import { type EngineConfig, resolveConfig } from '../../src/engine/engine-config.ts';
import { OrchestrationEngine } from '../../src/index.ts';

function createFolder(config?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-test-'));
  if (config === undefined) return folder;
  mkdirSync(join(folder, 'config'));
  writeFileSync(join(folder, 'config/default.json'), config);
  return folder;
}

function faultOf(config: object): unknown {
  try {
    resolveConfig(config as EngineConfig, createFolder());
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('resolveConfig', () => {
  it('has a default that serves for every key, with absolute paths', () => {
    const folder = createFolder();
    expect(resolveConfig({}, folder)).toMatchObject({
      workflowsDir: join(folder, 'config/workflows/production'),
      tasksDirs: [join(folder, 'tasks')],
      projectsDir: join(folder, 'projects'),
      dataDir: join(folder, '.yardmaster'),
      inMemory: false,
      maxWorkers: Math.min(128, availableParallelism()),
      durability: 'full',
      resources: [],
      defaultMode: 'resource_aware',
    });
  });

  it('puts what is given before the file and the file before the defaults; undefined is nothing given', () => {
    const folder = createFolder('{"$schema": "x", "maxWorkers": 3, "defaultMode": "priority", "tasksDirs": ["one"]}');
    const given = { maxWorkers: 5, defaultMode: undefined, dataDir: ':memory:' };
    expect(resolveConfig(given, folder)).toMatchObject({
      maxWorkers: 5,
      defaultMode: 'priority',
      tasksDirs: [join(folder, 'one')],
      dataDir: ':memory:',
      inMemory: true,
    });
  });

  it.each([
    [{ maxWorkers: 0 }, 'maxWorkers'],
    [{ maxWorkers: 129 }, 'maxWorkers'],
    [{ maxWorkers: 1.5 }, 'maxWorkers'],
    [{ maxWorkers: '2' }, 'maxWorkers'],
    [{ defaultMode: 'fast' }, 'defaultMode'],
    [{ durability: 'most' }, 'durability'],
    [{ tasksDirs: 'tasks' }, 'tasksDirs'],
    [{ tasksDirs: [''] }, 'tasksDirs'],
    [{ cancelGraceMs: -1 }, 'cancelGraceMs'],
    [{ cancelGraceMs: Number.NaN }, 'cancelGraceMs'],
    [{ threadHeapMb: 1 }, 'threadHeapMb'],
    [{ maxInlineTasks: 0 }, 'maxInlineTasks'],
    [{ resources: [{ id: 'x', type: 'magic', capacity: 1 }] }, 'resources.0.type'],
    [{ resources: [{ id: 'x', type: 'custom', capacity: -1 }] }, 'resources.0.capacity'],
    [{ maxWorker: 2 }, 'maxWorker'],
  ])('refuses %j and names the key', (config, key) => {
    expect(faultOf(config)).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(key) });
  });

  it('lists every fault at once', () => {
    const fault = faultOf({ maxWorkers: 0, durability: 'most', colour: 'red' });
    expect(Reflect.get(Object(Reflect.get(Object(fault), 'details')), 'faults')).toHaveLength(3);
  });

  it('names the file whose settings are bad', () => {
    for (const content of ['{"maxWorkers": 0}', '{"maxWorkers": ', '[]', 'null', '\u0000']) {
      const folder = createFolder(content);
      expect(() => resolveConfig({}, folder), content).toThrow(join(folder, 'config/default.json'));
    }
  });
});

function definitionOf(document: Record<string, unknown>) {
  const reading = readWorkflowDocument(document, 'w');
  if (reading.kind === 'faulty') throw new Error(JSON.stringify(reading.faults));
  return reading.definition;
}

describe('an engine', () => {
  it('has the resources of its configuration beside the three defaults, and other capacities for these', async () => {
    await using engine = await OrchestrationEngine.create({
      dataDir: ':memory:',
      maxWorkers: 1,
      resources: [
        { id: 'sys-compute', type: 'compute', capacity: 7 },
        { id: 'licence', type: 'lock', capacity: 0.5, granularity: 0.5 },
        { id: 'calls', type: 'api_quota', capacity: 3, refillPeriodMs: 60_000 },
      ],
    });
    const capacities = Object.fromEntries(
      engine.resources.listResources().map(({ resourceId, capacity }) => [resourceId, capacity]),
    );
    expect(capacities).toEqual({
      'sys-memory': expect.any(Number),
      'api-global': 1_000,
      'sys-compute': 7,
      licence: 0.5,
      calls: 3,
    });
    expect(
      engine.resources
        .listResources('api_quota')
        .map(({ resourceId }) => resourceId)
        .sort(),
    ).toEqual(['api-global', 'calls']);
  });

  it('refills an API quota after a minute, unless its configuration or its program says otherwise', async () => {
    await using engine = await OrchestrationEngine.create({
      dataDir: ':memory:',
      maxWorkers: 1,
      resources: [
        { id: 'api-global', type: 'api_quota', capacity: 5 },
        { id: 'fast', type: 'api_quota', capacity: 5, refillPeriodMs: 1_000 },
        { id: 'held', type: 'api_quota', capacity: 5, refillPeriodMs: null },
        { id: 'door', type: 'lock', capacity: 5 },
      ],
    });
    const { resources } = engine;
    resources.registerResource('called', 'api_quota', 5);
    resources.registerResource('called', 'api_quota', 5, { refill: { periodMs: 60_000 } });
    resources.registerResource('lent', 'api_quota', 5, { refill: null, description: 'given back' });
    const steps = [{ name: 'a', module: 'core', action: 'noop', resources: { declared: 2, lent: 2 } }];
    const declared = { id: 'declared', type: 'api_quota', capacity: 5, period: 2 };
    engine.workflows.addDefinition(definitionOf({ name: 'w', steps, resources: [declared] }));
    await engine.executeWorkflow('w');
    const periods = Object.fromEntries(
      resources.listResources().map(({ resourceId, refillPeriodMs }) => [resourceId, refillPeriodMs]),
    );
    expect(periods).toEqual({
      'sys-compute': null,
      'sys-memory': null,
      'api-global': 60_000,
      fast: 1_000,
      held: null,
      door: null,
      called: 60_000,
      lent: null,
      declared: 2_000,
    });
    // What is lent has come back with the step's end, what is drawn from a quota has not.
    expect([resources.getUsage('lent').current, resources.getUsage('declared').current]).toEqual([0, 2]);
  });

  it('with a resource that cannot be is not made, and leaves no thread', async () => {
    const resources = [{ id: 'odd', type: 'custom' as const, capacity: 1, granularity: 0.3 }];
    await expect(OrchestrationEngine.create({ dataDir: ':memory:', resources })).rejects.toMatchObject({
      code: 'RESOURCE_AMOUNT_INVALID',
    });
  });
});
