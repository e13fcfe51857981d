// Owns the picture of a statechart: states as rounded boxes with what they do on entry and exit, a dot where it begins, a
// double border where it ends, arrows with their events and guards. One self-contained SVG, light or dark as the viewer is.
// Must never put text into the file unescaped, nor load elkjs before a picture is asked for.

import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { Statechart, StatechartState } from '../inspect/statechart.ts';
import { type Point, round, roundedPath } from './svg-path.ts';
import { escapeXml, textWidth } from './svg-text.ts';

const NAME_PX = 7.8;
const SMALL_PX = 6;
const LABEL_PX = 6.1;
const LABEL_LINE = 15;
const SMALL_LINE = 15;
const MARGIN = 28;
const HEADER = 58;
const DOT = 14;
const START = 'start';

interface Arrow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** One line an event, its guard in brackets. */
  readonly lines: readonly string[];
  /** What is done on the way, for the tooltip. */
  readonly told: readonly string[];
}

interface Box {
  readonly state: StatechartState;
  readonly lines: readonly string[];
  readonly width: number;
  readonly height: number;
}

interface PlacedArrow {
  readonly arrow: Arrow;
  readonly path: string;
  readonly label: Point;
}

/** The drawing as one SVG document; the same machine gives the same text. */
export async function renderStatechartSvg(chart: Statechart): Promise<string> {
  const boxes = new Map(chart.states.map((state) => [state.name, boxOf(state)]));
  const arrows = arrowsOf(chart);
  const { default: elk } = await import('elkjs/lib/elk.bundled.js');
  const placed = await new elk.default().layout<ElkNode>(elkGraphOf(boxes, arrows));
  return documentOf(chart, boxes, arrows, placed);
}

function boxOf(state: StatechartState): Box {
  const actions = (word: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${word} / ${names.join(', ')}`];
  const lines = [...actions('entry', state.entry), ...actions('exit', state.exit)];
  const widest = Math.max(textWidth(state.name, NAME_PX), ...lines.map((line) => textWidth(line, SMALL_PX)));
  return { state, lines, width: Math.ceil(Math.max(76, widest + 30)), height: 40 + lines.length * SMALL_LINE };
}

/** All events that lead from one state to another share an arrow. */
function arrowsOf({ transitions, initial }: Statechart): Arrow[] {
  const arrows = new Map<string, Arrow & { readonly lines: string[]; readonly told: string[] }>();
  for (const { event, from, to, guard, actions } of transitions) {
    const key = JSON.stringify([from, to]);
    let arrow = arrows.get(key);
    if (arrow === undefined) {
      arrow = { id: `e${arrows.size}`, from, to, lines: [], told: [] };
      arrows.set(key, arrow);
    }
    const line = guard === null ? event : `${event} [${guard}]`;
    if (!arrow.lines.includes(line)) arrow.lines.push(line);
    arrow.told.push(actions.length === 0 ? line : `${line} / ${actions.join(', ')}`);
  }
  return [{ id: START, from: START, to: initial, lines: [], told: [] }, ...arrows.values()];
}

function elkGraphOf(boxes: ReadonlyMap<string, Box>, arrows: readonly Arrow[]): ElkNode {
  return {
    id: 'chart',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'DOWN',
      'elk.edgeRouting': 'ORTHOGONAL',
      'elk.randomSeed': '1',
      'elk.padding': '[top=0,left=0,bottom=0,right=0]',
      'elk.spacing.nodeNode': '34',
      'elk.spacing.edgeNode': '20',
      'elk.spacing.edgeEdge': '14',
      'elk.spacing.edgeLabel': '4',
      'elk.spacing.nodeSelfLoop': '16',
      'elk.layered.spacing.nodeNodeBetweenLayers': '36',
      'elk.layered.spacing.edgeNodeBetweenLayers': '18',
      'elk.layered.spacing.edgeEdgeBetweenLayers': '14',
      // The way from the start to the ends runs downwards, as the machine names its states.
      'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
      'elk.layered.considerModelOrder.strategy': 'PREFER_EDGES',
      'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
    },
    children: [
      { id: START, width: DOT, height: DOT },
      ...Array.from(boxes, ([id, { width, height }]) => ({ id: `s.${id}`, width, height })),
    ],
    edges: arrows.map(({ id, from, to, lines }) => ({
      id,
      sources: [from === START && id === START ? START : `s.${from}`],
      targets: [`s.${to}`],
      labels: lines.length === 0 ? [] : [labelOf(lines)],
    })),
  };
}

function labelOf(lines: readonly string[]) {
  const widest = lines.reduce((most, line) => Math.max(most, textWidth(line, LABEL_PX)), 0);
  return {
    text: lines.join('\n'),
    width: Math.ceil(widest + 8),
    height: lines.length * LABEL_LINE + 4,
    layoutOptions: { 'elk.edgeLabels.placement': 'CENTER' },
  };
}

const STYLE = `
.chart{--paper:#fbfbf9;--ink:#1c2430;--faint:#5d687a;--box:#fff;--edge:#8a94a5;--line:#7d8798;--end:#f2f3f1}
@media (prefers-color-scheme:dark){.chart{--paper:#12161d;--ink:#e6e9ee;--faint:#98a2b3;--box:#1c222c;--edge:#77849a;--line:#77849a;--end:#181d26}}
.chart{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.paper{fill:var(--paper)}
.title{font-size:18px;font-weight:600;fill:var(--ink)}
.count{font-size:12px;fill:var(--faint)}
.arrow path{fill:none;stroke:var(--line);stroke-width:1.3;marker-end:url(#arrow)}
#arrow path{fill:var(--line)}
.arrow text{font-size:11.5px;fill:var(--ink);text-anchor:middle}
.arrow rect{fill:var(--paper);fill-opacity:.88}
.state rect{fill:var(--box);stroke:var(--edge);stroke-width:1.4}
.state.final rect{fill:var(--end)}
.state.final .inner{fill:none}
.state text{text-anchor:middle;font-size:14px;font-weight:600;fill:var(--ink)}
.state .does{font-size:11px;font-weight:400;fill:var(--faint)}
.start{fill:var(--ink)}
`.trim();

function documentOf(chart: Statechart, boxes: ReadonlyMap<string, Box>, arrows: readonly Arrow[], placed: ElkNode) {
  const positions = new Map(placed.children?.map((child) => [child.id, { x: child.x ?? 0, y: child.y ?? 0 }]));
  const routes = new Map(placed.edges?.map((edge) => [edge.id, edge]));
  const title = `${chart.name} machine`;
  const ends = chart.states.filter(({ type }) => type === 'final').length;
  const figures = `${chart.states.length} states, ${ends} of them ends · ${chart.events.length} events · ${chart.transitions.length} transitions`;
  const least = Math.max(textWidth(title, 10.5), textWidth(figures, 6.6));
  const width = Math.ceil(Math.max(placed.width ?? 0, least) + 2 * MARGIN);
  const height = Math.ceil((placed.height ?? 0) + HEADER + 2 * MARGIN);
  const drawn = arrows.map((arrow) => placedArrow(arrow, routes.get(arrow.id)));
  const start = positions.get(START) ?? { x: 0, y: 0 };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="chart-title chart-text">`,
    `<title id="chart-title">${escapeXml(title)}</title>`,
    `<desc id="chart-text">${escapeXml(sentenceOf(chart))}</desc>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 1L10 5L0 9z"/></marker></defs>',
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="${MARGIN}" y="${MARGIN + 14}">${escapeXml(title)}</text>`,
    `<text class="count" x="${MARGIN}" y="${MARGIN + 34}">${escapeXml(figures)}</text>`,
    `<g transform="translate(${MARGIN} ${MARGIN + HEADER})">`,
    `<circle class="start" cx="${round(start.x + DOT / 2)}" cy="${round(start.y + DOT / 2)}" r="${DOT / 2 - 1}"/>`,
    ...drawn.map(({ path }) => `<g class="arrow"><path d="${path}"/></g>`),
    ...drawn.filter(({ arrow }) => arrow.lines.length > 0).map(arrowText),
    ...Array.from(boxes, ([name, box]) => stateOf(box, positions.get(`s.${name}`) ?? { x: 0, y: 0 })),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** For who hears the picture: where the machine begins and where it may go from each state. */
function sentenceOf({ initial, states, transitions }: Statechart): string {
  const sentences = states.map(({ name, type }) => {
    if (type === 'final') return `${name} is an end.`;
    const ways = transitions.filter(({ from }) => from === name).map(({ event, to }) => `${event} to ${to}`);
    return `From ${name}: ${[...new Set(ways)].join(', ')}.`;
  });
  return [`Begins in ${initial}.`, ...sentences].join(' ');
}

function placedArrow(arrow: Arrow, edge: ElkExtendedEdge | undefined): PlacedArrow {
  const path = (edge?.sections ?? [])
    .map(({ startPoint, bendPoints = [], endPoint }) => roundedPath([startPoint, ...bendPoints, endPoint]))
    .join('');
  const label = edge?.labels?.[0];
  const [x, y] = [label?.x ?? 0, label?.y ?? 0];
  return { arrow, path, label: { x: x + (label?.width ?? 0) / 2, y } };
}

function arrowText({ arrow, label }: PlacedArrow): string {
  const { width, height } = labelOf(arrow.lines);
  const lines = arrow.lines.map(
    (line, place) =>
      `<tspan x="${round(label.x)}" y="${round(label.y + 12 + place * LABEL_LINE)}">${escapeXml(line)}</tspan>`,
  );
  return [
    `<g class="arrow"><title>${escapeXml(`${arrow.from} to ${arrow.to}\n${arrow.told.join('\n')}`)}</title>`,
    `<rect x="${round(label.x - width / 2)}" y="${round(label.y)}" width="${width}" height="${height}" rx="3"/>`,
    `<text>${lines.join('')}</text></g>`,
  ].join('');
}

function stateOf({ state, lines, width, height }: Box, { x, y }: Point): string {
  const isFinal = state.type === 'final';
  const middle = round(x + width / 2);
  const frame = `x="${round(x)}" y="${round(y)}" width="${width}" height="${height}" rx="11"`;
  const inner = `x="${round(x + 4)}" y="${round(y + 4)}" width="${width - 8}" height="${height - 8}" rx="8"`;
  const does = lines.map(
    (line, place) =>
      `<text class="does" x="${middle}" y="${round(y + 42 + place * SMALL_LINE)}">${escapeXml(line)}</text>`,
  );
  return [
    `<g class="state${isFinal ? ' final' : ''}"><title>${escapeXml([state.name, ...lines].join('\n'))}</title>`,
    `<rect ${frame}/>`,
    isFinal ? `<rect class="inner" ${inner}/>` : '',
    `<text x="${middle}" y="${round(y + 25)}">${escapeXml(state.name)}</text>`,
    ...does,
    '</g>',
  ].join('');
}
