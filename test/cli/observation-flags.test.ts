// Holds the reading of flags whose value may be left out.

import { expect, test } from 'vitest';
import { withOptionalValues } from '../../src/cli/observation-flags.ts';

test('A flag whose value may be left out takes the next argument only when that can be its value', () => {
  expect(withOptionalValues(['run', '--dashboard', 'flow.json', '--inspect', 'flow'])).toEqual([
    'run',
    '--dashboard=',
    'flow.json',
    '--inspect=',
    'flow',
  ]);
  const whole = ['run', '--dashboard', '8080', '--inspect', 'ws://127.0.0.1:9', 'flow.json'];
  expect(withOptionalValues(whole)).toEqual(whole);
});

test('Behind two hyphens a word that looks like a flag is an argument as it is', () => {
  expect(withOptionalValues(['run', '--inspect', '--', '--dashboard'])).toEqual([
    'run',
    '--inspect=',
    '--',
    '--dashboard',
  ]);
});
