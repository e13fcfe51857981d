// Owns the checks of a machine's arrows and of the way taken over them.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arrowsOf,
  eventText,
  exitsOf,
  labelLines,
  stepsText,
  takenWay,
} from '../../../../src/dashboard/page/statechart/statechart-arrows.ts';
import type { PathStep } from '../../../../src/dashboard/wire.ts';
import { statechartOf } from '../../../../src/inspect/statechart.ts';

const task = statechartOf('task');
const arrows = arrowsOf(task);

function pathOf(...steps: [event: string | null, state: string][]): PathStep[] {
  return steps.map(([event, state], at) => ({ at, event, state }));
}

function idOf(from: string, to: string): string {
  return arrows.find((arrow) => arrow.from === from && arrow.to === to)?.id ?? `no arrow from ${from} to ${to}`;
}

describe('the arrows of a machine', () => {
  it('are one for each pair of states, and hold every transition', () => {
    expect(new Set(arrows.map(({ from, to }) => `${from} ${to}`)).size).toBe(arrows.length);
    for (const { from, to, event } of task.transitions) {
      const arrow = arrows.find((each) => each.from === from && each.to === to);
      expect(arrow?.events.map(({ name }) => name)).toContain(event);
    }
  });

  it('name each event once, with its guards in brackets', () => {
    const arrow = arrows.find(({ id }) => id === idOf('running', 'retrying'));
    expect(arrow?.events.map(eventText)).toEqual(['attempt.failed [mayRetry]']);
    const guarded = arrowsOf({
      transitions: [
        { event: 'go', from: 'a', to: 'b', guard: 'isFirst' },
        { event: 'go', from: 'a', to: 'b', guard: 'isSecond' },
        { event: 'go', from: 'a', to: 'b', guard: 'isFirst' },
      ],
    });
    expect(guarded).toHaveLength(1);
    expect(guarded[0]?.events.map(eventText)).toEqual(['go [isFirst | isSecond]']);
  });

  it('have labels whose long guards stand on lines of their own', () => {
    const arrow = arrows.find(({ id }) => id === idOf('expiring', 'retrying'));
    expect(arrow === undefined ? [] : labelLines(arrow)).toContain('[mayRetryExpired]');
  });

  it('tell in words what each state leads to', () => {
    expect(exitsOf(arrows, 'retrying')).toEqual([
      { label: 'task.retry-due', to: 'ready' },
      { label: 'task.expire', to: 'failed' },
      { label: 'task.cancel', to: 'cancelled' },
    ]);
    expect(exitsOf(arrows, 'completed')).toEqual([]);
  });
});

describe('the way taken', () => {
  it('counts states entered, and numbers the steps over each arrow', () => {
    const way = takenWay(
      arrows,
      pathOf(
        [null, 'ready'],
        ['task.start', 'running'],
        ['attempt.failed', 'retrying'],
        ['task.retry-due', 'ready'],
        ['task.start', 'running'],
        ['attempt.completed', 'completed'],
      ),
    );
    expect(Object.fromEntries(way.visits)).toEqual({ ready: 2, running: 2, retrying: 1, completed: 1 });
    expect(way.steps.get(idOf('ready', 'running'))).toEqual([1, 4]);
    expect(way.last).toBe(idOf('running', 'completed'));
  });

  it('has no last arrow before the first step, and none for a step the machine does not know', () => {
    expect(takenWay(arrows, []).last).toBeNull();
    expect(takenWay(arrows, pathOf([null, 'ready'])).last).toBeNull();
    const odd = takenWay(arrows, pathOf(['x', 'completed'], ['y', 'ready']));
    expect(odd.last).toBeNull();
    expect(odd.steps.size).toBe(0);
  });

  it('takes an event without an arrow for it over the only arrow between its states', () => {
    expect(takenWay(arrows, pathOf([null, 'ready'], ['recovered', 'running'])).last).toBe(idOf('ready', 'running'));
  });

  it('counts an event that leaves the state as it was only where the machine handles it there', () => {
    const way = takenWay(arrows, pathOf([null, 'running'], ['task.heartbeat', 'running']));
    expect(way.visits.get('running')).toBe(1);
    const expiring = takenWay(arrows, pathOf([null, 'expiring'], ['task.expire', 'expiring']));
    expect(expiring.steps.get(idOf('expiring', 'expiring'))).toEqual([1]);
    expect(expiring.visits.get('expiring')).toBe(2);
  });

  it('of a walk over the machine numbers each step on the arrow that it went', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (choices) => {
        const path: PathStep[] = [{ at: 0, event: null, state: task.initial }];
        for (const choice of choices) {
          const here = path.at(-1)?.state;
          const ways = task.transitions.filter(({ from }) => from === here);
          const taken = ways[choice % Math.max(1, ways.length)];
          if (taken === undefined) break;
          path.push({ at: path.length, event: taken.event, state: taken.to });
        }
        const way = takenWay(arrows, path);
        const numbers = [...way.steps.values()].flat().sort((a, b) => a - b);
        expect(numbers).toEqual(path.slice(1).map((_, index) => index + 1));
        for (const [id, steps] of way.steps) {
          const arrow = arrows.find((each) => each.id === id);
          for (const step of steps) {
            expect([path[step - 1]?.state, path[step]?.state]).toEqual([arrow?.from, arrow?.to]);
          }
        }
        expect([...way.visits.values()].reduce((sum, count) => sum + count, 0)).toBe(path.length);
      }),
    );
  });

  it('says few steps each, and of many the first, the last and how many', () => {
    expect([stepsText([]), stepsText([2]), stepsText([1, 4, 7]), stepsText([1, 4, 7, 9])]).toEqual([
      '',
      '2',
      '1, 4, 7',
      '1 … 9, ×4',
    ]);
  });
});
