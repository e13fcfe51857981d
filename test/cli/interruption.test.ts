// Owns the tests of what repeated signals mean.

import { expect, test } from 'vitest';
import { InterruptCounter, SAME_PRESS_MS } from '../../src/cli/interruption.ts';

test('three presses drain, stop and leave, and it stays at leaving', () => {
  const counter = new InterruptCounter();
  expect([0, 1_000, 2_000, 3_000].map((ms) => counter.press(ms))).toEqual(['drain', 'stop', 'leave', 'leave']);
});

test('copies of one press, from the terminal and from npm, count once', () => {
  const counter = new InterruptCounter();
  expect([counter.press(0), counter.press(SAME_PRESS_MS - 1), counter.press(10_000)]).toEqual([
    'drain',
    undefined,
    'stop',
  ]);
});

test('a key that is held down does not go on to stop', () => {
  const counter = new InterruptCounter();
  const levels = Array.from({ length: 100 }, (_, index) => counter.press(index * 30));
  expect(levels.filter((level) => level !== undefined)).toEqual(['drain']);
});
