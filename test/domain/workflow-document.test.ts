// A document must give a definition in milliseconds, or every fault of shape at its path.

import { describe, expect, it } from 'vitest';
import { readWorkflowDocument } from '../../src/domain/workflow-document.ts';

const STEP = { name: 'a', module: 'core', action: 'noop' };

function stepOf(fields: Record<string, unknown>) {
  const document = readWorkflowDocument({ steps: [{ ...STEP, ...fields }] }, 'stem');
  if (document.kind === 'faulty') throw new Error(JSON.stringify(document.faults));
  const [step] = document.definition.steps;
  if (step === undefined) throw new Error('no step');
  return step;
}

function faultsOf(raw: unknown): [string, string, string][] {
  const document = readWorkflowDocument(raw, 'stem');
  if (document.kind === 'sound') return [];
  return document.faults.map(({ code, path, message }) => [code, path, message]);
}

const faultsOfStep = (fields: Record<string, unknown>) => faultsOf({ steps: [{ ...STEP, ...fields }] });

describe('a sound document', () => {
  it('has defaults for all that it leaves out', () => {
    const document = readWorkflowDocument({ steps: [STEP] }, 'stem');
    expect(document).toMatchObject({
      kind: 'sound',
      definition: { name: 'stem', description: '', mode: null, maxParallel: null, timeoutMs: null, parameters: {} },
    });
    expect(stepOf({})).toMatchObject({
      dependencies: [],
      timeoutMs: null,
      retry: { maxAttempts: 1 },
      priority: 2,
      runIf: null,
      required: true,
      estimatedSeconds: null,
    });
  });

  it('counts max_retries as attempts after the first, and retry_count only where max_retries is absent', () => {
    expect(stepOf({ max_retries: 3, retry_count: 0 }).retry.maxAttempts).toBe(4);
    expect(stepOf({ max_retries: 0, retry_count: 5 }).retry.maxAttempts).toBe(1);
    expect(stepOf({ retry_count: 2 }).retry.maxAttempts).toBe(3);
  });

  it('turns seconds into exact milliseconds', () => {
    expect(stepOf({ timeout: 0.1 }).timeoutMs).toBe(100);
    expect(stepOf({ timeout: 4.35 }).timeoutMs).toBe(4_350);
    expect(stepOf({ timeout: null }).timeoutMs).toBeNull();
  });

  it('reads attempts in place of retries, without end too', () => {
    expect(stepOf({ retry: { max_attempts: 3 } }).retry.maxAttempts).toBe(3);
    expect(stepOf({ retry: { max_attempts: null } }).retry.maxAttempts).toBe(Number.POSITIVE_INFINITY);
    expect(stepOf({ retry: { max_attempts: 3 }, max_retries: 2 }).retry.maxAttempts).toBe(3);
    expect(stepOf({ retry: { max_attempts: 1 }, retry_count: 0 }).retry.maxAttempts).toBe(1);
  });

  it('reads the limits of a step in seconds, null as none', () => {
    expect(stepOf({ timeout: 2, total_timeout: 60.5, heartbeat_timeout: 0.25 })).toMatchObject({
      timeoutMs: 2_000,
      totalTimeoutMs: 60_500,
      heartbeatTimeoutMs: 250,
    });
    expect(stepOf({ total_timeout: null })).toMatchObject({ totalTimeoutMs: null, heartbeatTimeoutMs: null });
  });

  it('reads a retry object in seconds, jitter as a share or a yes or no', () => {
    const retry = { initial_interval: 0.5, backoff: 3, max_interval: 10, jitter: false, non_retryable: ['E_FATAL'] };
    expect(stepOf({ max_retries: 1, retry }).retry).toEqual({
      maxAttempts: 2,
      initialIntervalMs: 500,
      backoff: 3,
      maxIntervalMs: 10_000,
      jitter: 0,
      nonRetryable: ['E_FATAL'],
    });
    expect(stepOf({ retry: { jitter: true } }).retry.jitter).toBe(1);
    expect(stepOf({ retry: { jitter: 0.25 } }).retry.jitter).toBe(0.25);
  });

  it('takes priorities as numbers or as names in any case', () => {
    const read = ['critical', 'High', 'NORMAL', 'low', 'bAckground', 0, 4].map(
      (priority) => stepOf({ priority }).priority,
    );
    expect(read).toEqual([0, 1, 2, 3, 4, 0, 4]);
  });

  it('lets $schema, x- and _ members stand anywhere', () => {
    const notes = { $schema: './workflow.schema.json', 'x-owner': 'me', _comment: 'why' };
    const step = { ...STEP, ...notes, retry: notes };
    expect(
      faultsOf({ ...notes, steps: [step], resources: [{ id: 'r', type: 'lock', capacity: 1, ...notes }] }),
    ).toEqual([]);
  });

  it('keeps hostile names in parameters as plain data', () => {
    const raw: unknown = JSON.parse(
      '{"steps":[{"name":"constructor","module":"core","action":"noop","parameters":{"__proto__":{"polluted":1},"constructor":2}}]}',
    );
    const document = readWorkflowDocument(raw, 'stem');
    if (document.kind === 'faulty') throw new Error('must be sound');
    const parameters = document.definition.steps[0]?.parameters ?? {};
    expect(Object.keys(parameters)).toEqual(['__proto__', 'constructor']);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('a faulty document', () => {
  it.each([
    [null, '$'],
    [[], '$'],
    ['text', '$'],
    [{}, '$.steps'],
    [{ steps: [] }, '$.steps'],
    [{ steps: {} }, '$.steps'],
    [{ steps: [null] }, '$.steps[0]'],
    [{ steps: [STEP], name: '' }, '$.name'],
    [{ steps: [STEP], name: 'two\nlines' }, '$.name'],
    [{ steps: [STEP], mode: 'fast' }, '$.mode'],
    [{ steps: [STEP], max_parallel: 0 }, '$.max_parallel'],
    [{ steps: [STEP], timeout: -1 }, '$.timeout'],
    [{ steps: [STEP], parameters: [] }, '$.parameters'],
    [{ steps: [STEP], resources: [5] }, '$.resources[0]'],
    [{ steps: [STEP], resources: [{ id: 'r', type: 'gpu', capacity: 1 }] }, '$.resources[0].type'],
  ])('%j is at fault at %s', (raw, path) => {
    expect(faultsOf(raw).map(([code, at]) => [code, at])).toEqual([['WORKFLOW_SCHEMA', path]]);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ name: undefined }, 'name'],
    [{ name: '__proto__' }, 'name'],
    [{ name: 'x'.repeat(257) }, 'name'],
    [{ module: 7 }, 'module'],
    [{ action: '' }, 'action'],
    [{ parameters: 'x' }, 'parameters'],
    [{ dependencies: 'a' }, 'dependencies'],
    [{ dependencies: ['b', 3] }, 'dependencies[1]'],
    [{ timeout: 0 }, 'timeout'],
    [{ timeout: -5 }, 'timeout'],
    [{ timeout: '60' }, 'timeout'],
    [{ max_retries: 1.5 }, 'max_retries'],
    [{ max_retries: -1 }, 'max_retries'],
    [{ retry_count: null }, 'retry_count'],
    [{ retry: { jitter: 2 } }, 'retry.jitter'],
    [{ retry: { max_attempts: 0 } }, 'retry.max_attempts'],
    [{ retry: { max_attempts: 1.5 } }, 'retry.max_attempts'],
    [{ retry: { max_attempts: 3 }, max_retries: 3 }, 'retry.max_attempts'],
    [{ retry: { max_attempts: null }, retry_count: 3 }, 'retry.max_attempts'],
    [{ total_timeout: 0 }, 'total_timeout'],
    [{ heartbeat_timeout: -1 }, 'heartbeat_timeout'],
    [{ heartbeat_timeout: '5s' }, 'heartbeat_timeout'],
    [{ timeout: 11, total_timeout: 10 }, 'timeout'],
    [{ heartbeat_timeout: 3, timeout: 2 }, 'heartbeat_timeout'],
    [{ retry: { backoff: 0.5 } }, 'retry.backoff'],
    [{ retry: { initial_interval: 10, max_interval: 1 } }, 'retry'],
    [{ priority: 'urgent' }, 'priority'],
    [{ priority: 5 }, 'priority'],
    [{ priority: 1.5 }, 'priority'],
    [{ resources: { cpu: 'two' } }, 'resources.cpu'],
    [{ run_if: true }, 'run_if'],
    [{ required: 'no' }, 'required'],
    [{ estimated_seconds: -1 }, 'estimated_seconds'],
  ])('a step with %j is at fault at %s', (fields, path) => {
    const faults = faultsOfStep(fields);
    expect(faults.map(([code, at]) => [code, at])).toEqual([['WORKFLOW_SCHEMA', `$.steps[0].${path}`]]);
    expect(faults[0]?.[2]).toMatch(/must (?:not )?be /);
  });

  it('says what a field must be and what stood there', () => {
    expect(faultsOfStep({ priority: 'urgent' })[0]?.[2]).toBe(
      'priority must be one of critical, high, normal, low, background or a number from 0 to 4, not "urgent"',
    );
    expect(faultsOfStep({ module: undefined })[0]?.[2]).toMatch(/^module is missing; it must be a module name/);
  });

  it('names unknown fields with the known one that is meant', () => {
    expect(faultsOfStep({ dependancies: [] })).toEqual([
      [
        'WORKFLOW_SCHEMA',
        '$.steps[0].dependancies',
        'unknown field "dependancies" (did you mean "dependencies"?); correct or remove it',
      ],
    ]);
    expect(faultsOf({ steps: [STEP], zzzzzz: 1 })[0]?.[2]).toMatch(/known are name, description/);
    expect(faultsOf(JSON.parse('{"steps":[{"name":"a","module":"m","action":"x","__proto__":1}]}'))).toHaveLength(1);
  });

  it('refuses amounts that are no amounts, under the code of resources', () => {
    expect(faultsOfStep({ resources: { cpu: 0 } }).map(([code]) => code)).toEqual(['RESOURCE_AMOUNT_INVALID']);
    expect(faultsOfStep({ resources: { cpu: -1 } }).map(([code]) => code)).toEqual(['RESOURCE_AMOUNT_INVALID']);
    const twice = { id: 'r', type: 'lock', capacity: 1 };
    expect(faultsOf({ steps: [STEP], resources: [twice, twice] })[0]?.slice(0, 2)).toEqual([
      'RESOURCE_EXISTS',
      '$.resources[1].id',
    ]);
    const odd = { id: 'r', type: 'memory', capacity: 1, granularity: 0.3 };
    expect(faultsOf({ steps: [STEP], resources: [odd] })[0]?.[0]).toBe('RESOURCE_AMOUNT_INVALID');
    expect(faultsOf({ steps: [STEP], resources: [{ ...odd, capacity: 0.9 }] })).toEqual([]);
  });

  it('lists as many faults as there are, and says so where a list has too many', () => {
    expect(faultsOf({ steps: Array(60_000).fill({}) })).toHaveLength(180_000);
    expect(faultsOfStep({ dependencies: Array(300_000).fill(0) })[0]?.[1]).toMatch(/^\$\.steps\[0\]/);
  }, 60_000);

  it('reports all faults together and keeps the outline of the steps', () => {
    const raw = {
      mode: 'fast',
      steps: [{ ...STEP, priority: 9, timeout: 0, dependencies: ['b', 7] }, { module: 'core' }, 'none'],
    };
    const document = readWorkflowDocument(raw, 'stem');
    if (document.kind === 'sound') throw new Error('must be faulty');
    expect(document.faults.map(({ path }) => path).sort()).toEqual([
      '$.mode',
      '$.steps[0].dependencies[1]',
      '$.steps[0].priority',
      '$.steps[0].timeout',
      '$.steps[1].action',
      '$.steps[1].name',
      '$.steps[2]',
    ]);
    expect(document.outlines).toEqual([
      { name: 'a', dependencies: ['b', null], parameters: {}, runIf: null },
      null,
      null,
    ]);
  });
});
