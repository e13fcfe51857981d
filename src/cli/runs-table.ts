// Owns how `runs` looks on a terminal: a line for each run that fits its width, with where it stands as a sign and a word,
// and how far it is as a bar and in figures. Pure; what gives way on a narrow terminal is the bar, then the date's year.

import type { RunRecord } from '../engine/run-archive.ts';
import { durationText } from './duration-text.ts';
import { columnsOf, cutToColumns, fitToColumns, toPrintableLine } from './printable-text.ts';
import { type RunStanding, STANDING_STYLES } from './run-standing.ts';
import type { Styler } from './text-style.ts';
import { localTimeText } from './time-text.ts';

/** One row of the list. */
export interface RunRow {
  readonly record: RunRecord;
  readonly standing: RunStanding;
  /** Tasks by how they ended; null where counting them would be dear. */
  readonly ends: Readonly<Record<'completed' | 'failed' | 'skipped' | 'cancelled', number>> | null;
  /** null while it has not started. */
  readonly durationMs: number | null;
}

const SIGNS: Readonly<Record<RunStanding, string>> = {
  completed: '✓',
  failed: '✗',
  parked: '✗',
  cancelled: '-',
  interrupted: '!',
  paused: '‖',
  running: '▶',
  pending: '·',
};
const STATUS_COLUMNS = 'interrupted'.length + 2;
const NARROWEST_COLUMNS = 60;
const WIDEST_WORKFLOW = 40;
const NARROWEST_WORKFLOW = 8;
const BAR_COLUMNS = 12;
const NOT_STARTED = 'not started';
/** Without its year, without its seconds. */
const SHORT_TIME: readonly [from: number, to: number] = [5, 16];

interface Columns {
  readonly width: number;
  readonly id: number;
  readonly workflow: number;
  readonly started: number;
  readonly duration: number;
  readonly bar: number;
  readonly tasks: number;
}

/** The head and a line for each run. */
export function* runTableLines(rows: readonly RunRow[], terminalColumns: number, style: Styler): Generator<string> {
  const columns = columnsFor(rows, Math.max(NARROWEST_COLUMNS, terminalColumns) - 1);
  const head = [
    'run'.padEnd(columns.id),
    'workflow'.padEnd(columns.workflow),
    'status'.padEnd(STATUS_COLUMNS),
    'started'.padEnd(columns.started),
    'duration'.padStart(columns.duration),
    `${' '.repeat(columns.bar)}${'tasks'.padStart(columns.tasks)}`,
  ];
  yield style('quiet', head.join(' '));
  for (const row of rows) yield lineOf(row, columns, style);
}

function columnsFor(rows: readonly RunRow[], width: number): Columns {
  let [id, workflow, duration, tasks] = ['run'.length, 'workflow'.length, 'duration'.length, 'tasks'.length];
  for (const row of rows) {
    id = Math.max(id, columnsOf(toPrintableLine(row.record.runId)));
    workflow = Math.max(workflow, columnsOf(toPrintableLine(row.record.workflow)));
    duration = Math.max(duration, durationOf(row).length);
    tasks = Math.max(tasks, tasksOf(row).length);
  }
  const fixed = id + 1 + 1 + STATUS_COLUMNS + 1 + 1 + duration + 1 + tasks;
  const full = localTimeText(0).length;
  const short = SHORT_TIME[1] - SHORT_TIME[0];
  const wanted = Math.min(workflow, WIDEST_WORKFLOW);
  const bar = fixed + full + wanted + BAR_COLUMNS + 1 <= width ? BAR_COLUMNS + 1 : 0;
  const started = fixed + full + wanted + bar <= width ? full : short;
  const room = width - fixed - started - bar;
  return { width, id, workflow: Math.max(NARROWEST_WORKFLOW, Math.min(wanted, room)), started, duration, bar, tasks };
}

function lineOf(row: RunRow, columns: Columns, style: Styler): string {
  const { record, standing } = row;
  const line = [
    fitToColumns(toPrintableLine(record.runId), columns.id),
    fitToColumns(toPrintableLine(record.workflow), columns.workflow),
    style(STANDING_STYLES[standing], `${SIGNS[standing]} ${standing}`.padEnd(STATUS_COLUMNS)),
    startedOf(row, columns.started),
    durationOf(row).padStart(columns.duration),
    `${columns.bar === 0 ? '' : barOf(row, style)}${tasksOf(row).padStart(columns.tasks)}`,
  ].join(' ');
  const notes = notesOf(row);
  const room = columns.width - columnsOf(line) - 2;
  return notes === '' || room < 8 ? line : `${line}  ${style('quiet', cutToColumns(notes, room))}`;
}

function startedOf({ record }: RunRow, columns: number): string {
  if (record.startedAtMs === null) return NOT_STARTED.padEnd(columns);
  const text = localTimeText(record.startedAtMs);
  return text.length <= columns ? text : text.slice(...SHORT_TIME);
}

function durationOf({ durationMs }: RunRow): string {
  return durationMs === null ? '' : durationText(durationMs);
}

function tasksOf({ ends, record }: RunRow): string {
  return ends === null ? String(record.steps) : `${ends.completed}/${record.steps}`;
}

/** What went otherwise, where there is room for it. */
function notesOf({ ends, record, standing }: RunRow): string {
  const parts = (['failed', 'skipped', 'cancelled'] as const)
    .filter((kind) => ends !== null && ends[kind] > 0)
    .map((kind) => `${ends?.[kind]} ${kind}`);
  if (record.recoveries > 0) parts.push(`taken up ${record.recoveries} time${record.recoveries === 1 ? '' : 's'}`);
  if (record.reason !== null && standing === 'cancelled') parts.push(toPrintableLine(record.reason));
  return parts.join(', ');
}

// Each part is rounded down by itself, so that the bar is full only when every task has ended.
function barOf({ ends, record, standing }: RunRow, style: Styler): string {
  if (ends === null) return ' '.repeat(BAR_COLUMNS + 1);
  const share = (count: number): number => (record.steps === 0 ? 0 : (count / record.steps) * BAR_COLUMNS);
  const others = ends.skipped + ends.cancelled;
  const done = Math.floor(share(ends.completed + ends.failed + others));
  const bad = Math.min(done, Math.ceil(share(ends.failed)));
  const none = Math.min(done - bad, Math.round(share(others)));
  const good = done - bad - none;
  const rest = BAR_COLUMNS - done;
  const open = record.endedAtMs === null ? STANDING_STYLES[standing] : 'quiet';
  return `${style('good', '█'.repeat(good))}${style('bad', '▒'.repeat(bad))}${style('warning', '╌'.repeat(none))}${style(open, '·'.repeat(rest))} `;
}
