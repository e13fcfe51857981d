// Owns workflows made in code: step objects in camelCase or in the file's snake_case become the same document that a
// file is, and go through the same checks. Faults name the fields as the caller wrote them.

import { formatJsonPath, type JsonPathSegment, parseJsonPath } from '../domain/json-path.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowDefinition, WorkflowFault } from '../domain/workflow-definition.ts';
import { readWorkflowDocument } from '../domain/workflow-document.ts';
import { compileWorkflow, findGraphFaults } from './workflow-compiler.ts';
import type { WorkflowStepOptions } from './workflow-step.ts';

/** A step as code may write it: the fields of a file in either spelling; times end in `Ms`, or are seconds. */
export type LooseStep = Readonly<Record<string, unknown>> | WorkflowStepOptions;

interface Spelling {
  readonly field: string;
  /** What the file's field holds for a value of this one. */
  readonly convert?: (value: unknown) => unknown;
}

const toSeconds = (value: unknown) => (typeof value === 'number' ? value / 1_000 : value);
const endlessToNull = (value: unknown) => (value === Number.POSITIVE_INFINITY ? null : value);

const STEP_SPELLINGS: ReadonlyMap<string, Spelling> = new Map<string, Spelling>([
  ['timeoutMs', { field: 'timeout', convert: toSeconds }],
  ['totalTimeoutMs', { field: 'total_timeout', convert: toSeconds }],
  ['heartbeatTimeoutMs', { field: 'heartbeat_timeout', convert: toSeconds }],
  ['maxRetries', { field: 'max_retries' }],
  ['retryCount', { field: 'retry_count' }],
  ['runIf', { field: 'run_if' }],
  ['estimatedSeconds', { field: 'estimated_seconds' }],
  ['estimatedMs', { field: 'estimated_seconds', convert: toSeconds }],
]);

const RETRY_SPELLINGS: ReadonlyMap<string, Spelling> = new Map<string, Spelling>([
  ['maxAttempts', { field: 'max_attempts', convert: endlessToNull }],
  ['initialIntervalMs', { field: 'initial_interval', convert: toSeconds }],
  ['maxIntervalMs', { field: 'max_interval', convert: toSeconds }],
  ['nonRetryable', { field: 'non_retryable' }],
]);

/**
 * A checked definition from a name and step objects.
 * @throws RuntimeError WORKFLOW_INVALID with every fault in `details.faults`.
 */
export function createWorkflowDefinition(name: string, steps: readonly LooseStep[]): WorkflowDefinition {
  const written = new Map<string, string>();
  const faults: WorkflowFault[] = [];
  const document = {
    name: name ?? '',
    steps: Array.isArray(steps)
      ? steps.map((step, index) => respellStep(step, ['steps', index], written, faults))
      : steps,
  };
  const reading = readWorkflowDocument(document, '');
  const compiled = reading.kind === 'faulty' ? null : compileWorkflow(reading.definition);
  if (reading.kind === 'sound' && compiled?.kind === 'compiled' && faults.length === 0)
    return ownCopy(reading.definition);
  const found = reading.kind === 'faulty' ? [...reading.faults, ...findGraphFaults(reading.outlines)] : [];
  const between = compiled?.kind === 'faulty' ? compiled.faults : [];
  const all = [...faults, ...found, ...between].map((fault) => asWritten(fault, written));
  throw invalid(name, all);
}

// The caller may go on to change the objects given; a definition never changes.
function ownCopy(definition: WorkflowDefinition): WorkflowDefinition {
  const steps = definition.steps.map((step) =>
    Object.freeze({ ...step, parameters: structuredClone(step.parameters) }),
  );
  return Object.freeze({ ...definition, steps: Object.freeze(steps) });
}

function invalid(name: string, faults: readonly WorkflowFault[]): RuntimeError {
  const shown = faults.slice(0, 5).map(({ path, message }) => `${path}: ${message}`);
  const rest = faults.length > shown.length ? `; and ${faults.length - shown.length} more` : '';
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  const message = `workflow ${JSON.stringify(name)} has ${count}: ${shown.join('; ')}${rest}`;
  return new RuntimeError('WORKFLOW_INVALID', message, { details: { faults } });
}

type Written = Map<string, string>;

function respellStep(
  step: unknown,
  at: readonly JsonPathSegment[],
  written: Written,
  faults: WorkflowFault[],
): unknown {
  if (!isRecord(step)) return step;
  const result = respell(step, STEP_SPELLINGS, at, written, faults);
  if (!isRecord(result.retry)) return result;
  result.retry = respell(result.retry, RETRY_SPELLINGS, [...at, 'retry'], written, faults);
  return result;
}

function respell(
  object: Readonly<Record<string, unknown>>,
  spellings: ReadonlyMap<string, Spelling>,
  at: readonly JsonPathSegment[],
  written: Written,
  faults: WorkflowFault[],
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined || key === '__proto__') continue;
    const spelling = spellings.get(key);
    const field = spelling?.field ?? key;
    const place = formatJsonPath([...at, key]);
    if (result[field] !== undefined) faults.push(givenTwice(field, place));
    if (field !== key) written.set(formatJsonPath([...at, field]), place);
    result[field] = spelling?.convert === undefined ? value : spelling.convert(value);
  }
  return result;
}

function givenTwice(field: string, path: string): WorkflowFault {
  return { code: 'WORKFLOW_SCHEMA', message: `${field} is given twice, in two spellings; keep one`, path };
}

// The fault's path, or one above it, may be a field that the caller spelt differently.
function asWritten(fault: WorkflowFault, written: ReadonlyMap<string, string>): WorkflowFault {
  const segments = parseJsonPath(fault.path);
  for (let length = segments.length; length > 0; length -= 1) {
    const place = written.get(formatJsonPath(segments.slice(0, length)));
    if (place !== undefined) return { ...fault, path: place + formatJsonPath(segments.slice(length)).slice(1) };
  }
  return fault;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
