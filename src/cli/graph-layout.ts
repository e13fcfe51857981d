// Owns where the boxes of a task graph stand and how its arrows run. Up to about 1,000 tasks elkjs places them (layered,
// after Sugiyama), in about two seconds; its time grows much faster than the graph, so larger ones stand in a plain grid,
// a band of rows for each level. Must never load elkjs before a picture is asked for.

import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { TaskGraph } from '../dag/task-graph.ts';
import { levelGroups } from '../dag/topological-order.ts';
import { type Point, round, roundedPath } from './svg-path.ts';

export interface GraphBox extends Point {
  readonly width: number;
}

/** One arrow, from the dependency to the task that needs it. */
export interface GraphArrow {
  readonly from: number;
  readonly to: number;
  /** SVG path data. */
  readonly path: string;
}

export interface GraphLayout<Box extends GraphBox> {
  readonly boxes: readonly Box[];
  readonly arrows: readonly GraphArrow[];
  readonly width: number;
  readonly height: number;
}

const ELK_NODES = 1_000;
/** A layered layout of few tasks with very many edges is slow as well. */
const ELK_EDGES = 2_000;
/** One column of very many boxes is a strip nobody can follow; the grid breaks it into rows. */
const ELK_LEVEL = 100;
/** Keeping the order of the tasks within a level costs elkjs minutes for a task with many dependents. */
const ORDERED_NODES = 60;

/** Of every box. */
export const NODE_HEIGHT = 44;
/** No box is narrower. */
export const MIN_NODE_WIDTH = 96;
const GAP = 20;

/** Places boxes of known widths, one a task. */
export async function layOutGraph<Box extends GraphBox>(
  graph: TaskGraph,
  boxes: readonly Box[],
): Promise<GraphLayout<Box>> {
  const levels = levelGroups(graph);
  const widest = levels.reduce((most, level) => Math.max(most, level.length), 0);
  const layered = graph.size <= ELK_NODES && graph.dependencies.length <= ELK_EDGES && widest <= ELK_LEVEL;
  return layered
    ? await layeredLayout(graph, boxes, flowDirection(levels.length, widest, boxes))
    : gridLayout(graph, boxes, levels);
}

async function layeredLayout<Box extends GraphBox>(
  graph: TaskGraph,
  boxes: readonly Box[],
  direction: 'DOWN' | 'RIGHT',
): Promise<GraphLayout<Box>> {
  if (graph.size === 0) return { boxes, arrows: [], width: 0, height: 0 };
  const { default: elk } = await import('elkjs/lib/elk.bundled.js');
  const edges = edgesOf(graph);
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
    edges: edges.map(([from, to], index) => ({ id: `e${index}`, sources: [`n${from}`], targets: [`n${to}`] })),
  });
  const positions = new Map(placed.children?.map((child) => [child.id, child]));
  const routes = new Map(placed.edges?.map((edge) => [edge.id, edge]));
  return {
    boxes: boxes.map((box, index) => {
      const { x = 0, y = 0 } = positions.get(`n${index}`) ?? {};
      return { ...box, x, y };
    }),
    arrows: edges.map(([from, to], index) => ({ from, to, path: routeOf(routes.get(`e${index}`)) })),
    width: placed.width ?? 0,
    height: placed.height ?? 0,
  };
}

/** Whichever way the drawing comes closer to the shape of a screen. */
function flowDirection(levels: number, widest: number, boxes: readonly GraphBox[]): 'DOWN' | 'RIGHT' {
  const boxWidth = boxes.reduce((sum, box) => sum + box.width, 0) / boxes.length;
  const down = (widest * (boxWidth + GAP)) / (levels * (NODE_HEIGHT + 48));
  const right = (levels * (boxWidth + 48)) / (widest * (NODE_HEIGHT + GAP));
  return Math.abs(Math.log(down / 1.6)) < Math.abs(Math.log(right / 1.6)) ? 'DOWN' : 'RIGHT';
}

function edgesOf(graph: TaskGraph): [from: number, to: number][] {
  const edges: [number, number][] = [];
  for (let node = 0; node < graph.size; node++) {
    const from = graph.dependencyOffsets[node] ?? 0;
    const to = graph.dependencyOffsets[node + 1] ?? from;
    for (const dependency of graph.dependencies.subarray(from, to)) edges.push([dependency, node]);
  }
  return edges;
}

function routeOf(edge: ElkExtendedEdge | undefined): string {
  return (edge?.sections ?? [])
    .map((section) => roundedPath([section.startPoint, ...(section.bendPoints ?? []), section.endPoint]))
    .join('');
}

/** A band of rows for each level, top down; rows are as long as the whole is about as wide as high. */
function gridLayout<Box extends GraphBox>(
  graph: TaskGraph,
  boxes: readonly Box[],
  levels: readonly (readonly number[])[],
): GraphLayout<Box> {
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
  const arrows = edgesOf(graph).map(([from, to]) => ({ from, to, path: curveBetween(placed[from], placed[to]) }));
  return { boxes: placed, arrows, width: perRow * cell - GAP, height: Math.max(0, y - 40 - GAP) };
}

function curveBetween(from: GraphBox | undefined, to: GraphBox | undefined): string {
  if (from === undefined || to === undefined) return '';
  const [startX, startY] = [from.x + from.width / 2, from.y + NODE_HEIGHT];
  const [endX, endY] = [to.x + to.width / 2, to.y];
  const middle = (startY + endY) / 2;
  return `M${round(startX)} ${round(startY)}C${round(startX)} ${round(middle)} ${round(endX)} ${round(middle)} ${round(endX)} ${round(endY)}`;
}
