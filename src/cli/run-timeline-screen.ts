// Owns how `show` draws a run: a header, the moments of the run, and a line with a bar for each task, with the attempts
// beneath it where there is more to say than that it worked. Pure: lines that fit the width, or are cut after a few.

import type { AttemptHistory, TaskHistory } from '../engine/run-archive.ts';
import { durationText } from './duration-text.ts';
import { describeError } from './error-lines.ts';
import { jsonLine } from './json-output.ts';
import { columnsOf, cutToColumns, fitToColumns, toPrintableLine } from './printable-text.ts';
import { STANDING_STYLES } from './run-standing.ts';
import type { RunTimeline, TimeAxis, TimelineTask } from './run-timeline.ts';
import { PLAIN_STYLER, type StyleName, type Styler } from './text-style.ts';
import { localTimeText } from './time-text.ts';

const NARROWEST_COLUMNS = 60;
const WIDEST_NAME = 32;
const WIDEST_BAR = 40;
const START_COLUMNS = 9;
const DURATION_COLUMNS = 11;
const LABEL_COLUMNS = 11;
const NARROWEST_DETAIL = 12;
/** A line that people read as a whole is broken by the terminal, and cut after so many rows. */
const MOST_ROWS = 3;

const MARKS: Record<TimelineTask['status'], readonly [mark: string, style: StyleName]> = {
  completed: ['✓', 'good'],
  failed: ['✗', 'bad'],
  cancelled: ['-', 'warning'],
  skipped: ['-', 'warning'],
  running: ['▶', 'active'],
  retrying: ['↻', 'warning'],
  interrupted: ['!', 'warning'],
  ready: ['!', 'warning'],
  pending: ['·', 'quiet'],
};
/** Without colours the outcomes must differ too. */
const BARS: Record<AttemptHistory['outcome'], readonly [mark: string, style: StyleName]> = {
  completed: ['█', 'good'],
  failed: ['▒', 'bad'],
  cancelled: ['▒', 'warning'],
  interrupted: ['░', 'warning'],
  running: ['█', 'active'],
};

/** Every line of `show` for a terminal of that width. */
export function* timelineLines(
  timeline: RunTimeline,
  columns: number,
  style: Styler = PLAIN_STYLER,
): Generator<string> {
  // The last column stays free, as in the live view.
  const width = Math.max(NARROWEST_COLUMNS, columns) - 1;
  yield* headerLines(timeline, width, style);
  yield* momentLines(timeline, width, style);
  yield '';
  const layout = layoutOf(timeline, width);
  for (const task of timeline.tasks) yield* taskLines(task, timeline.axis, layout, style);
}

function* headerLines({ history, standing, counts, axis }: RunTimeline, width: number, style: Styler) {
  const { record, origin } = history;
  const name = style('strong', toPrintableLine(record.workflow));
  const word = style(STANDING_STYLES[standing], standing);
  const parts = [`${counts.completed} of ${counts.total} task${counts.total === 1 ? '' : 's'} completed`];
  for (const kind of ['failed', 'skipped', 'cancelled'] as const) {
    if (counts[kind] > 0) parts.push(`${counts[kind]} ${kind}`);
  }
  const joint = record.endedAtMs === null ? 'after' : 'in';
  yield `${name} ${word} ${joint} ${durationText(axis.endMs - axis.startMs)}: ${parts.join(', ')} (run ${toPrintableLine(record.runId)})`;
  const line = (label: string, text: string): string =>
    `  ${style('quiet', label.padEnd(LABEL_COLUMNS))} ${cutToColumns(toPrintableLine(text), width * MOST_ROWS)}`;
  const { createdAtMs, startedAtMs } = record;
  const waited = startedAtMs === null ? ', not started' : startedAfter(startedAtMs - createdAtMs);
  yield line('asked for', `${localTimeText(createdAtMs)}${waited}`);
  if (Object.keys(origin.parameters).length > 0) yield line('parameters', jsonLine(origin.parameters));
  if (record.rerunOf !== null) yield line('rerun of', record.rerunOf);
  if (record.recoveries > 0) {
    yield line('recoveries', `taken up ${record.recoveries} time${record.recoveries === 1 ? '' : 's'} after a crash`);
  }
  if (record.parked !== null) yield line('parked', `${record.parked.code}: ${record.parked.reason}`);
  if (history.cancelRequested !== null) yield line('cancelling', history.cancelRequested.reason);
  if (record.reason !== null) yield line(record.timedOut ? 'timed out' : 'reason', record.reason);
}

function startedAfter(waitedMs: number): string {
  return waitedMs < 1_000 ? '' : `, started ${durationText(waitedMs)} later`;
}

function* momentLines({ history, axis }: RunTimeline, width: number, style: Styler) {
  for (const { type, atMs, detail } of history.moments) {
    const text = detail === null ? type : `${type}: ${toPrintableLine(detail)}`;
    const offset = offsetText(atMs - axis.startMs).padStart(LABEL_COLUMNS);
    yield cutToColumns(`  ${offset} ${text}`, width).replace(offset, style('quiet', offset));
  }
}

interface Layout {
  readonly width: number;
  readonly name: number;
  readonly bar: number;
  readonly detail: number;
  readonly startMs: number;
}

function layoutOf({ tasks, axis }: RunTimeline, width: number): Layout {
  // A loop, not a spread: a run may have a hundred thousand tasks.
  let longest = 4;
  for (const { name } of tasks) longest = Math.max(longest, columnsOf(toPrintableLine(name)));
  const name = Math.min(longest, WIDEST_NAME, Math.floor(width / 4));
  const fixed = 2 + name + 1 + 1 + START_COLUMNS + 1 + DURATION_COLUMNS + 2;
  const bar = Math.max(8, Math.min(WIDEST_BAR, Math.floor(width / 4), width - fixed - NARROWEST_DETAIL));
  return { width, name, bar, detail: Math.max(0, width - fixed - bar), startMs: axis.startMs };
}

function* taskLines(task: TimelineTask, axis: TimeAxis, layout: Layout, style: Styler): Generator<string> {
  const [mark, name] = MARKS[task.status];
  const { history, attempts } = task;
  const first = attempts[0];
  const start = first === undefined ? '' : offsetText(first.startedAtMs - layout.startMs);
  const times = `${start.padStart(START_COLUMNS)} ${durationOf(history).padStart(DURATION_COLUMNS)}`;
  const detail = detailOf(task);
  const isWhole = columnsOf(detail.text) <= layout.detail;
  const shown = detail.mayBeCut || isWhole ? cutToColumns(detail.text, layout.detail) : detail.word;
  const bar = barOf(attempts, axis, layout.bar, style);
  const label = fitToColumns(toPrintableLine(task.name), layout.name);
  yield `${style(name, mark)} ${label} ${bar} ${times}  ${style(detail.style, shown)}`.trimEnd();
  const attemptsTold = attempts.length > 1 || attempts.some(({ outcome }) => outcome === 'failed');
  if (attemptsTold) for (const attempt of attempts) yield attemptLine(attempt, layout, style);
  if (!detail.mayBeCut && !isWhole && !(attemptsTold && task.status === 'failed')) {
    yield `    ${style(detail.style, cutToColumns(detail.text, layout.width * MOST_ROWS))}`;
  }
}

interface Detail {
  /** Short, for when there is no room for the text. */
  readonly word: string;
  readonly text: string;
  readonly mayBeCut: boolean;
  readonly style: StyleName;
}

function detailOf({ status, history, waiting }: TimelineTask): Detail {
  if (waiting !== null) {
    const word = status === 'pending' ? 'not started' : status;
    return { word, text: toPrintableLine(waiting), mayBeCut: false, style: 'quiet' };
  }
  if (status === 'completed') {
    const from = history?.adoptedFrom ?? null;
    const output = from === null ? outputText(history) : `taken over from ${from}`;
    return { word: '', text: toPrintableLine(output), mayBeCut: true, style: 'quiet' };
  }
  const error = history?.error ?? null;
  const reason =
    status === 'failed' && error !== null ? `${error.code}: ${describeError(error, false)}` : history?.reason;
  const text = status === 'failed' ? (reason ?? '') : `${status}: ${reason ?? 'no reason given'}`;
  const word = status === 'failed' && error !== null ? error.code : status;
  return { word: toPrintableLine(word), text: toPrintableLine(text), mayBeCut: false, style: MARKS[status][1] };
}

function outputText(history: TaskHistory | null): string {
  const output = history?.output ?? null;
  if (output === null) return '';
  return typeof output === 'string' ? output : jsonLine(output);
}

function attemptLine(
  { attempt, startedAtMs, endedAtMs, outcome, error }: AttemptHistory,
  layout: Layout,
  style: Styler,
) {
  // When an interrupted attempt came to its end is not known.
  const isTimed = endedAtMs !== null && outcome !== 'interrupted';
  const took = isTimed ? durationText(endedAtMs - startedAtMs) : '';
  const times = `${offsetText(startedAtMs - layout.startMs).padStart(START_COLUMNS)} ${took.padStart(DURATION_COLUMNS)}`;
  const head = `    attempt ${String(attempt).padEnd(3)} ${times}  `;
  const text = error === null ? '' : ` ${toPrintableLine(error.code)}: ${describeError(error, false)}`;
  const room = layout.width * MOST_ROWS - columnsOf(head) - outcome.length;
  return `${style('quiet', head)}${style(BARS[outcome][1], outcome)}${cutToColumns(text, room)}`;
}

/** From the first start to the end, waits between attempts included. */
function durationOf(history: TaskHistory | null): string {
  const first = history?.attempts[0];
  if (history === null || first === undefined || history.endedAtMs === null) return '';
  return durationText(history.endedAtMs - first.startedAtMs);
}

function offsetText(offsetMs: number): string {
  return `+${durationText(offsetMs)}`;
}

// Later attempts are drawn over the end of earlier ones: every attempt has at least one column.
function barOf(attempts: readonly AttemptHistory[], axis: TimeAxis, columns: number, style: Styler): string {
  const cells: (AttemptHistory['outcome'] | null)[] = Array.from({ length: columns }, () => null);
  for (const { startedAtMs, endedAtMs, outcome } of attempts) {
    const from = Math.min(columns - 1, Math.floor(axis.shareOf(startedAtMs) * columns));
    const to = Math.ceil(axis.shareOf(endedAtMs ?? axis.endMs) * columns);
    cells.fill(outcome, from, Math.max(from + 1, to));
  }
  let text = '';
  for (let from = 0; from < columns; ) {
    const outcome = cells[from] ?? null;
    let to = from + 1;
    while (to < columns && (cells[to] ?? null) === outcome) to++;
    const [mark, name]: readonly [string, StyleName] = outcome === null ? ['·', 'quiet'] : BARS[outcome];
    text += style(name, mark.repeat(to - from));
    from = to;
  }
  return text;
}
