// The drawing as a reader gets it: boxes that do not overlap, well-formed XML whatever the names, bounds on size.

import { describe, expect, it } from 'vitest';
import { GRAPH_STATES, type GraphState, STATE_LOOKS } from '../../src/cli/graph-marks.ts';
import { renderGraphSvg } from '../../src/cli/graph-svg.ts';
import { WorkflowDAG } from '../../src/dag/workflow-dag.ts';
import { isWellFormed } from './svg-reading.ts';

const DIAMOND = { scan: [], hash: ['scan'], pack: ['scan'], merge: ['hash', 'pack'] };

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function boxesOf(svg: string): Rectangle[] {
  return Array.from(
    svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="9"\/>/g),
    (match) => {
      const [x = 0, y = 0, width = 0, height = 0] = match.slice(1).map(Number);
      return { x, y, width, height };
    },
  );
}

function overlap(one: Rectangle, other: Rectangle): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** WCAG 2.2's contrast ratio of two colours `#rrggbb`. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [one, other].map(luminance).sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('the drawing of a graph', () => {
  it('has a box for each task, apart from each other, and an arrow for each dependency', async () => {
    const svg = await renderGraphSvg(new WorkflowDAG(DIAMOND).graph(), { title: 'diamond' });
    const boxes = boxesOf(svg);
    expect(boxes).toHaveLength(4);
    expect(boxes.some((one, index) => boxes.slice(index + 1).some((other) => overlap(one, other)))).toBe(false);
    const arrows = /<g class="edges">(.*?)<\/g>/s.exec(svg)?.[1];
    expect(arrows?.match(/<path d="M[^"]+L[^"]+"\/>/g)).toHaveLength(4);
    expect(svg).toContain('4 tasks, 4 dependencies');
    expect(isWellFormed(svg)).toBe(true);
  });

  it('stands on its own and follows the light or dark of the viewer', async () => {
    const svg = await renderGraphSvg(new WorkflowDAG(DIAMOND).graph(), { title: 'diamond' });
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
    expect(svg).not.toMatch(/<script|<image|<foreignObject|href=|url\((?!#)|@import/);
  });

  it('is the same each time', async () => {
    const graph = new WorkflowDAG(DIAMOND).graph();
    expect(await renderGraphSvg(graph, { title: 'x' })).toBe(await renderGraphSvg(graph, { title: 'x' }));
  });

  it('puts each task into the column or row of its level', async () => {
    const dag = new WorkflowDAG({ a: [], b: ['a'], c: ['b'], free: ['a'] });
    const boxes = boxesOf(await renderGraphSvg(dag.graph(), { title: 'levels' }));
    const centres = boxes.map((box) => [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]);
    const axis = centres[1]?.[0] === centres[3]?.[0] ? 0 : 1;
    expect(centres[3]?.[axis]).toBe(centres[1]?.[axis]);
    expect(new Set(centres.map((centre) => centre[axis])).size).toBe(3);
  });

  it('writes any text as text', async () => {
    const names = [
      '<script>alert("1")</script>',
      "a & b 'c'",
      ']]>',
      'line\nbreak',
      '\u0000\ud800\uffff',
      '',
      '日本語 '.repeat(40),
    ];
    const svg = await renderGraphSvg(new WorkflowDAG(names.map((name) => ({ name }))).graph(), {
      title: '</title><b>',
      subtitleOf: () => '<i>&',
      subtitle: '</text><u>',
    });
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).not.toMatch(/<script|<b>|<i>|<u>/);
    expect(svg).toContain('&lt;script&gt;');
    expect(svg).toContain('(no name)');
    for (const box of boxesOf(svg)) expect(box.width).toBeLessThanOrEqual(280);
  });

  it('gives boxes the second line that the caller wants', async () => {
    const svg = await renderGraphSvg(new WorkflowDAG(DIAMOND).graph(), {
      title: 'x',
      subtitleOf: (index) => (index === 1 ? 'core.burn' : ''),
    });
    expect(svg.match(/class="sub"[^>]*>core\.burn</g)).toHaveLength(1);
    expect(svg).not.toContain('class="mark"');
  });

  it('of a run has a colour and a mark for each state, a legend with counts, and the critical path', async () => {
    const states: readonly GraphState[] = ['completed', 'failed', 'completed', 'skipped'];
    const svg = await renderGraphSvg(new WorkflowDAG(DIAMOND).graph(), {
      title: 'x',
      subtitle: 'failed in 3 s',
      stateOf: (index) => states[index] ?? 'pending',
      criticalPath: [0, 1],
    });
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).toContain('4 tasks, 4 dependencies · failed in 3 s');
    expect(Array.from(svg.matchAll(/<text class="key"[^>]*>([^<]+)</g), ([, text]) => text)).toEqual([
      'completed 2',
      'failed 1',
      'skipped 1',
      'critical path',
    ]);
    expect(svg).toMatch(/<g class="node completed critical"><title>scan\ncompleted\non the critical path<\/title>/);
    expect(svg).toMatch(/<g class="node failed critical"><title>hash\n/);
    expect(svg).toMatch(/<g class="node skipped"><title>merge\n/);
    // Four boxes and three entries of the legend; one arrow leads along the path.
    expect(svg.match(/<g class="mark" /g)).toHaveLength(7);
    expect(svg.match(/<path class="critical" /g)).toHaveLength(1);
    const boxes = boxesOf(svg);
    expect(boxes.some((one, index) => boxes.slice(index + 1).some((other) => overlap(one, other)))).toBe(false);
  });

  it('tells every state by its mark alone', () => {
    const marks = GRAPH_STATES.map((state) => STATE_LOOKS[state].mark);
    expect(new Set(marks).size).toBe(marks.length);
    expect([...GRAPH_STATES].sort()).toEqual(Object.keys(STATE_LOOKS).sort());
  });

  it.each(GRAPH_STATES.map((state) => [state]))('shows %s in colours that can be read on either paper', (state) => {
    expect(contrast(STATE_LOOKS[state].light, '#fbfbf9')).toBeGreaterThanOrEqual(4.5);
    expect(contrast(STATE_LOOKS[state].light, '#ffffff')).toBeGreaterThanOrEqual(4.5);
    expect(contrast(STATE_LOOKS[state].dark, '#1c222c')).toBeGreaterThanOrEqual(4.5);
    expect(contrast('#1c2430', STATE_LOOKS[state].fill)).toBeGreaterThanOrEqual(7);
  });

  it.each([
    ['nothing', 0],
    ['one task', 1],
  ])('can show %s', async (_, count) => {
    const tasks = Array.from({ length: count }, (_, index) => ({ name: `t${index}` }));
    const svg = await renderGraphSvg(new WorkflowDAG(tasks).graph(), { title: 'small' });
    expect(isWellFormed(svg)).toBe(true);
    expect(boxesOf(svg)).toHaveLength(count);
  });

  it('stands in a grid when it is large, still without overlaps and below what it depends on', async () => {
    const tasks = Array.from({ length: 3_000 }, (_, index) => ({
      name: `t${index}`,
      dependencies: index < 40 ? [] : [`t${index - 40}`, `t${index - 37}`],
    }));
    const svg = await renderGraphSvg(new WorkflowDAG(tasks).graph(), { title: 'large' });
    const boxes = boxesOf(svg);
    expect(boxes).toHaveLength(3_000);
    expect(new Set(boxes.map((box) => `${box.x} ${box.y}`)).size).toBe(3_000);
    expect(boxes.slice(40).every((box, index) => box.y > (boxes[index]?.y ?? Number.POSITIVE_INFINITY))).toBe(true);
    const size = /viewBox="0 0 (\d+) (\d+)"/.exec(svg);
    for (const box of boxes) {
      expect(box.x + box.width).toBeLessThan(Number(size?.[1]));
      expect(box.y + box.height).toBeLessThan(Number(size?.[2]));
    }
  });

  it('is refused where nobody could look at it', async () => {
    const tasks = Array.from({ length: 50_001 }, (_, index) => ({ name: `t${index}` }));
    const drawing = renderGraphSvg(new WorkflowDAG(tasks).graph(), { title: 'huge' });
    await expect(drawing).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
  });
});
