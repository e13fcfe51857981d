// Owns the picture of a task graph: one self-contained SVG, light or dark as the viewer is, readable without scripts; of a
// workflow, or of a run with the state of each task by colour and mark and the critical path by a beam.
// Must never put text into the file unescaped.

import type { TaskGraph } from '../dag/task-graph.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import {
  type GraphArrow,
  type GraphBox,
  type GraphLayout,
  layOutGraph,
  MIN_NODE_WIDTH,
  NODE_HEIGHT,
} from './graph-layout.ts';
import { GRAPH_STATES, type GraphState, STATE_LOOKS } from './graph-marks.ts';
import { round } from './svg-path.ts';
import { escapeXml, textWidth } from './svg-text.ts';

export interface GraphSvgOptions {
  readonly title: string;
  /** More than the counts, in the line under the title. */
  readonly subtitle?: string;
  /** A second, smaller line in the box of a task. */
  readonly subtitleOf?: (index: number) => string;
  /** Of a run: where each task stands. */
  readonly stateOf?: (index: number) => GraphState;
  /** Tasks of the critical path, in order; their boxes and the arrows between them are marked. */
  readonly criticalPath?: readonly number[];
}

/** Above this no viewer opens the file. */
const MAX_NODES = 50_000;
/** More than this are drawn faintly and without heads: they show where the graph is dense, not each line. */
const MANY_ARROWS = 2_000;

const MAX_NODE_WIDTH = 280;
const TITLE_PX = 7.4;
const SUBTITLE_PX = 6.2;
const MARGIN = 32;
const HEADER = 64;
const MARK = 16;
/** What a mark takes of the width of its box, on the left. */
const MARK_ROOM = 24;
const LEGEND_ROW = 24;
const WIDEST_LEGEND = 760;

interface Box extends GraphBox {
  readonly label: string;
  readonly subtitle: string;
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
  const extra = options.stateOf === undefined ? 0 : MARK_ROOM;
  const boxes = graph.names.map((name, index) => boxOf(name, options.subtitleOf?.(index) ?? '', extra));
  return documentOf(graph, await layOutGraph(graph, boxes), options);
}

function boxOf(name: string, subtitle: string, extra: number): Box {
  const label = clip(name.trim() === '' ? '(no name)' : name, TITLE_PX, MAX_NODE_WIDTH - 28 - extra);
  const small = clip(subtitle, SUBTITLE_PX, MAX_NODE_WIDTH - 28 - extra);
  const width = Math.max(textWidth(label, TITLE_PX), textWidth(small, SUBTITLE_PX)) + 28 + extra;
  return { x: 0, y: 0, width: Math.max(MIN_NODE_WIDTH, Math.ceil(width)), label, subtitle: small };
}

/** One line that a box has room for, cut with an ellipsis; the whole name is in the tooltip. */
function clip(text: string, pixels: number, room: number): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  if (textWidth(line, pixels) <= room) return line;
  let kept = '';
  let width = pixels;
  for (const character of line) {
    width += textWidth(character, pixels);
    if (width > room) break;
    kept += character;
  }
  return `${kept}…`;
}

const variables = (theme: 'light' | 'dark'): string =>
  GRAPH_STATES.map((state) => `--${state}:${STATE_LOOKS[state][theme]}`).join(';');

const STYLE = `
.graph{--paper:#fbfbf9;--ink:#1c2430;--faint:#5d687a;--box:#fff;--edge:#c4cad4;--line:#98a2b3;--critical:#b4540a}
@media (prefers-color-scheme:dark){.graph{--paper:#12161d;--ink:#e6e9ee;--faint:#98a2b3;--box:#1c222c;--edge:#3d4757;--line:#66738a;--critical:#ffa560}}
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
`.trim();

const RUN_STYLE = `
.graph{${variables('light')}}
@media (prefers-color-scheme:dark){.graph{${variables('dark')}}}
.mark{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}
.mark .cut{stroke:var(--box);stroke-width:1.9}
.key{font-size:12px;fill:var(--ink)}
.beam{fill:var(--critical)}
.edges path.critical{stroke:var(--critical);stroke-width:2.6;stroke-opacity:1;marker-end:url(#critical-arrow)}
#critical-arrow path{fill:var(--critical)}
${GRAPH_STATES.map((state) => `.${state} .mark{stroke:var(--${state})}.${state} .full{fill:var(--${state})}.node.${state} rect{stroke:var(--${state});stroke-width:1.8${STATE_LOOKS[state].dashed ? ';stroke-dasharray:4 3' : ''}}`).join('\n')}
.node.skipped text{fill:var(--faint)}
`.trim();

function documentOf(graph: TaskGraph, layout: GraphLayout<Box>, options: GraphSvgOptions): string {
  const title = escapeXml(options.title);
  const count = `${countOf(graph.size, 'task')}, ${countOf(graph.dependencies.length, 'dependency', 'dependencies')}${options.subtitle === undefined ? '' : ` · ${options.subtitle}`}`;
  const legend = legendOf(graph, options, Math.max(WIDEST_LEGEND, layout.width));
  const titleWidth = Math.min(Math.max(textWidth(options.title, 10.5), textWidth(count, SUBTITLE_PX + 0.4)), 1_200);
  const width = Math.ceil(Math.max(layout.width, titleWidth, legend.width, 200) + 2 * MARGIN);
  const top = HEADER + legend.height;
  const height = Math.ceil(layout.height + top + 2 * MARGIN);
  const critical = new Set(options.criticalPath ?? []);
  const nodes = layout.boxes.map((box, index) =>
    nodeOf(box, index, graph.names[index] ?? '', critical.has(index), options),
  );
  const isRun = options.stateOf !== undefined || critical.size > 0;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="graph-title">`,
    `<title id="graph-title">${title}</title>`,
    `<style>${STYLE}${isRun ? `\n${RUN_STYLE}` : ''}</style>`,
    `<defs>${arrowHead('arrow')}${isRun ? arrowHead('critical-arrow') : ''}</defs>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="${MARGIN}" y="${MARGIN + 14}">${title}</text>`,
    `<text class="count" x="${MARGIN}" y="${MARGIN + 34}">${escapeXml(count)}</text>`,
    legend.svg,
    `<g transform="translate(${MARGIN} ${MARGIN + top})">`,
    arrowsOf(layout.arrows, options.criticalPath ?? []),
    nodes.join('\n'),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function arrowHead(id: string): string {
  // Of one size whatever the line: a thick line must not end in a blot.
  return `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 1L10 5L0 9z"/></marker>`;
}

function arrowsOf(arrows: readonly GraphArrow[], criticalPath: readonly number[]): string {
  const next = new Map(criticalPath.map((node, place) => [node, criticalPath[place + 1]]));
  const isCritical = ({ from, to }: GraphArrow): boolean => next.get(from) === to;
  // Those of the critical path lie on top of the trunks that they share with others.
  const ordered = [...arrows.filter((arrow) => !isCritical(arrow)), ...arrows.filter(isCritical)];
  const paths = ordered.map((arrow) => `<path${isCritical(arrow) ? ' class="critical"' : ''} d="${arrow.path}"/>`);
  return `<g class="${arrows.length > MANY_ARROWS ? 'edges many' : 'edges'}">${paths.join('\n')}</g>`;
}

function nodeOf(box: Box, index: number, name: string, isCritical: boolean, options: GraphSvgOptions): string {
  const state = options.stateOf?.(index);
  const subtitle = options.subtitleOf?.(index) ?? '';
  const shift = state === undefined ? 0 : MARK_ROOM / 2;
  const middle = round(box.x + box.width / 2 + shift);
  const baseline = box.subtitle === '' ? NODE_HEIGHT / 2 + 4.5 : NODE_HEIGHT / 2 - 2;
  const sub = `<text class="sub" x="${middle}" y="${round(box.y + NODE_HEIGHT / 2 + 14)}">${escapeXml(box.subtitle)}</text>`;
  const tooltip = [name, state ?? '', subtitle, isCritical ? 'on the critical path' : ''].filter((line) => line !== '');
  const beam = `<path class="beam" d="M${round(box.x + 9)} ${round(box.y + NODE_HEIGHT - 4)}h${round(box.width - 18)}v4h-${round(box.width - 18)}z"/>`;
  return [
    `<g class="node${state === undefined ? '' : ` ${state}`}${isCritical ? ' critical' : ''}"><title>${escapeXml(tooltip.join('\n'))}</title>`,
    `<rect x="${round(box.x)}" y="${round(box.y)}" width="${box.width}" height="${NODE_HEIGHT}" rx="9"/>`,
    isCritical ? beam : '',
    state === undefined ? '' : markAt(state, box.x + 10, box.y + (NODE_HEIGHT - MARK) / 2),
    `<text x="${middle}" y="${round(box.y + baseline)}">${escapeXml(box.label)}</text>`,
    box.subtitle === '' ? '' : sub,
    '</g>',
  ].join('');
}

function markAt(state: GraphState, x: number, y: number): string {
  return `<g class="mark" transform="translate(${round(x)} ${round(y)})">${STATE_LOOKS[state].mark}</g>`;
}

/** What the marks mean, of those that occur, with how many there are. */
function legendOf(graph: TaskGraph, { stateOf, criticalPath = [] }: GraphSvgOptions, room: number) {
  const counts = new Map<GraphState, number>();
  if (stateOf !== undefined) {
    for (let index = 0; index < graph.size; index++) counts.set(stateOf(index), (counts.get(stateOf(index)) ?? 0) + 1);
  }
  const entries = GRAPH_STATES.filter((state) => counts.has(state)).map((state) => ({
    text: `${state} ${counts.get(state)}`,
    svgAt: (x: number, y: number) => `<g class="${state}">${markAt(state, x, y)}</g>`,
  }));
  if (criticalPath.length > 1) {
    entries.push({
      text: 'critical path',
      svgAt: (x, y) => `<path class="beam" d="M${round(x)} ${round(y + 6)}h16v4h-16z"/>`,
    });
  }
  let [x, y, widest] = [0, 0, 0];
  const parts: string[] = [];
  for (const { text, svgAt } of entries) {
    const width = MARK + 8 + textWidth(text, SUBTITLE_PX + 0.6) + 16;
    if (x > 0 && x + width > room) {
      x = 0;
      y += LEGEND_ROW;
    }
    const [left, top] = [MARGIN + x, MARGIN + 48 + y];
    parts.push(
      `${svgAt(left, top)}<text class="key" x="${round(left + MARK + 7)}" y="${round(top + 12.5)}">${text}</text>`,
    );
    x += width;
    widest = Math.max(widest, x);
  }
  return { svg: `<g>${parts.join('')}</g>`, width: widest, height: entries.length === 0 ? 0 : y + LEGEND_ROW };
}

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
