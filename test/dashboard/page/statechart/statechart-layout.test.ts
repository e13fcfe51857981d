// Owns the checks of a machine's picture, laid out by elkjs as the page does it: every machine, both directions.

import Elk from 'elkjs/lib/elk.bundled.js';
import { describe, expect, it } from 'vitest';
import { arrowsOf } from '../../../../src/dashboard/page/statechart/statechart-arrows.ts';
import {
  type FlowDirection,
  layoutRequest,
  pictureOf,
  type Rectangle,
  roundedLine,
} from '../../../../src/dashboard/page/statechart/statechart-layout.ts';
import { STATECHART_NAMES, statechartOf } from '../../../../src/inspect/statechart.ts';

const measure = (text: string) => text.length * 6.5;

async function picture(name: string, direction: FlowDirection) {
  const chart = statechartOf(name);
  const arrows = arrowsOf(chart);
  const placed = await new Elk().layout(layoutRequest(chart, arrows, direction, measure));
  return { chart, arrows, picture: pictureOf(chart, arrows, placed) };
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

const EACH = STATECHART_NAMES.flatMap((name): [string, FlowDirection][] => [
  [name, 'DOWN'],
  [name, 'RIGHT'],
]);

describe('the picture of a machine', () => {
  it.each(EACH)(
    '%s %s has every state and arrow, none upon another, all within its bounds',
    async (name, direction) => {
      const { chart, arrows, picture: drawn } = await picture(name, direction);
      expect(drawn.states.map((state) => state.name)).toEqual(chart.states.map((state) => state.name));
      expect(drawn.arrows.map(({ arrow }) => arrow.id)).toEqual(arrows.map(({ id }) => id));
      expect(drawn.start).not.toBeNull();
      const labels = drawn.arrows.flatMap(({ label }) => (label === null ? [] : [label]));
      expect(labels).toHaveLength(arrows.length);
      const boxes: Rectangle[] = [...drawn.states, ...labels];
      boxes.forEach((box, index) => {
        expect(boxes.slice(index + 1).filter((other) => overlap(box, other))).toEqual([]);
        expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width).toBeLessThanOrEqual(drawn.width);
        expect(box.y + box.height).toBeLessThanOrEqual(drawn.height);
      });
      for (const { line } of drawn.arrows) expect(line).toMatch(/^M[\d.]+ [\d.]+(?:[LQ][\d.]+ [\d. ]+)+$/);
    },
  );

  it('marks final states', async () => {
    const { picture: drawn } = await picture('task', 'DOWN');
    expect(drawn.states.filter(({ isFinal }) => isFinal).map(({ name }) => name)).toEqual([
      'completed',
      'failed',
      'cancelled',
    ]);
  });

  it('is the same each time', async () => {
    const [first, second] = [await picture('workflow', 'DOWN'), await picture('workflow', 'DOWN')];
    expect(first.picture).toEqual(second.picture);
  });

  it('leaves out arrows to states that are not there', async () => {
    const chart = {
      states: [{ name: 'a', type: 'atomic' as const, initial: true, entry: [], exit: [] }],
      initial: 'nowhere',
      transitions: [{ event: 'go', from: 'a', to: 'b', guard: null, actions: [] }],
    };
    const arrows = arrowsOf(chart);
    const placed = await new Elk().layout(layoutRequest(chart, arrows, 'DOWN', measure));
    const drawn = pictureOf(chart, arrows, placed);
    expect(drawn.states).toHaveLength(1);
    expect(drawn.arrows).toEqual([]);
    expect(drawn.start).toBeNull();
  });
});

describe('a rounded line', () => {
  it('goes through its ends and turns before its corners', () => {
    const line = roundedLine([
      { x: 0, y: 0 },
      { x: 0, y: 50 },
      { x: 50, y: 50 },
    ]);
    expect(line).toBe('M0 0L0 44Q0 50 6 50L50 50');
  });

  it('is nothing without points', () => {
    expect(roundedLine([])).toBe('');
  });
});
