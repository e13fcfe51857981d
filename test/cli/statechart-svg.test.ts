// The picture of a statechart: every state and every arrow of the machine, nothing outside of the sheet, boxes apart.

import { describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { renderStatechartSvg } from '../../src/cli/statechart-svg.ts';
import { describeMachine, STATECHART_NAMES, statechartOf } from '../../src/inspect/statechart.ts';
import { isWellFormed } from './svg-reading.ts';

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function rectanglesOf(svg: string, pattern: RegExp): Rectangle[] {
  return Array.from(svg.matchAll(pattern), (match) => {
    const [x = 0, y = 0, width = 0, height = 0] = match.slice(1).map(Number);
    return { x, y, width, height };
  });
}

function overlap(one: Rectangle, other: Rectangle): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

describe.each(STATECHART_NAMES.map((name) => [name]))('the picture of the %s machine', (name) => {
  const chart = statechartOf(name);

  it('has every state, ends with a double border, and every event with its guard', async () => {
    const svg = await renderStatechartSvg(chart);
    expect(isWellFormed(svg)).toBe(true);
    const boxes = Array.from(svg.matchAll(/<g class="state(?: final)?">.*?<\/g>/gs), ([box]) => box);
    for (const { name: state, type } of chart.states) {
      const own = boxes.filter((box) => box.includes(`>${state}</text>`));
      expect(own.map((box) => box.includes('class="inner"'))).toEqual([type === 'final']);
    }
    const labels = new Map<string, string[]>();
    for (const [, title = '', text = ''] of svg.matchAll(
      /<g class="arrow"><title>([^<]*)<\/title>.*?<text>(.*?)<\/text>/gs,
    )) {
      labels.set(
        title.split('\n')[0] ?? '',
        Array.from(text.matchAll(/>([^<]+)<\/tspan>/g), ([, line = '']) => line),
      );
    }
    for (const { from, to, event, guard } of chart.transitions) {
      expect(labels.get(`${from} to ${to}`)).toContain(guard === null ? event : `${event} [${guard}]`);
    }
    // One arrow more than labels: the one from the dot.
    expect(svg.match(/<g class="arrow"><path d="M/g)).toHaveLength(labels.size + 1);
    expect(svg).toContain('<circle class="start"');
  });

  it('keeps states and labels apart and on the sheet', async () => {
    const svg = await renderStatechartSvg(chart);
    const boxes = rectanglesOf(svg, /<rect x="([\d.]+)" y="([\d.]+)" width="(\d+)" height="(\d+)" rx="11"\/>/g);
    const labels = rectanglesOf(svg, /<rect x="([\d.-]+)" y="([\d.-]+)" width="(\d+)" height="(\d+)" rx="3"\/>/g);
    expect(boxes).toHaveLength(chart.states.length);
    const all = [...boxes, ...labels];
    expect(all.some((one, index) => all.slice(index + 1).some((other) => overlap(one, other)))).toBe(false);
    const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)?.map(Number) ?? [];
    for (const { x, y, width: w, height: h } of all) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + w).toBeLessThan(width);
      expect(y + h).toBeLessThan(height);
    }
  });
});

describe('a picture of a statechart', () => {
  it('stands on its own, follows the theme of the viewer, and is the same each time', async () => {
    const svg = await renderStatechartSvg(statechartOf('task'));
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
    expect(svg).not.toMatch(/<script|<image|<foreignObject|href=|url\((?!#)|@import/);
    expect(await renderStatechartSvg(statechartOf('task'))).toBe(svg);
  });

  it('writes any text as text', async () => {
    const machine = createMachine({
      initial: '<b>',
      states: {
        '<b>': { entry: '<i>&', on: { '"<script>': { target: 'end', guard: ']]>' } } },
        end: { type: 'final' },
      },
    });
    const svg = await renderStatechartSvg(describeMachine('</title>', machine));
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).toContain('&lt;script&gt;');
  });
});
