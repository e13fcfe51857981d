// Owns the Gantt chart of a simulated run as text: a row for each thread, or for a group of them where there are many.
// A row of few tasks shows each with its name, `╞═name═╡` where it has no slack and `├─name─┤` where it has some; a row of
// more tasks than it has columns shows how busy each column is.

import type { SimulatedTaskReport, SimulationReport } from '../engine/simulation/simulation-report.ts';
import { durationText } from './duration-text.ts';
import { columnsOf, cutToColumns, toPrintableLine } from './printable-text.ts';
import type { StyleName, Styler } from './text-style.ts';

const MOST_ROWS = 30;
/** A row with more tasks than this share of its columns is drawn by how busy it is. */
const MOST_TASKS_A_COLUMN = 0.5;
const SHADES = [' ', '░', '▒', '▓', '█'] as const;
const IDLE = '·';
/** From this width on a bar has room for letters of its name. */
const NARROWEST_NAMED = 4;

interface Row {
  readonly label: string;
  readonly tasks: SimulatedTaskReport[];
  /** Threads that it stands for. */
  readonly lanes: number;
}

/** The chart, its axis above it and what the marks mean beneath it. */
export function* ganttLines(report: SimulationReport, width: number, style: Styler): Generator<string> {
  const rows = rowsOf(report);
  const label = rows.reduce((widest, row) => Math.max(widest, row.label.length), 0);
  const columns = width - label - 1;
  yield `${' '.repeat(label)} ${style('quiet', axisLine(report.makespanSeconds, columns))}`;
  let hasNamed = false;
  let hasShaded = false;
  for (const row of rows) {
    const isShaded = row.lanes > 1 || row.tasks.length > columns * MOST_TASKS_A_COLUMN;
    hasShaded ||= isShaded;
    hasNamed ||= !isShaded;
    const bar = isShaded
      ? shadedBar(row, report.makespanSeconds, columns, style)
      : namedBar(row.tasks, report.makespanSeconds, columns, style);
    yield `${style('quiet', row.label.padEnd(label))} ${bar}`;
  }
  const blanks = ' '.repeat(label);
  const long = '╞══╡ no slack: later here is later at the end   ├──┤ has slack';
  if (hasNamed) yield `${blanks} ${columnsOf(long) <= columns ? long : '╞══╡ no slack   ├──┤ has slack'}`;
  if (hasShaded) yield `${blanks} ░▒▓█ how busy`;
}

function rowsOf({ tasks, workers }: SimulationReport): Row[] {
  const ran = tasks.filter(({ thread }) => thread !== null);
  const used = ran.reduce((most, { thread }) => Math.max(most, (thread ?? 0) + 1), 0);
  const inline = tasks.filter(({ inlinePlace }) => inlinePlace !== null);
  const places = inline.reduce((most, { inlinePlace }) => Math.max(most, (inlinePlace ?? 0) + 1), 0);
  const rows = groupRows('thread', used, ran, ({ thread }) => thread ?? 0);
  if (used < workers) rows.push(unusedRow(used, workers));
  return [...rows, ...groupRows('inline', places, inline, ({ inlinePlace }) => inlinePlace ?? 0)];
}

function groupRows(
  word: string,
  count: number,
  tasks: readonly SimulatedTaskReport[],
  laneOf: (task: SimulatedTaskReport) => number,
): Row[] {
  const each = Math.ceil(count / MOST_ROWS);
  const rows: Row[] = [];
  for (let from = 0; from < count; from += each) {
    const to = Math.min(count, from + each) - 1;
    rows.push({ label: from === to ? `${word} ${from}` : `${word} ${from}–${to}`, tasks: [], lanes: to - from + 1 });
  }
  for (const task of tasks) rows[Math.floor(laneOf(task) / each)]?.tasks.push(task);
  for (const row of rows) row.tasks.sort((a, b) => a.start - b.start || a.end - b.end);
  return rows;
}

function unusedRow(used: number, workers: number): Row {
  const label = used === workers - 1 ? `thread ${used}` : `thread ${used}–${workers - 1}`;
  return { label, tasks: [], lanes: 1 };
}

function axisLine(seconds: number, columns: number): string {
  const [first, middle, last] = ['0', durationText(seconds * 500), durationText(seconds * 1_000)];
  const before = Math.max(1, Math.floor(columns / 2) - first.length);
  const after = columns - first.length - before - middle.length - last.length;
  if (after < 1) return `${first}${' '.repeat(Math.max(1, columns - first.length - last.length))}${last}`;
  return `${first}${' '.repeat(before)}${middle}${' '.repeat(after)}${last}`;
}

function namedBar(tasks: readonly SimulatedTaskReport[], seconds: number, columns: number, style: Styler): string {
  let text = '';
  let at = 0;
  const idle = (until: number): void => {
    if (until > at) text += style('quiet', IDLE.repeat(until - at));
    at = Math.max(at, until);
  };
  for (const [place, task] of tasks.entries()) {
    const from = Math.max(at, Math.floor((task.start / seconds) * columns));
    const next = tasks[place + 1];
    // Each has a column at least; of those that share one, the first is drawn.
    const limit = next === undefined ? columns : Math.max(from + 1, Math.floor((next.start / seconds) * columns));
    const to = Math.min(columns, limit, Math.max(from + 1, Math.round((task.end / seconds) * columns)));
    if (to <= from) continue;
    idle(from);
    text += barOf(task, to - from, style);
    at = to;
  }
  idle(columns);
  return text;
}

function barOf(task: SimulatedTaskReport, columns: number, style: Styler): string {
  const isCritical = task.slack === 0;
  const [left, line, right, alone] = isCritical ? ['╞', '═', '╡', '║'] : ['├', '─', '┤', '│'];
  const name: StyleName = task.outcome === 'failed' ? 'bad' : isCritical ? 'warning' : 'active';
  if (columns === 1) return style(name, alone);
  const inner = columns - 2;
  const word = columns < NARROWEST_NAMED ? '' : cutToColumns(toPrintableLine(task.name), inner);
  return style(name, `${left}${word}${line.repeat(inner - columnsOf(word))}${right}`);
}

function shadedBar({ tasks, lanes }: Row, seconds: number, columns: number, style: Styler): string {
  const busy = new Float64Array(columns);
  const perColumn = seconds / columns;
  for (const { start, end } of tasks) {
    const last = Math.min(columns - 1, Math.floor(end / perColumn));
    for (let column = Math.floor(start / perColumn); column <= last; column++) {
      const from = Math.max(start, column * perColumn);
      const to = Math.min(end, (column + 1) * perColumn);
      busy[column] = (busy[column] ?? 0) + Math.max(0, to - from);
    }
  }
  let text = '';
  for (const time of busy) {
    const share = time / (perColumn * lanes);
    // Any work shows, and only a column that is full looks it.
    text += share === 0 ? IDLE : (SHADES[Math.max(1, Math.min(4, Math.floor(share * 4 + 1e-9)))] ?? '█');
  }
  return style('active', text);
}
