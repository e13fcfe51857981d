// Owns how `show` draws a run: a header, the moments of the run, a line with a bar for each task, with the attempts beneath
// it where there is more to say than that it worked, and a bar for each thread. Pure: lines that fit the width, or are cut
// after a few.

import type { AttemptHistory, TaskHistory } from '../engine/run-archive.ts';
import { durationText } from './duration-text.ts';
import { describeError } from './error-lines.ts';
import { jsonLine } from './json-output.ts';
import { columnsOf, cutToColumns, fitToColumns, toPrintableLine } from './printable-text.ts';
import { STANDING_STYLES } from './run-standing.ts';
import type { RunTimeline, TimelineTask } from './run-timeline.ts';
import { TimelineBars } from './run-timeline-bars.ts';
import { durationMsOf, timelineRows } from './run-timeline-rows.ts';
import { PLAIN_STYLER, type StyleName, type Styler } from './text-style.ts';
import { localTimeText } from './time-text.ts';

const NARROWEST_COLUMNS = 60;
const WIDEST_NAME = 40;
const NARROWEST_BAR = 10;
const WIDEST_BAR = 100;
const LABEL_COLUMNS = 11;
const THREAD_LABEL = 'thread 12'.length;
const NARROWEST_DETAIL = 14;
const WIDEST_DETAIL = 60;
/** A line that people read as a whole is broken by the terminal, and cut after so many rows. */
const MOST_ROWS = 3;

const MARKS: Record<TimelineTask['status'], readonly [mark: string, style: StyleName]> = {
  completed: ['✓', 'good'],
  failed: ['✗', 'bad'],
  cancelled: ['-', 'warning'],
  skipped: ['○', 'warning'],
  running: ['▶', 'active'],
  retrying: ['↻', 'warning'],
  interrupted: ['!', 'warning'],
  ready: ['!', 'warning'],
  pending: ['·', 'quiet'],
};
const OUTCOME_STYLES: Record<AttemptHistory['outcome'], StyleName> = {
  completed: 'good',
  failed: 'bad',
  cancelled: 'warning',
  interrupted: 'warning',
  running: 'active',
};

/** Every line of `show` for a terminal of that width; `all` shows every task of a large run. */
export function* timelineLines(
  timeline: RunTimeline,
  columns: number,
  style: Styler = PLAIN_STYLER,
  all = false,
): Generator<string> {
  // The last column stays free, as in the live view.
  const width = Math.max(NARROWEST_COLUMNS, columns) - 1;
  yield* headerLines(timeline, width, style);
  yield* momentLines(timeline, width, style);
  yield '';
  const { shown, rest } = timelineRows(timeline.tasks, all);
  const layout = layoutOf(timeline, shown, width);
  const bars = new TimelineBars(timeline.axis, layout.bar, style);
  if (timeline.axis.heldMs > 0 && shown.some(({ attempts }) => attempts.length > 0)) {
    yield style('quiet', headLine(layout, bars.axisLine()));
  }
  for (const task of shown) yield* taskLines(task, bars, layout, style);
  if (rest !== null) yield style('quiet', cutToColumns(`  ${rest}`, width * MOST_ROWS));
  yield* threadLines(timeline, bars, layout, style);
  const legend = bars.legend();
  if (legend !== '') yield* ['', style('quiet', cutToColumns(`  ${legend}`, width))];
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
  readonly start: number;
  readonly took: number;
  /** 0 = no thread is on record. */
  readonly thread: number;
  readonly detail: number;
  readonly startMs: number;
}

/** Names and figures as wide as they are, the bar takes half of what is left, what came of the task the rest. */
function layoutOf({ axis }: RunTimeline, tasks: readonly TimelineTask[], width: number): Layout {
  const { startMs } = axis;
  // Loops, not spreads: with --all there may be a hundred thousand tasks.
  let [longest, start, took, thread] = [4, 'start'.length, 'took'.length, 0];
  for (const task of tasks) {
    longest = Math.max(longest, columnsOf(toPrintableLine(task.name)));
    took = Math.max(took, durationOf(task).length);
    for (const attempt of task.attempts) {
      start = Math.max(start, offsetText(attempt.startedAtMs - startMs).length);
      if (attempt.endedAtMs !== null)
        took = Math.max(took, durationText(attempt.endedAtMs - attempt.startedAtMs).length);
      if (attempt.threadId !== null) thread = Math.max(thread, 'thread'.length, threadText(attempt).length);
    }
  }
  if (thread > 0) longest = Math.max(longest, THREAD_LABEL);
  const name = Math.min(longest, WIDEST_NAME, Math.floor(width / 4));
  const fixed = 2 + name + 1 + 1 + start + 1 + took + (thread === 0 ? 0 : thread + 1) + 2;
  const room = Math.max(0, width - fixed);
  const detail = Math.min(WIDEST_DETAIL, Math.max(NARROWEST_DETAIL, Math.floor(room / 2)));
  const bar = Math.max(NARROWEST_BAR, Math.min(WIDEST_BAR, room - detail));
  return { width, name, bar, start, took, thread, detail: Math.max(0, room - bar), startMs };
}

function headLine(layout: Layout, axis: string): string {
  const times = `${'start'.padStart(layout.start)} ${'took'.padStart(layout.took)}`;
  return `  ${'task'.padEnd(layout.name)} ${axis} ${times}${layout.thread === 0 ? '' : ` ${'thread'.padStart(layout.thread)}`}`;
}

function* taskLines(task: TimelineTask, bars: TimelineBars, layout: Layout, style: Styler): Generator<string> {
  const [mark, name] = MARKS[task.status];
  const { attempts } = task;
  const first = attempts[0];
  const last = attempts.at(-1);
  const start = first === undefined ? '' : offsetText(first.startedAtMs - layout.startMs);
  const thread = layout.thread === 0 ? '' : ` ${(last === undefined ? '' : threadText(last)).padStart(layout.thread)}`;
  const times = `${start.padStart(layout.start)} ${durationOf(task).padStart(layout.took)}${thread}`;
  const detail = detailOf(task);
  const isWhole = columnsOf(detail.text) <= layout.detail;
  const shown =
    detail.mayBeCut || isWhole ? cutToColumns(detail.text, layout.detail) : cutToColumns(detail.word, layout.detail);
  const label = fitToColumns(toPrintableLine(task.name), layout.name);
  yield `${style(name, mark)} ${label} ${bars.bar(task)} ${times}  ${style(detail.style, shown)}`.trimEnd();
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
  const reason = status === 'failed' && error !== null ? errorText(error) : history?.reason;
  const text = status === 'failed' ? (reason ?? '') : `${status}: ${reason ?? 'no reason given'}`;
  const word = status === 'failed' && error !== null ? error.code : status;
  return { word: toPrintableLine(word), text: toPrintableLine(text), mayBeCut: false, style: MARKS[status][1] };
}

// The engine's own messages say all that their details do.
function errorText(error: NonNullable<AttemptHistory['error']>): string {
  const { details: _details, ...rest } = error;
  return `${toPrintableLine(error.code)}: ${describeError(error.name === 'RuntimeError' ? rest : error, false)}`;
}

function outputText(history: TaskHistory | null): string {
  const output = history?.output ?? null;
  if (output === null) return '';
  return typeof output === 'string' ? output : jsonLine(output);
}

function attemptLine(attempt: AttemptHistory, layout: Layout, style: Styler): string {
  const { startedAtMs, endedAtMs, outcome, error, killed } = attempt;
  // When an interrupted attempt came to its end is not known.
  const isTimed = endedAtMs !== null && outcome !== 'interrupted';
  const took = isTimed ? durationText(endedAtMs - startedAtMs) : '';
  const times = `${offsetText(startedAtMs - layout.startMs).padStart(layout.start)} ${took.padStart(layout.took)}`;
  const thread =
    attempt.threadId === null ? '' : ` on ${attempt.threadId === 0 ? 'the main loop' : `thread ${attempt.threadId}`}`;
  const head = `    attempt ${String(attempt.attempt).padEnd(3)} ${times}  `;
  const word = `${outcome}${thread}${killed ? ', which was ended' : ''}`;
  const text = error === null ? '' : `: ${errorText(error)}`;
  const room = layout.width * MOST_ROWS - columnsOf(head) - word.length;
  return `${style('quiet', head)}${style(OUTCOME_STYLES[outcome], word)}${cutToColumns(text, room)}`;
}

/** How busy each thread was; nothing where no thread is on record. */
function* threadLines(timeline: RunTimeline, bars: TimelineBars, layout: Layout, style: Styler): Generator<string> {
  let isFirst = true;
  for (const { label, bar, note } of bars.threadRows(timeline)) {
    if (isFirst) yield '';
    isFirst = false;
    yield `  ${style('quiet', fitToColumns(label, layout.name))} ${bar} ${style('quiet', note)}`.trimEnd();
  }
}

function threadText({ threadId }: AttemptHistory): string {
  if (threadId === null) return '';
  return threadId === 0 ? 'main' : String(threadId);
}

function durationOf(task: TimelineTask): string {
  const durationMs = durationMsOf(task);
  return durationMs === null ? '' : durationText(durationMs);
}

function offsetText(offsetMs: number): string {
  return `+${durationText(offsetMs)}`;
}
