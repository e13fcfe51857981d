// Owns the picture of a simulated run: one self-contained SVG, light or dark as the viewer is, readable without scripts.
// Threads are rows, tasks bars on one axis of seconds; those without slack differ in colour and shape. Beneath it the use of
// each resource as a step curve on the same axis. Must never put text into the file unescaped.

import type { SimulatedTaskReport, SimulationReport } from '../engine/simulation/simulation-report.ts';
import type { CompiledWorkflow } from '../engine/workflow-compiler.ts';
import { type UseCurve, useCurves } from './simulation-curves.ts';
import { clipText, escapeXml, textWidth } from './svg-text.ts';

const WIDTH = 1_200;
const MARGIN = 28;
const HEADER = 76;
const LABEL = 110;
const CHART = WIDTH - 2 * MARGIN - LABEL;
const TALLEST_ROW = 26;
const SHORTEST_ROW = 3;
/** Rows grow no higher in all than this. */
const MOST_HEIGHT = 1_400;
const CURVE_HEIGHT = 46;
const CURVE_GAP = 14;
const MOST_CURVES = 16;
const NAME_PX = 6.3;
/** Bars that nobody could tell apart are drawn as one. */
const NARROWEST_BAR = 0.75;
/** Rows lower than this have no names in their bars, nor labels of their own each. */
const NAMED_ROW = 13;
const MOST_TICKS = 10;

const STYLE = `
.gantt{--paper:#fbfbf9;--ink:#1c2430;--faint:#5d687a;--grid:#e2e5ea;--row:#f2f3f1;--task:#a9c8ea;--task-edge:#5b8fc4;--task-ink:#14273c;--critical:#f2a663;--critical-edge:#b4540a;--critical-ink:#3b1a00;--failed:#c9302c;--use:#7fb99a;--use-edge:#2f7d56;--cap:#8a6d1d}
@media (prefers-color-scheme:dark){.gantt{--paper:#12161d;--ink:#e6e9ee;--faint:#98a2b3;--grid:#2a313d;--row:#181d26;--task:#2c4c70;--task-edge:#6ca6e6;--task-ink:#dcebfb;--critical:#8a4510;--critical-edge:#ffa560;--critical-ink:#fff0e2;--failed:#ff7a75;--use:#24543d;--use-edge:#5fcf9a;--cap:#d9b85c}}
.gantt{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-size:12px}
.paper{fill:var(--paper)}.title{font-size:18px;font-weight:600;fill:var(--ink)}
.figures,.tick,.lane,.unit{fill:var(--faint)}.tick{text-anchor:middle;font-size:11px}.lane,.unit{text-anchor:end}.unit{font-size:10.5px}
.key{fill:var(--ink);font-size:11.5px}
.row{fill:var(--row)}.grid{stroke:var(--grid);stroke-width:1}
.task rect{fill:var(--task);stroke:var(--task-edge);stroke-width:1}
.task text{fill:var(--task-ink);font-size:11px}
.task.critical rect{fill:var(--critical);stroke:var(--critical-edge);stroke-width:1.2}
.task.critical path{fill:var(--critical-edge)}
.task.critical text{fill:var(--critical-ink);font-weight:600}
.task.failed rect{stroke:var(--failed);stroke-width:2;stroke-dasharray:5 2}
.use{fill:var(--use);fill-opacity:.55;stroke:var(--use-edge);stroke-width:1.2;stroke-linejoin:round}
.cap{stroke:var(--cap);stroke-width:1.2;stroke-dasharray:5 4}
.name{fill:var(--ink);text-anchor:end}
`.trim();

/** The run as one SVG document. */
export function renderSimulationSvg(report: SimulationReport, workflow: CompiledWorkflow): string {
  return new SimulationPicture(report, useCurves(report, workflow)).document();
}

interface Lane {
  readonly label: string;
  readonly tasks: SimulatedTaskReport[];
}

class SimulationPicture {
  readonly #report: SimulationReport;
  readonly #lanes: readonly Lane[];
  readonly #curves: readonly UseCurve[];
  readonly #hiddenCurves: number;
  readonly #row: number;
  readonly #seconds: number;

  constructor(report: SimulationReport, curves: readonly UseCurve[]) {
    this.#report = report;
    this.#lanes = lanesOf(report);
    this.#curves = curves.slice(0, MOST_CURVES);
    this.#hiddenCurves = curves.length - this.#curves.length;
    const most = MOST_HEIGHT / Math.max(1, this.#lanes.length);
    this.#row = Math.max(SHORTEST_ROW, Math.min(TALLEST_ROW, Math.floor(most)));
    this.#seconds = report.makespanSeconds > 0 ? report.makespanSeconds : 1;
  }

  document(): string {
    const top = MARGIN + HEADER;
    const lanesHeight = this.#lanes.length * this.#row;
    const curvesTop = top + lanesHeight + 34;
    const curvesHeight = this.#curves.length * (CURVE_HEIGHT + CURVE_GAP) + (this.#hiddenCurves > 0 ? 18 : 0);
    const height = Math.ceil(curvesTop + curvesHeight + MARGIN);
    const title = escapeXml(this.#report.workflow);
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" class="gantt" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="gantt-title gantt-figures">`,
      `<title id="gantt-title">${title}: simulated run</title>`,
      `<desc id="gantt-figures">${escapeXml(this.#figures())}</desc>`,
      `<style>${STYLE}</style>`,
      `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
      `<text class="title" x="${MARGIN}" y="${MARGIN + 12}">${escapeXml(clipText(this.#report.workflow, 10.5, WIDTH - 2 * MARGIN))}</text>`,
      `<text class="figures" x="${MARGIN}" y="${MARGIN + 33}">${escapeXml(clipText(this.#figures(), NAME_PX, WIDTH - 2 * MARGIN))}</text>`,
      keyOf(MARGIN, MARGIN + 44),
      this.#axis(top, lanesHeight),
      ...this.#lanes.map((lane, place) => this.#lane(lane, place, top + place * this.#row)),
      ...this.#curves.map((curve, place) => this.#curve(curve, curvesTop + place * (CURVE_HEIGHT + CURVE_GAP))),
      this.#hiddenCurves > 0
        ? `<text class="figures" x="${MARGIN}" y="${height - MARGIN}">${this.#hiddenCurves} more resources are not drawn</text>`
        : '',
      '</svg>',
      '',
    ].join('\n');
  }

  #figures(): string {
    const { makespanSeconds, lowerBoundSeconds, workers, mode, utilization, tasks } = this.#report;
    const skipped = tasks.filter(({ outcome }) => outcome === 'skipped').length;
    return [
      `${seconds(makespanSeconds)} on ${workers} thread${workers === 1 ? '' : 's'}`,
      mode,
      `lower bound ${seconds(lowerBoundSeconds)}`,
      `threads ${(utilization * 100).toFixed(0)} % busy`,
      `${tasks.length} task${tasks.length === 1 ? '' : 's'}${skipped === 0 ? '' : `, ${skipped} skipped`}`,
    ].join(' · ');
  }

  #x(at: number): number {
    return MARGIN + LABEL + (at / this.#seconds) * CHART;
  }

  #axis(top: number, height: number): string {
    const bottom = top + height;
    const step = tickStep(this.#seconds / MOST_TICKS);
    const parts: string[] = [];
    for (let tick = 0; tick * step <= this.#seconds * (1 + 1e-9); tick++) {
      const x = round(this.#x(tick * step));
      parts.push(`<line class="grid" x1="${x}" y1="${top - 4}" x2="${x}" y2="${bottom + 4}"/>`);
      parts.push(`<text class="tick" x="${x}" y="${bottom + 18}">${seconds(tick * step)}</text>`);
    }
    return `<g>${parts.join('')}</g>`;
  }

  #lane({ label, tasks }: Lane, place: number, y: number): string {
    const parts: string[] = [];
    if (place % 2 === 0) {
      parts.push(
        `<rect class="row" x="${MARGIN + LABEL}" y="${y}" width="${CHART}" height="${this.#row}" fill-opacity=".6"/>`,
      );
    }
    const every = Math.ceil(NAMED_ROW / this.#row);
    if (place % every === 0) {
      parts.push(
        `<text class="lane" x="${MARGIN + LABEL - 10}" y="${round(y + this.#row / 2 + 4)}">${escapeXml(label)}</text>`,
      );
    }
    for (const bar of mergeNarrow(tasks, (this.#seconds / CHART) * NARROWEST_BAR)) parts.push(this.#bar(bar, y));
    return `<g>${parts.join('')}</g>`;
  }

  #bar({ task, end, count }: Bar, y: number): string {
    const pad = this.#row > 8 ? 2 : 0;
    const x = this.#x(task.start);
    const width = Math.max(NARROWEST_BAR, this.#x(end) - x);
    const [height, isCritical] = [this.#row - 2 * pad, count === 1 && task.slack === 0];
    const classes = `task${isCritical ? ' critical' : ''}${task.outcome === 'failed' ? ' failed' : ''}`;
    const corner = isCritical || width < 6 || height < 8 ? 0 : 5;
    const rect = `<rect x="${round(x)}" y="${y + pad}" width="${round(width)}" height="${height}"${corner > 0 ? ` rx="${corner}"` : ''}/>`;
    const name =
      count === 1 && this.#row >= NAMED_ROW && width > 22 ? clipText(task.name, NAME_PX + 0.4, width - 10) : '';
    const text =
      name === ''
        ? ''
        : `<text x="${round(x + 6)}" y="${round(y + this.#row / 2 + (isCritical ? 2.5 : 4))}">${escapeXml(name)}</text>`;
    // Not by colour alone: square corners and a beam along the foot.
    const foot =
      isCritical && height >= 8
        ? `<path d="M${round(x)} ${y + pad + height - 4}h${round(width)}v4h-${round(width)}z"/>`
        : '';
    return `<g class="${classes}"><title>${escapeXml(barTitle(task, end, count))}</title>${rect}${foot}${text}</g>`;
  }

  #curve({ resource, steps }: UseCurve, y: number): string {
    const { id, capacity, peak, refillSeconds, utilization } = resource;
    const scale = Math.max(capacity, peak);
    const base = y + CURVE_HEIGHT;
    const at = (amount: number): number => round(base - (scale === 0 ? 0 : (amount / scale) * (CURVE_HEIGHT - 4)));
    let path = `M${round(this.#x(0))} ${base}`;
    for (const step of steps) path += `H${round(this.#x(Math.min(step.seconds, this.#seconds)))}V${at(step.amount)}`;
    path += `H${round(this.#x(this.#seconds))}V${base}z`;
    const kind = refillSeconds === null ? '' : `, a unit comes back ${seconds(refillSeconds)} after its grant`;
    const title = `${id}: at most ${peak} of ${capacity} in use, ${(utilization * 100).toFixed(0)} % over the run${kind}`;
    const left = MARGIN + LABEL;
    return [
      `<g><title>${escapeXml(title)}</title>`,
      `<rect class="row" x="${left}" y="${y}" width="${CHART}" height="${CURVE_HEIGHT}"/>`,
      `<path class="use" d="${path}"/>`,
      `<line class="cap" x1="${left}" y1="${at(capacity)}" x2="${left + CHART}" y2="${at(capacity)}"/>`,
      `<text class="name" x="${left - 10}" y="${y + 20}">${escapeXml(clipText(id, NAME_PX + 0.6, LABEL - 12))}</text>`,
      `<text class="unit" x="${left - 10}" y="${y + 36}">${escapeXml(`${peak} of ${capacity}`)}</text></g>`,
    ].join('');
  }
}

function lanesOf({ tasks, workers }: SimulationReport): Lane[] {
  const used = tasks.reduce((most, { thread }) => Math.max(most, thread === null ? 0 : thread + 1), 0);
  const threads: Lane[] = Array.from({ length: used }, (_, thread) => ({ label: `thread ${thread}`, tasks: [] }));
  const inline: Lane[] = [];
  for (const task of tasks) {
    if (task.thread !== null) threads[task.thread]?.tasks.push(task);
    else if (task.inlinePlace !== null) {
      while (inline.length <= task.inlinePlace) inline.push({ label: `inline ${inline.length}`, tasks: [] });
      inline[task.inlinePlace]?.tasks.push(task);
    }
  }
  for (const lane of [...threads, ...inline]) lane.tasks.sort((a, b) => a.start - b.start || a.end - b.end);
  // One row is enough for all threads that nothing runs on.
  const idle = used === workers - 1 ? `thread ${used}` : `thread ${used}–${workers - 1}`;
  return [...threads, ...(used < workers ? [{ label: idle, tasks: [] }] : []), ...inline];
}

interface Bar {
  readonly task: SimulatedTaskReport;
  end: number;
  count: number;
}

function mergeNarrow(tasks: readonly SimulatedTaskReport[], narrowest: number): Bar[] {
  const bars: Bar[] = [];
  for (const task of tasks) {
    const last = bars.at(-1);
    const isNarrow = task.end - task.start < narrowest;
    const isBesideNarrow = last !== undefined && (last.count > 1 || last.end - last.task.start < narrowest);
    if (isNarrow && isBesideNarrow && task.start - last.end < narrowest) {
      last.end = Math.max(last.end, task.end);
      last.count++;
    } else bars.push({ task, end: task.end, count: 1 });
  }
  return bars;
}

function barTitle({ name, start, end: ownEnd, slack, outcome }: SimulatedTaskReport, end: number, count: number) {
  if (count > 1) return `${count} short tasks, from ${seconds(start)} to ${seconds(end)}`;
  const ease = slack === 0 ? 'no slack' : `slack ${seconds(slack)}`;
  const how = outcome === 'completed' ? '' : `, ${outcome}`;
  return `${name}\n${seconds(start)} to ${seconds(ownEnd)} (${seconds(ownEnd - start)}), ${ease}${how}`;
}

function keyOf(x: number, y: number): string {
  const texts = ['no slack: later here is later at the end', 'has slack'] as const;
  const second = x + 34 + textWidth(texts[0], NAME_PX) + 18;
  return [
    `<g class="task critical"><rect x="${x}" y="${y}" width="24" height="13"/><path d="M${x} ${y + 9}h24v4h-24z"/></g>`,
    `<text class="key" x="${x + 32}" y="${y + 11}">${texts[0]}</text>`,
    `<g class="task"><rect x="${round(second)}" y="${y}" width="24" height="13" rx="5"/></g>`,
    `<text class="key" x="${round(second + 32)}" y="${y + 11}">${texts[1]}</text>`,
  ].join('');
}

/** 1, 2 or 5 times a power of ten, at least so much. */
function tickStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

function seconds(value: number): string {
  return `${Number(value.toPrecision(6))} s`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
