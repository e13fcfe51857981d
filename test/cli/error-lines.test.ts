// Owns the tests of the error lines.

import { expect, test } from 'vitest';
import { errorLines, exitCodeOf, FaultsError, taskErrorLine } from '../../src/cli/error-lines.ts';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { serializeError } from '../../src/domain/serialized-error.ts';

test('an error of ours is one line without its class name and without a stack', () => {
  const error = new RuntimeError('FILE_NOT_FOUND', 'no such file, in a.json; check the path');
  expect(errorLines(error, false)).toEqual(['error FILE_NOT_FOUND: no such file, in a.json; check the path']);
  expect(errorLines(error, true)[1]).toContain('error-lines.test.ts');
});

test('faults are a line each, with file, line and JSON path, and a count where there are too many', () => {
  const faults = Array.from({ length: 30 }, (_, index) => ({
    code: 'WORKFLOW_SCHEMA',
    message: 'priority must be one of …',
    path: `$.steps[${index}].priority`,
    line: index + 1,
  }));
  const lines = errorLines(new FaultsError('flow.json', faults), false);
  expect(lines[0]).toBe('error WORKFLOW_SCHEMA: priority must be one of …, in flow.json:1 at $.steps[0].priority');
  expect(lines.at(-1)).toMatch(/^error WORKFLOW_INVALID: 5 more faults, in flow\.json/);
});

test('a message with newlines and escape sequences stays one line', () => {
  const lines = errorLines(new Error('one\ntwo\u001b[2J'), false);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^error INTERNAL: Error: one two/);
});

test("a task's error shows name, code, message, details and every cause", () => {
  class DecodeError extends Error {
    override readonly name = 'DecodeError';
    readonly code = 'E_DECODE';
    readonly details = { offset: 12 };
  }
  const thrown = new DecodeError('bad header', { cause: new TypeError('not a buffer', { cause: new Error('root') }) });
  expect(taskErrorLine('error', 'decode', serializeError(thrown))).toBe(
    'error E_DECODE: task "decode": DecodeError: bad header (details {"offset":12}); caused by TypeError: not a buffer; caused by Error: root',
  );
});

test('anything can be thrown', () => {
  for (const thrown of [undefined, null, 'text', 7, {}, Object.create(null)]) {
    expect(errorLines(thrown, false)[0]).toMatch(/^error \w+: /);
  }
});

test('bad input is exit code 2, everything else 1', () => {
  expect(exitCodeOf(new RuntimeError('WORKFLOW_NOT_FOUND', 'x'))).toBe(2);
  expect(exitCodeOf(new RuntimeError('RUN_TIMEOUT', 'x'))).toBe(1);
  expect(exitCodeOf(new Error('x'))).toBe(1);
});
