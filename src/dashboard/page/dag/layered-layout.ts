// Owns the layout of small graphs by elkjs: layered (after Sugiyama), arrows routed around boxes.
// Pure: makes the question and reads the answer; the worker that answers is elk-layout.ts.

import type { ElkNode } from '../elk-layout.ts';
import type { GraphColumns } from './graph-columns.ts';
import type { BoxSize, EdgeRoutes, GraphLayout } from './graph-layout.ts';

const MAX_TASKS = 300;
/** A layered layout of few tasks with very many edges is slow, and shows nothing but edges. */
const MAX_EDGES = 1_500;
/** One column of very many boxes is a strip nobody can follow; the layout by levels breaks it into several. */
const MAX_LEVEL = 40;
const MAX_LEVELS = 60;
/** Keeping the order of the tasks within a level costs elkjs minutes for a task with many dependents. */
const MAX_ORDERED_TASKS = 60;

const OPTIONS: Readonly<Record<string, string>> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.randomSeed': '1',
  // Levels are columns of the whole picture, whichever component a task belongs to.
  'elk.separateConnectedComponents': 'false',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
  'elk.spacing.nodeNode': '18',
  'elk.spacing.edgeNode': '14',
  'elk.layered.spacing.nodeNodeBetweenLayers': '56',
  // Each task stands in the column of its execution level.
  'elk.layered.layering.strategy': 'LONGEST_PATH_SOURCE',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
  // Arrows of one task share a trunk: thirty parallel lines tell no more than one.
  'elk.layered.mergeEdges': 'true',
};

/** Whether elkjs lays this graph out well and soon enough. */
export function isForElk(graph: GraphColumns): boolean {
  if (graph.size === 0 || graph.size > MAX_TASKS || graph.dependencies.length > MAX_EDGES) return false;
  if (graph.levelCount > MAX_LEVELS) return false;
  const sizes = new Uint32Array(graph.levelCount);
  for (const level of graph.levels) sizes[level] = (sizes[level] ?? 0) + 1;
  return sizes.every((size) => size <= MAX_LEVEL);
}

/** The graph as elkjs takes it. */
export function elkGraphOf(graph: GraphColumns, box: BoxSize): ElkNode {
  const ordered = graph.size <= MAX_ORDERED_TASKS;
  return {
    id: 'graph',
    layoutOptions: {
      ...OPTIONS,
      ...(ordered ? { 'elk.layered.considerModelOrder.strategy': 'PREFER_NODES' } : {}),
    },
    children: Array.from({ length: graph.size }, (_, task) => ({ id: `n${task}`, ...box })),
    edges: Array.from(graph.dependencies, (dependency, row) => ({
      id: `e${row}`,
      sources: [`n${dependency}`],
      targets: [`n${graph.targets[row] ?? 0}`],
    })),
  };
}

/** What elkjs answered, as a layout. */
export function layoutOfElk(graph: GraphColumns, box: BoxSize, placed: ElkNode): GraphLayout {
  const x = new Float32Array(graph.size);
  const y = new Float32Array(graph.size);
  const nodes = new Map(placed.children?.map((node) => [node.id, node]));
  for (let task = 0; task < graph.size; task++) {
    x[task] = nodes.get(`n${task}`)?.x ?? 0;
    y[task] = nodes.get(`n${task}`)?.y ?? 0;
  }
  const order = Uint32Array.from({ length: graph.size }, (_, task) => task).sort(
    (left, right) =>
      (graph.levels[left] ?? 0) - (graph.levels[right] ?? 0) || (y[left] ?? 0) - (y[right] ?? 0) || left - right,
  );
  const columnOffsets = new Uint32Array(graph.levelCount + 1);
  order.forEach((task, place) => {
    columnOffsets[(graph.levels[task] ?? 0) + 1] = place + 1;
  });
  return {
    box,
    width: placed.width ?? 0,
    height: placed.height ?? 0,
    x,
    y,
    order,
    columnOffsets,
    columnLevels: Uint32Array.from({ length: graph.levelCount }, (_, level) => level),
    columnBands: new Uint32Array(graph.levelCount),
    routes: routesOf(graph, placed),
  };
}

function routesOf(graph: GraphColumns, placed: ElkNode): EdgeRoutes {
  const edges = new Map(placed.edges?.map((edge) => [edge.id, edge]));
  const offsets = new Uint32Array(graph.dependencies.length + 1);
  const points: number[] = [];
  for (let row = 0; row < graph.dependencies.length; row++) {
    for (const section of edges.get(`e${row}`)?.sections ?? []) {
      for (const point of [section.startPoint, ...(section.bendPoints ?? []), section.endPoint]) {
        points.push(point.x, point.y);
      }
    }
    offsets[row + 1] = points.length / 2;
  }
  return { offsets, points: Float32Array.from(points) };
}
