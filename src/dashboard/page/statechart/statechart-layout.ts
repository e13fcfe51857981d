// Owns where states and arrows of a machine's picture stand: the graph that elkjs is asked to lay out, and what came back
// as boxes, lines and labels. The shape of a machine never changes, so a picture is laid out once for each machine and
// direction. Must not know what is lit: that changes with every event, and the places do not.

import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import { type ChartParts, labelLines, type StatechartArrow } from './statechart-arrows.ts';

export type FlowDirection = 'DOWN' | 'RIGHT';

/** How wide text will be, in pixels: of a state's name, or of a line of a label. */
export type MeasureText = (text: string, kind: 'state' | 'label') => number;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface StateBox extends Rectangle {
  readonly name: string;
  readonly isFinal: boolean;
}

export interface ArrowLine {
  readonly arrow: StatechartArrow;
  /** SVG path data. */
  readonly line: string;
  /** Where its label stands; null = it has none. */
  readonly label: Rectangle | null;
}

export interface StatechartPicture {
  readonly width: number;
  readonly height: number;
  readonly states: readonly StateBox[];
  readonly arrows: readonly ArrowLine[];
  /** The dot at which the machine begins, and the arrow from it; null = it begins nowhere. */
  readonly start: { readonly x: number; readonly y: number; readonly line: string } | null;
}

/** Room for a line of a label; the marks of steps stand on a line more, above it. */
export const LABEL_LINE = 15;
export const START_RADIUS = 6;
const STATE_HEIGHT = 40;
const STATE_PADDING = 20;
const MIN_STATE_WIDTH = 96;
const LABEL_PADDING = 6;
const MARGIN = 14;
const CORNER = 6;
const START = 'start';

/** What elkjs is asked for. States have the ids `s0`, `s1`, … in the order of the chart. */
export function layoutRequest(
  chart: Pick<ChartParts, 'states' | 'initial'>,
  arrows: readonly StatechartArrow[],
  direction: FlowDirection,
  measure: MeasureText,
): ElkNode {
  const ids = new Map(chart.states.map(({ name }, index) => [name, `s${index}`]));
  const first = ids.get(chart.initial);
  const edges: ElkExtendedEdge[] = arrows.flatMap((arrow) => {
    const [from, to] = [ids.get(arrow.from), ids.get(arrow.to)];
    if (from === undefined || to === undefined) return [];
    return [{ id: arrow.id, sources: [from], targets: [to], labels: [labelBox(arrow, measure)] }];
  });
  return {
    id: 'statechart',
    layoutOptions: optionsFor(direction),
    children: [
      ...(first === undefined ? [] : [{ id: START, width: 2 * START_RADIUS, height: 2 * START_RADIUS }]),
      ...chart.states.map(({ name }, index) => ({
        id: `s${index}`,
        width: Math.max(MIN_STATE_WIDTH, Math.ceil(measure(name, 'state')) + 2 * STATE_PADDING),
        height: STATE_HEIGHT,
      })),
    ],
    edges: first === undefined ? edges : [{ id: START, sources: [START], targets: [first] }, ...edges],
  };
}

function labelBox(arrow: StatechartArrow, measure: MeasureText) {
  const lines = labelLines(arrow);
  const widest = lines.reduce((most, line) => Math.max(most, measure(line, 'label')), 0);
  return {
    text: lines.join('\n'),
    width: Math.ceil(widest) + 2 * LABEL_PADDING,
    // A line more, for the numbers of the steps that went over it.
    height: lines.length * LABEL_LINE + LABEL_LINE,
  };
}

function optionsFor(direction: FlowDirection): Record<string, string> {
  return {
    'elk.algorithm': 'layered',
    'elk.direction': direction,
    'elk.edgeRouting': 'ORTHOGONAL',
    'elk.randomSeed': '1',
    'elk.padding': `[top=${MARGIN},left=${MARGIN},bottom=${MARGIN},right=${MARGIN}]`,
    'elk.spacing.nodeNode': '18',
    'elk.spacing.edgeNode': '10',
    'elk.spacing.edgeEdge': '8',
    'elk.spacing.edgeLabel': '4',
    'elk.spacing.nodeSelfLoop': '14',
    'elk.layered.spacing.nodeNodeBetweenLayers': '20',
    'elk.layered.spacing.edgeNodeBetweenLayers': '10',
    'elk.layered.spacing.edgeEdgeBetweenLayers': '8',
    // Of all strategies tried on our machines, these make the narrowest pictures.
    'elk.layered.cycleBreaking.strategy': 'BFS_NODE_ORDER',
    'elk.layered.nodePlacement.strategy': 'LINEAR_SEGMENTS',
    'elk.layered.crossingMinimization.greedySwitch.type': 'ONE_SIDED',
    'elk.layered.compaction.postCompaction.strategy': 'LEFT',
    'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'MEDIAN_LAYER',
    'elk.edgeLabels.placement': 'CENTER',
  };
}

/** The picture that elkjs made of a request. */
export function pictureOf(
  chart: Pick<ChartParts, 'states'>,
  arrows: readonly StatechartArrow[],
  placed: ElkNode,
): StatechartPicture {
  const boxes = new Map(placed.children?.map((child) => [child.id, rectangleOf(child)]));
  const edges = new Map(placed.edges?.map((edge) => [edge.id, edge]));
  const start = boxes.get(START);
  const startEdge = edges.get(START);
  return {
    width: placed.width ?? 0,
    height: placed.height ?? 0,
    states: chart.states.flatMap(({ name, type }, index) => {
      const box = boxes.get(`s${index}`);
      return box === undefined ? [] : [{ ...box, name, isFinal: type === 'final' }];
    }),
    arrows: arrows.flatMap((arrow) => {
      const edge = edges.get(arrow.id);
      if (edge === undefined) return [];
      const label = edge.labels?.[0];
      return [{ arrow, line: lineOf(edge), label: label === undefined ? null : rectangleOf(label) }];
    }),
    start:
      start === undefined || startEdge === undefined
        ? null
        : { x: start.x + START_RADIUS, y: start.y + START_RADIUS, line: lineOf(startEdge) },
  };
}

function rectangleOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Rectangle>): Rectangle {
  return { x, y, width, height };
}

function lineOf(edge: ElkExtendedEdge): string {
  return (edge.sections ?? [])
    .map(({ startPoint, bendPoints = [], endPoint }) => roundedLine([startPoint, ...bendPoints, endPoint]))
    .join('');
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Straight pieces with rounded corners, as SVG path data. */
export function roundedLine(points: readonly Point[]): string {
  return points
    .map((point, index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      if (before === undefined) return `M${text(point)}`;
      if (after === undefined) return `L${text(point)}`;
      return `L${text(towards(point, before))}Q${text(point)} ${text(towards(point, after))}`;
    })
    .join('');
}

function towards(from: Point, to: Point): Point {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  const share = distance === 0 ? 0 : Math.min(CORNER, distance / 2) / distance;
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function text({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
