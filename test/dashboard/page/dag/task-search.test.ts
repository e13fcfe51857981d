// Owns which tasks a text finds, and how counts of states are said.

import { describe, expect, it } from 'vitest';
import { summaryOf } from '../../../../src/dashboard/page/dag/state-counts.ts';
import { findTasks } from '../../../../src/dashboard/page/dag/task-search.ts';
import { countStates } from '../../../../src/dashboard/page/task-counts.ts';
import { TASK_STATES } from '../../../../src/dashboard/wire.ts';

const NAMES = ['fetch', 'prefetch', 'Fetch all', 'build', 'rebuild', '<b>fetch</b>'];

describe('a text', () => {
  it('finds names that hold it whatever the case, those that begin with it first', () => {
    expect(findTasks(NAMES, 'FETCH', 10)).toEqual({ tasks: [0, 2, 1, 5], total: 4 });
  });

  it('finds no more than asked for, and says how many there are', () => {
    expect(findTasks(NAMES, 'fetch', 2)).toEqual({ tasks: [0, 2], total: 4 });
  });

  it('finds nothing when it is empty or in no name', () => {
    expect(findTasks(NAMES, '  ', 10)).toEqual({ tasks: [], total: 0 });
    expect(findTasks(NAMES, '.*', 10)).toEqual({ tasks: [], total: 0 });
  });
});

describe('the summary', () => {
  const code = (state: (typeof TASK_STATES)[number]) => TASK_STATES.indexOf(state);

  it('says how many tasks have ended, how, and what is under way', () => {
    const states = [code('completed'), code('completed'), code('failed'), code('running'), code('pending')];
    expect(summaryOf(countStates(states))).toBe('3 of 5 tasks ended: 2 completed, 1 failed, 1 running.');
  });

  it('is short when nothing has happened', () => {
    expect(summaryOf(countStates([0]))).toBe('0 of 1 task ended.');
  });
});
