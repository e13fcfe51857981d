// Owns that states can be told without colour: every state has a shape, and no two have the same.

import { describe, expect, it } from 'vitest';
import {
  isTaskState,
  MARKED_WORDS,
  shapeOf,
  stateOfCode,
  stateOfStanding,
  stateOfWord,
} from '../../../src/dashboard/page/state-shapes.ts';
import { RUN_STANDINGS, TASK_STATES } from '../../../src/dashboard/wire.ts';

describe('the shapes of states', () => {
  it('are different for any two states', () => {
    const looks = TASK_STATES.map((state) => {
      const { body, style, glyph, part } = shapeOf(state);
      return JSON.stringify([body, style, glyph, part]);
    });
    expect(new Set(looks).size).toBe(TASK_STATES.length);
  });

  it('lie in a box of 16 by 16', () => {
    for (const state of TASK_STATES) {
      const { body, glyph, part } = shapeOf(state);
      for (const number of [body, glyph, part].join(' ').match(/-?\d+(?:\.\d+)?/g) ?? []) {
        expect(Number(number)).toBeGreaterThanOrEqual(0);
        expect(Number(number)).toBeLessThanOrEqual(16);
      }
    }
  });

  it('pulse only while something is under way', () => {
    expect(TASK_STATES.filter((state) => shapeOf(state).isPulsing)).toEqual(['running', 'retrying', 'cancelling']);
  });
});

describe('the standings of runs', () => {
  it('look as the states of the same name do, and all look like some state', () => {
    for (const standing of RUN_STANDINGS) {
      if (isTaskState(standing)) expect(stateOfStanding(standing)).toBe(standing);
      expect(TASK_STATES).toContain(stateOfStanding(standing));
    }
  });

  it('are marked words with the states, each once', () => {
    expect(new Set(MARKED_WORDS).size).toBe(MARKED_WORDS.length);
    expect(MARKED_WORDS).toEqual(expect.arrayContaining([...TASK_STATES, ...RUN_STANDINGS]));
  });
});

describe('words', () => {
  it('name the state itself, or the one that looks as the standing does', () => {
    for (const state of TASK_STATES) expect(stateOfWord(state)).toBe(state);
    for (const standing of RUN_STANDINGS) expect(stateOfWord(standing)).toBe(stateOfStanding(standing));
  });
});

describe('codes', () => {
  it('stand for states in the order of the wire, and for pending when they are not known', () => {
    expect(TASK_STATES.map((_, code) => stateOfCode(code))).toEqual([...TASK_STATES]);
    expect(stateOfCode(99)).toBe('pending');
  });
});
