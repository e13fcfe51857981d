// Owns `run_if`: a CEL expression over `params` and `steps`, compiled at load and evaluated when a step becomes ready.
// It names its steps literally, so that they can be dependencies; an expression that could reach others is refused.
//
// Numbers: JSON's whole numbers are CEL ints (a / b is whole then), all others doubles; 3.0 in JSON is 3. Ints and
// doubles compare and calculate with each other, beyond CEL's own rules: `params.n * 0.5` works whatever n is.
// Whole numbers outside of ±2^53 are doubles. A missing member is an error; `has(params.x)` and `params.?x` ask first.

import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';

/** What a condition may look at. */
export interface ConditionView {
  readonly params: Readonly<Record<string, unknown>>;
  readonly steps: Readonly<Record<string, { readonly output: unknown; readonly status: string }>>;
}

export interface RunCondition {
  readonly expression: string;
  /** The steps it names, each once. */
  readonly referencedSteps: readonly string[];
  /** @throws RuntimeError EXPRESSION_INVALID when it fails on these values or gives no boolean. */
  evaluate(view: ConditionView): boolean;
}

export type ConditionCompilation =
  | ({ readonly kind: 'compiled' } & RunCondition)
  | { readonly kind: 'faulty'; readonly message: string };

const MAX_EXPRESSION_LENGTH = 10_000;

const environment = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true })
  .registerVariable('params', 'map')
  .registerVariable('steps', 'map');
for (const [left, right] of [
  ['int', 'double'],
  ['double', 'int'],
] as const) {
  environment
    .registerOperator(`${left} + ${right}: double`, (a, b) => Number(a) + Number(b))
    .registerOperator(`${left} - ${right}: double`, (a, b) => Number(a) - Number(b))
    .registerOperator(`${left} * ${right}: double`, (a, b) => Number(a) * Number(b))
    .registerOperator(`${left} / ${right}: double`, (a, b) => Number(a) / Number(b));
}

/** Compiles a `run_if`; `stepNames` are the steps it may name, `near` a shared budget for suggesting among them. */
export function compileRunCondition(
  expression: string,
  stepNames: ReadonlySet<string>,
  near: NearNames = new NearNames(stepNames),
): ConditionCompilation {
  if (expression.length > MAX_EXPRESSION_LENGTH) {
    return { kind: 'faulty', message: `run_if must be at most ${MAX_EXPRESSION_LENGTH} characters` };
  }
  let program: ReturnType<Environment['parse']>;
  const referenced = new Set<string>();
  try {
    program = environment.parse(expression);
    collectSteps(program.ast, referenced);
    for (const name of referenced) if (!stepNames.has(name)) throw new Error(unknownStep(name, near));
    const { valid, type, error } = program.check();
    if (!valid) throw error ?? new Error('it does not type-check');
    if (type !== 'bool' && type !== 'dyn') throw new Error(`it gives ${type}, and must give true or false`);
  } catch (error) {
    return { kind: 'faulty', message: `run_if ${JSON.stringify(expression)} is not valid: ${summaryOf(error)}` };
  }
  const referencedSteps = [...referenced];
  return {
    kind: 'compiled',
    expression,
    referencedSteps,
    evaluate: (view) => evaluate(expression, program, referencedSteps, view),
  };
}

function evaluate(
  expression: string,
  program: ReturnType<Environment['parse']>,
  referencedSteps: readonly string[],
  view: ConditionView,
): boolean {
  let result: unknown;
  try {
    const steps = new Map<string, unknown>();
    for (const name of referencedSteps) {
      if (Object.hasOwn(view.steps, name)) steps.set(name, toCel(view.steps[name]));
    }
    result = program({ params: toCel(view.params), steps });
  } catch (error) {
    throw conditionError(expression, `failed: ${summaryOf(error)}`, error);
  }
  if (typeof result === 'boolean') return result;
  throw conditionError(expression, `gave ${describe(result)}, and must give true or false`);
}

function conditionError(expression: string, what: string, cause?: unknown): RuntimeError {
  return new RuntimeError('EXPRESSION_INVALID', `run_if ${JSON.stringify(expression)} ${what}`, {
    details: { expression },
    ...(cause === undefined ? {} : { cause }),
  });
}

// Maps, not objects: a member named `__proto__` or `constructor` is data then, and nothing is inherited.
function toCel(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toCel);
  const members = new Map<string, unknown>();
  for (const [key, member] of Object.entries(value)) if (member !== undefined) members.set(key, toCel(member));
  if ('output' in value && value.output === undefined) members.set('output', null);
  return members;
}

// --- the steps an expression names

function collectSteps(node: ASTNode, found: Set<string>): void {
  if (node.op === 'id' && node.args === 'steps') {
    throw new Error('"steps" must be followed by the name of one step: steps.name or steps["name"]');
  }
  const step = stepOf(node);
  if (step !== null) {
    found.add(step);
    return;
  }
  const [left, member] = accessOf(node);
  const owner = left === null ? null : stepOf(left);
  if (owner !== null && member !== null && member !== 'output' && member !== 'status') {
    throw new Error(`steps have .output and .status, and no .${member} (at step ${JSON.stringify(owner)})`);
  }
  for (const child of childrenOf(node)) collectSteps(child, found);
}

function stepOf(node: ASTNode): string | null {
  const [left, member] = accessOf(node);
  return left?.op === 'id' && left.args === 'steps' ? member : null;
}

function accessOf(node: ASTNode): [ASTNode, string | null] | [null, null] {
  if (node.op === '.' || node.op === '.?') return [node.args[0], node.args[1]];
  if (node.op !== '[]' && node.op !== '[?]') return [null, null];
  const [left, index] = node.args;
  return [left, index.op === 'value' && typeof index.args === 'string' ? index.args : null];
}

// The kinds of node differ in how they hold their operands; whatever carries an `op` is one.
function childrenOf(node: ASTNode): ASTNode[] {
  const children: ASTNode[] = [];
  const look = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(look);
    else if (isNode(part)) children.push(part);
  };
  look(node.args);
  return children;
}

function isNode(part: unknown): part is ASTNode {
  return typeof part === 'object' && part !== null && 'op' in part && 'args' in part;
}

function unknownStep(name: string, near: NearNames): string {
  const hint = suggestion(near.nearest(name)) || '; a name that is no plain word is written steps["my-step"]';
  return `it names step ${quoteName(name)}, which the workflow does not have${hint}`;
}

function summaryOf(error: unknown): string {
  if (isRuntimeError(error)) return error.message;
  if (!(error instanceof Error)) return String(error);
  const summary: unknown = Reflect.get(error, 'summary');
  return typeof summary === 'string' ? summary : (error.message.split('\n', 1)[0] ?? error.message);
}

function describe(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 60))}`;
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value === 'object' ? 'map' : typeof value}`;
}
