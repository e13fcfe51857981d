// A condition must tell its steps before it runs, give a boolean or a coded error, and treat JSON numbers sensibly.

import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { type ConditionView, compileRunCondition, type RunCondition } from '../../src/scheduling/run-condition.ts';

const STEPS = new Set(['a', 'b', 'with-dash', 'with blank', 'constructor']);

function compile(expression: string): RunCondition {
  const result = compileRunCondition(expression, STEPS);
  if (result.kind === 'faulty') throw new Error(result.message);
  return result;
}

function messageOf(expression: string): string {
  const result = compileRunCondition(expression, STEPS);
  return result.kind === 'faulty' ? result.message : 'compiled';
}

const VIEW: ConditionView = {
  params: { n: 5, half: 2.5, list: [1, 2.5, 'x'], name: 'prod', nothing: null, flag: true, big: 2 ** 60 },
  steps: {
    a: { output: { count: 3, items: [{ ok: true }], ratio: 0.5 }, status: 'completed' },
    'with-dash': { output: 7, status: 'completed' },
    b: { output: undefined, status: 'failed' },
  },
};

describe('a condition', () => {
  it.each([
    ['params.n > 3', true],
    ['params.n > 4.5', true],
    ['params.n == 5.0', true],
    ['params.n != 5', false],
    ['params.half < 3', true],
    ['params.n + 0.5 == 5.5', true],
    ['params.half * 2 == 5', true],
    ['1 - params.half == -1.5', true],
    ['params.n / 2 == 2', true],
    ['params.n / 2.0 == 2.5', true],
    ['params.n % 2 == 1', true],
    ['params.n in [4, 5]', true],
    ['2.5 in params.list', true],
    ['1 in params.list', true],
    ['params.big > 1', true],
    ['params.name == "prod" && params.flag', true],
    ['params.name.startsWith("x")', false],
    ['params.flag', true],
    ['has(params.missing)', false],
    ['has(params.missing) && params.missing > 1', false],
    ['params.?missing.orValue(false)', false],
    ['params.nothing == null', true],
    ['params.name == 5', false],
    ['size(params.list) == 3', true],
    ['steps.a.output.count >= 3', true],
    ['steps.a.output.items.exists(item, item.ok)', true],
    ['steps.a.output.ratio * steps.a.output.count == 1.5', true],
    ['steps["with-dash"].output == 7', true],
    ['steps.b.output == null && steps.b.status == "failed"', true],
    ['steps.a.status == "completed" ? steps.a.output.count > 1 : false', true],
  ])('%s is %s', (expression, expected) => {
    expect(compile(expression).evaluate(VIEW)).toBe(expected);
  });

  it('names its steps once each, however they are written', () => {
    const expression =
      'has(steps.a.output) && steps["with blank"].status == "x" || [1].exists(i, steps.b.output == i) && steps.a.output == 1';
    expect([...compile(expression).referencedSteps]).toEqual(['a', 'with blank', 'b']);
    expect(compile('params.steps == 1').referencedSteps).toEqual([]);
  });

  it.each([
    ['', 'not valid'],
    ['1 +', 'not valid'],
    ['params.n ==', 'not valid'],
    ['1 + 1', 'it gives int'],
    ['"text"', 'it gives string'],
    ['"a" + 1 == "b"', 'not valid'],
    ['env.HOME == "x"', 'Unknown variable: env'],
    ['steps.with-dash.output == 1', 'names step "with"'],
    ['steps.c.output == 1', 'names step "c", which the workflow does not have'],
    ['steps["with-dsh"].output == 1', 'did you mean "with-dash"?'],
    ['steps.a.result == 1', 'steps have .output and .status'],
    ['steps.toString.output == 1', 'names step "toString"'],
    ['steps[params.name].output == 1', 'followed by the name of one step'],
    ['size(steps) == 1', 'followed by the name of one step'],
    ['"a" in steps', 'followed by the name of one step'],
    [`${'('.repeat(2_000)}true${')'.repeat(2_000)}`, 'not valid'],
    [`true${' || true'.repeat(2_000)}`, 'at most'],
  ])('%s is refused at load', (expression, message) => {
    expect(messageOf(expression)).toContain(message);
  });

  it.each([
    ['params.missing > 1', 'No such key'],
    ['params.name > 1', 'no such overload'],
    ['params.n / 0 == 1', 'division by zero'],
    ['params.n', 'the number 5'],
    ['params.name', 'the text "prod"'],
    ['params.list', 'a list'],
    ['params.nothing', 'null'],
    ['params.constructor == 1', 'No such key'],
    ['params.__proto__ == 1', 'No such key'],
    ['steps.a.output.constructor == 1', 'No such key'],
    ['steps.constructor.output == 1', 'No such key'],
    ['params.big * 100 > params.missing', 'No such key'],
  ])('%s fails when it is evaluated, with a code', (expression, message) => {
    let thrown: unknown;
    try {
      compile(expression).evaluate(VIEW);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RuntimeError);
    expect(thrown).toMatchObject({ code: 'EXPRESSION_INVALID', retryable: false, details: { expression } });
    expect(String(thrown)).toContain(message);
  });

  it('sees members with hostile names as data', () => {
    const params: ConditionView['params'] = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
    expect(compile('params["constructor"] == 2 && params["__proto__"].x == 1').evaluate({ params, steps: {} })).toBe(
      true,
    );
  });

  it('can be evaluated again with other values', () => {
    const condition = compile('params.n > 3');
    const evaluated = [1, 4, 2.5, 3.5].map((n) => condition.evaluate({ params: { n }, steps: {} }));
    expect(evaluated).toEqual([false, true, false, true]);
  });
});
