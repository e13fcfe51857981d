// Owns the picture of a task graph: one self-contained SVG, light or dark as the viewer is, readable without scripts.
// Up to about 1,000 tasks elkjs places the boxes and routes the arrows (layered, after Sugiyama), in about two seconds;
// its time grows much faster than the graph, so larger ones stand in a plain grid, a band of rows for each level.
// Must never put text into the file unescaped, nor load elkjs before a picture is asked for.

import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { TaskGraph } from '../dag/task-graph.ts';
import { levelGroups } from '../dag/topological-order.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { escapeXml, textWidth } from './svg-text.ts';

export interface GraphSvgOptions {
  readonly title: string;
  /** A second, smaller line in the box of a task. */
  readonly subtitleOf?: (index: number) => string;
  /** Classes of a task's box; `critical`, `running`, `completed`, `failed`, `skipped` and `cancelled` have colours. */
  readonly classOf?: (index: number) => string;
}

const ELK_NODES = 1_000;
/** A layered layout of few tasks with very many edges is slow as well. */
const ELK_EDGES = 2_000;
/** One column of very many boxes is a strip nobody can follow; the grid breaks it into rows. */
const ELK_LEVEL = 100;
/** Keeping the order of the tasks within a level costs elkjs minutes for a task with many dependents. */
const ORDERED_NODES = 60;
/** Above this no viewer opens the file. */
const MAX_NODES = 50_000;

/** More than this are drawn faintly and without heads: they show where the graph is dense, not each line. */
const MANY_ARROWS = 2_000;

const NODE_HEIGHT = 44;
const MIN_NODE_WIDTH = 96;
const MAX_NODE_WIDTH = 280;
const TITLE_PX = 7.4;
const SUBTITLE_PX = 6.2;
const MARGIN = 32;
const HEADER = 64;
const GAP = 20;
const CORNER = 7;

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Box extends Point {
  readonly width: number;
  readonly label: string;
  readonly subtitle: string;
}

interface Layout {
  readonly boxes: readonly Box[];
  /** SVG path data, one an arrow. */
  readonly arrows: readonly string[];
  readonly width: number;
  readonly height: number;
}

/**
 * A drawing of the graph as one SVG document, arrows from dependency to dependent.
 * @throws ARGUMENT_INVALID for more than 50,000 tasks
 */
export async function renderGraphSvg(graph: TaskGraph, options: GraphSvgOptions): Promise<string> {
  if (graph.size > MAX_NODES) {
    throw new RuntimeError(
      'ARGUMENT_INVALID',
      `a drawing of ${graph.size} tasks cannot be looked at (the limit is ${MAX_NODES}); use the format dot or json`,
    );
  }
  const boxes = graph.names.map((name, index) => boxOf(name, options.subtitleOf?.(index) ?? ''));
  const levels = levelGroups(graph);
  const widest = levels.reduce((most, level) => Math.max(most, level.length), 0);
  const layered = graph.size <= ELK_NODES && graph.dependencies.length <= ELK_EDGES && widest <= ELK_LEVEL;
  const layout = layered
    ? await layeredLayout(graph, boxes, flowDirection(levels.length, widest, boxes))
    : gridLayout(graph, boxes, levels);
  return documentOf(graph, layout, options);
}

function boxOf(name: string, subtitle: string): Box {
  const label = clip(name.trim() === '' ? '(no name)' : name, TITLE_PX);
  const small = clip(subtitle, SUBTITLE_PX);
  const width = Math.max(textWidth(label, TITLE_PX), textWidth(small, SUBTITLE_PX)) + 28;
  return { x: 0, y: 0, width: Math.max(MIN_NODE_WIDTH, Math.ceil(width)), label, subtitle: small };
}

/** One line that a box has room for, cut with an ellipsis; the whole name is in the tooltip. */
function clip(text: string, pixels: number): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  if (textWidth(line, pixels) <= MAX_NODE_WIDTH - 28) return line;
  let kept = '';
  let width = pixels;
  for (const character of line) {
    width += textWidth(character, pixels);
    if (width > MAX_NODE_WIDTH - 28) break;
    kept += character;
  }
  return `${kept}…`;
}

async function layeredLayout(graph: TaskGraph, boxes: readonly Box[], direction: 'DOWN' | 'RIGHT'): Promise<Layout> {
  if (graph.size === 0) return { boxes, arrows: [], width: 0, height: 0 };
  const { default: elk } = await import('elkjs/lib/elk.bundled.js');
  const placed = await new elk.default().layout<ElkNode>({
    id: 'graph',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction,
      'elk.edgeRouting': 'ORTHOGONAL',
      'elk.randomSeed': '1',
      'elk.padding': '[top=0,left=0,bottom=0,right=0]',
      'elk.spacing.nodeNode': String(GAP),
      'elk.spacing.edgeNode': '14',
      'elk.spacing.componentComponent': '32',
      'elk.layered.spacing.nodeNodeBetweenLayers': '48',
      // Each task stands in the column or row of its execution level.
      'elk.layered.layering.strategy': 'LONGEST_PATH_SOURCE',
      'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
      'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
      // Arrows of one task share a trunk: thirty parallel lines tell no more than one.
      'elk.layered.mergeEdges': 'true',
      ...(graph.size <= ORDERED_NODES ? { 'elk.layered.considerModelOrder.strategy': 'PREFER_NODES' } : {}),
    },
    children: boxes.map((box, index) => ({ id: `n${index}`, width: box.width, height: NODE_HEIGHT })),
    edges: edgesOf(graph).map(([from, to], index) => ({ id: `e${index}`, sources: [`n${from}`], targets: [`n${to}`] })),
  });
  const positions = new Map(placed.children?.map((child) => [child.id, child]));
  return {
    boxes: boxes.map((box, index) => {
      const { x = 0, y = 0 } = positions.get(`n${index}`) ?? {};
      return { ...box, x, y };
    }),
    arrows: (placed.edges ?? []).map(arrowOf),
    width: placed.width ?? 0,
    height: placed.height ?? 0,
  };
}

/** Whichever way the drawing comes closer to the shape of a screen. */
function flowDirection(levels: number, widest: number, boxes: readonly Box[]): 'DOWN' | 'RIGHT' {
  const boxWidth = boxes.reduce((sum, box) => sum + box.width, 0) / boxes.length;
  const down = (widest * (boxWidth + GAP)) / (levels * (NODE_HEIGHT + 48));
  const right = (levels * (boxWidth + 48)) / (widest * (NODE_HEIGHT + GAP));
  return Math.abs(Math.log(down / 1.6)) < Math.abs(Math.log(right / 1.6)) ? 'DOWN' : 'RIGHT';
}

function edgesOf(graph: TaskGraph): [number, number][] {
  const edges: [number, number][] = [];
  for (let node = 0; node < graph.size; node++) {
    const from = graph.dependencyOffsets[node] ?? 0;
    const to = graph.dependencyOffsets[node + 1] ?? from;
    for (const dependency of graph.dependencies.subarray(from, to)) edges.push([dependency, node]);
  }
  return edges;
}

function arrowOf(edge: ElkExtendedEdge): string {
  return (edge.sections ?? [])
    .map((section) => roundedPath([section.startPoint, ...(section.bendPoints ?? []), section.endPoint]))
    .join('');
}

/** Straight pieces with rounded corners. */
function roundedPath(points: readonly Point[]): string {
  let path = '';
  points.forEach((point, index) => {
    const before = points[index - 1];
    const after = points[index + 1];
    if (before === undefined) path += `M${round(point.x)} ${round(point.y)}`;
    else if (after === undefined) path += `L${round(point.x)} ${round(point.y)}`;
    else {
      const enter = towards(point, before);
      const leave = towards(point, after);
      path += `L${round(enter.x)} ${round(enter.y)}Q${round(point.x)} ${round(point.y)} ${round(leave.x)} ${round(leave.y)}`;
    }
  });
  return path;
}

function towards(from: Point, to: Point): Point {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  const step = distance === 0 ? 0 : Math.min(CORNER, distance / 2) / distance;
  return { x: from.x + (to.x - from.x) * step, y: from.y + (to.y - from.y) * step };
}

/** A band of rows for each level, top down; rows are as long as the whole is about as wide as high. */
function gridLayout(graph: TaskGraph, boxes: readonly Box[], levels: readonly (readonly number[])[]): Layout {
  const cell = boxes.reduce((widest, box) => Math.max(widest, box.width), MIN_NODE_WIDTH) + GAP;
  const perRow = Math.max(1, Math.ceil(Math.sqrt((graph.size * (NODE_HEIGHT + GAP) * 1.6) / cell)));
  const placed = [...boxes];
  let y = 0;
  for (const level of levels) {
    level.forEach((node, place) => {
      const box = boxes[node];
      if (box === undefined) return;
      const row = Math.floor(place / perRow);
      const missing = Math.max(0, perRow * (row + 1) - level.length);
      const x = ((place % perRow) + missing / 2) * cell + (cell - GAP - box.width) / 2;
      placed[node] = { ...box, x, y: y + row * (NODE_HEIGHT + GAP) };
    });
    y += Math.ceil(level.length / perRow) * (NODE_HEIGHT + GAP) + 40;
  }
  const arrows = edgesOf(graph).map(([from, to]) => curveBetween(placed[from], placed[to]));
  return { boxes: placed, arrows, width: perRow * cell - GAP, height: Math.max(0, y - 40 - GAP) };
}

function curveBetween(from: Box | undefined, to: Box | undefined): string {
  if (from === undefined || to === undefined) return '';
  const [startX, startY] = [from.x + from.width / 2, from.y + NODE_HEIGHT];
  const [endX, endY] = [to.x + to.width / 2, to.y];
  const middle = (startY + endY) / 2;
  return `M${round(startX)} ${round(startY)}C${round(startX)} ${round(middle)} ${round(endX)} ${round(middle)} ${round(endX)} ${round(endY)}`;
}

const STYLE = `
.graph{--paper:#fbfbf9;--ink:#1c2430;--faint:#667085;--box:#fff;--edge:#c4cad4;--line:#98a2b3;--critical:#c2570c;--running:#1d6fd8;--completed:#1a8a4c;--failed:#c9302c;--cancelled:#8a6d1d}
@media (prefers-color-scheme:dark){.graph{--paper:#12161d;--ink:#e6e9ee;--faint:#98a2b3;--box:#1c222c;--edge:#3d4757;--line:#66738a;--critical:#f59a5b;--running:#6cb0ff;--completed:#4ccf86;--failed:#ff7a75;--cancelled:#d9b85c}}
.graph{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.paper{fill:var(--paper)}
.title{font-size:18px;font-weight:600;fill:var(--ink)}
.count{font-size:12px;fill:var(--faint)}
.edges path{fill:none;stroke:var(--line);stroke-width:1.3;marker-end:url(#arrow)}
.edges.many path{stroke-width:.6;stroke-opacity:.3;marker-end:none}
#arrow path{fill:var(--line)}
.node rect{fill:var(--box);stroke:var(--edge);stroke-width:1.3}
.node text{text-anchor:middle;font-size:13px;fill:var(--ink)}
.node .sub{font-size:11px;fill:var(--faint)}
${['critical', 'running', 'completed', 'failed', 'cancelled'].map((state) => `.node.${state} rect{stroke:var(--${state});stroke-width:2}`).join('')}
.node.skipped rect{stroke-dasharray:4 3}.node.skipped text{fill:var(--faint)}
`.trim();

function documentOf(graph: TaskGraph, layout: Layout, options: GraphSvgOptions): string {
  const title = escapeXml(options.title);
  const count = `${countOf(graph.size, 'task')}, ${countOf(graph.dependencies.length, 'dependency', 'dependencies')}`;
  const titleWidth = textWidth(options.title, 10.5);
  const width = Math.ceil(Math.max(layout.width, Math.min(titleWidth, 1_200), 200) + 2 * MARGIN);
  const height = Math.ceil(layout.height + HEADER + 2 * MARGIN);
  const nodes = layout.boxes.map((box, index) =>
    nodeOf(box, graph.names[index] ?? '', options.classOf?.(index) ?? '', options.subtitleOf?.(index) ?? ''),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="graph-title">`,
    `<title id="graph-title">${title}</title>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 1L10 5L0 9z"/></marker></defs>',
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="${MARGIN}" y="${MARGIN + 14}">${title}</text>`,
    `<text class="count" x="${MARGIN}" y="${MARGIN + 34}">${count}</text>`,
    `<g transform="translate(${MARGIN} ${MARGIN + HEADER})">`,
    `<g class="${layout.arrows.length > MANY_ARROWS ? 'edges many' : 'edges'}">${layout.arrows.map((path) => `<path d="${path}"/>`).join('\n')}</g>`,
    nodes.join('\n'),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function nodeOf(box: Box, name: string, classes: string, subtitle: string): string {
  const middle = round(box.x + box.width / 2);
  const baseline = box.subtitle === '' ? NODE_HEIGHT / 2 + 4.5 : NODE_HEIGHT / 2 - 2;
  const sub = `<text class="sub" x="${middle}" y="${round(box.y + NODE_HEIGHT / 2 + 14)}">${escapeXml(box.subtitle)}</text>`;
  const tooltip = escapeXml(subtitle === '' ? name : `${name}\n${subtitle}`);
  const classList = `node ${classes.replace(/[^\w -]/g, '-')}`.trim();
  return [
    `<g class="${classList}"><title>${tooltip}</title>`,
    `<rect x="${round(box.x)}" y="${round(box.y)}" width="${box.width}" height="${NODE_HEIGHT}" rx="9"/>`,
    `<text x="${middle}" y="${round(box.y + baseline)}">${escapeXml(box.label)}</text>`,
    box.subtitle === '' ? '' : sub,
    '</g>',
  ].join('');
}

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
