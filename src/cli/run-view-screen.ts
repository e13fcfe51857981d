// Owns the live part of the terminal: what is drawn beneath the scrolling lines while a run goes on. Pure: a function of
// the state, the gauges and the size of the terminal, so that every frame can be tested without a terminal.

import { durationText } from './duration-text.ts';
import { columnsOf, cutToColumns, fitToColumns, toPrintableLine } from './printable-text.ts';
import { endedTasks, type RunningTaskView, type RunViewState } from './run-view-state.ts';
import { PLAIN_STYLER, type StyleName, type Styler } from './text-style.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SPINNER_STEP_MS = 100;
const NARROWEST_COLUMNS = 20;
const TASK_BAR_COLUMNS = 14;
const RUN_BAR_COLUMNS = 24;
const WIDEST_NAME = 32;

/** A resource as it is used right now. */
export interface CapacityGauge {
  readonly resourceId: string;
  readonly used: number;
  readonly capacity: number;
}

/** What is read off the engine for each frame, beside the events. */
export interface RunGauges {
  readonly threadsBusy: number;
  readonly threads: number;
  /** Those that the workflow uses. */
  readonly capacity: readonly CapacityGauge[];
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
}

/** The lines of one frame: never wider than `columns`, never more than `rows − 1`, the last row is the cursor's. */
export function renderRunView(
  state: RunViewState,
  gauges: RunGauges,
  screen: ScreenSize,
  style: Styler = PLAIN_STYLER,
): string[] {
  // The last column stays free: many terminals break the line as soon as it is written.
  const columns = Math.max(NARROWEST_COLUMNS, screen.columns) - 1;
  const footer = [
    runLine(state, gauges, columns, screen.nowMs, style),
    ...capacityLine(gauges, columns, style),
    ...noticeLine(state, columns, style),
  ];
  const room = Math.max(0, screen.rows - 1 - footer.length);
  return [...taskLines(state, room, columns, screen.nowMs, style), ...footer].slice(-Math.max(1, screen.rows - 1));
}

function taskLines(state: RunViewState, room: number, columns: number, nowMs: number, style: Styler): string[] {
  const tasks = [...state.running.values()];
  const shown = tasks.length <= room ? tasks : tasks.slice(0, Math.max(0, room - 1));
  const nameColumns = Math.min(
    WIDEST_NAME,
    Math.max(8, Math.floor(columns / 3)),
    Math.max(4, ...shown.map((task) => columnsOf(taskLabel(task)))),
  );
  const lines = shown.map((task) => taskLine(task, nameColumns, columns, nowMs, style));
  const hidden = tasks.length - shown.length;
  if (hidden > 0 && room > 0) lines.push(style('quiet', cutToColumns(`  + ${hidden} more running`, columns)));
  return lines;
}

function taskLabel(task: RunningTaskView): string {
  return toPrintableLine(task.name) + (task.attempt > 1 ? ` (attempt ${task.attempt})` : '');
}

function taskLine(task: RunningTaskView, nameColumns: number, columns: number, nowMs: number, style: Styler): string {
  const spinner = SPINNER[Math.floor(nowMs / SPINNER_STEP_MS) % SPINNER.length] ?? ' ';
  const elapsed = durationText(nowMs - task.startedAtMs).padStart(8);
  let room = columns - 2 - nameColumns - 1 - columnsOf(elapsed) - 1;
  if (room < 0) return cutToColumns(`${spinner} ${taskLabel(task)}`, columns);
  let bar = '';
  if (task.fraction !== null && room >= TASK_BAR_COLUMNS + 6) {
    const percent = `${Math.floor(task.fraction * 100)}%`.padStart(4);
    bar = `${style('active', solidBar(task.fraction, TASK_BAR_COLUMNS))} ${percent} `;
    room -= TASK_BAR_COLUMNS + 6;
  }
  const message = fitToColumns(toPrintableLine(task.message ?? ''), room);
  const name = fitToColumns(taskLabel(task), nameColumns);
  return `${style('active', spinner)} ${name} ${bar}${style('quiet', message)} ${elapsed}`;
}

function runLine(state: RunViewState, gauges: RunGauges, columns: number, nowMs: number, style: Styler): string {
  const facts: [StyleName | null, string][] = [[null, `${endedTasks(state)}/${state.totalTasks}`]];
  if (state.failed > 0) facts.push(['bad', `${state.failed} failed`]);
  if (state.skipped > 0) facts.push(['warning', `${state.skipped} skipped`]);
  if (state.cancelled > 0) facts.push(['warning', `${state.cancelled} cancelled`]);
  if (state.retrying.size > 0) facts.push(['warning', `${state.retrying.size} retrying`]);
  facts.push([null, `${gauges.threadsBusy}/${gauges.threads} threads`]);
  if (state.startedAtMs !== null) {
    facts.push([null, durationText((state.endedAtMs ?? nowMs) - state.startedAtMs)]);
  }
  const text = facts.map(([, fact]) => fact).join(' · ');
  const name = cutToColumns(toPrintableLine(state.workflow), WIDEST_NAME);
  const room = columns - columnsOf(text) - columnsOf(name) - 2;
  if (room < 8) return cutToColumns(`${name} ${text}`, columns);
  const bar = runBar(state, Math.min(RUN_BAR_COLUMNS, room), style);
  const styled = facts.map(([name, fact]) => (name === null ? fact : style(name, fact))).join(' · ');
  return `${style('strong', name)} ${bar} ${styled}`;
}

function capacityLine(gauges: RunGauges, columns: number, style: Styler): string[] {
  if (gauges.capacity.length === 0) return [];
  const parts = gauges.capacity.map((gauge) => {
    return `${toPrintableLine(gauge.resourceId)} ${amountText(gauge.used)}/${amountText(gauge.capacity)}`;
  });
  return [style('quiet', cutToColumns(`capacity ${parts.join(' · ')}`, columns))];
}

function noticeLine(state: RunViewState, columns: number, style: Styler): string[] {
  if (state.interrupt === 'draining') {
    const text = `draining: ${state.running.size} running finish, nothing new starts; Ctrl-C again stops now`;
    return [style('warning', cutToColumns(text, columns))];
  }
  if (state.interrupt === 'stopping') return [style('bad', cutToColumns('stopping: running tasks are ended', columns))];
  return state.paused ? [style('warning', cutToColumns('paused', columns))] : [];
}

/** Amounts are fixed point; at most three digits behind the point are of interest here. */
function amountText(amount: number): string {
  return String(Math.round(amount * 1_000) / 1_000);
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

function solidBar(fraction: number, columns: number): string {
  const eighths = Math.round(fraction * columns * 8);
  const full = Math.floor(eighths / 8);
  const part = EIGHTHS[eighths % 8] ?? '';
  return `${'█'.repeat(full)}${part}`.padEnd(columns, '░');
}

// Each part is rounded down by itself, so that the bar is full only when every task has ended.
function runBar(state: RunViewState, columns: number, style: Styler): string {
  const share = (count: number): number => (state.totalTasks === 0 ? 0 : (count / state.totalTasks) * columns);
  const done = Math.floor(share(endedTasks(state)));
  const bad = Math.min(done, Math.ceil(share(state.failed)));
  const none = Math.min(done - bad, Math.round(share(state.skipped + state.cancelled)));
  const good = done - bad - none;
  const part = (name: StyleName, mark: string, length: number): string =>
    length === 0 ? '' : style(name, mark.repeat(length));
  return (
    part('good', '█', good) + part('bad', '█', bad) + part('warning', '▒', none) + part('quiet', '░', columns - done)
  );
}
