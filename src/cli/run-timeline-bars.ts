// Owns the bars of a recorded run as text: for each task a row of cells over the time of the run (waiting, attempts and how
// they ended, stretches in which nobody had the run), for each thread how busy it was. Pure. Outcomes differ by their marks,
// not by colour alone.

import type { AttemptHistory } from '../engine/run-archive.ts';
import { durationText } from './duration-text.ts';
import type { RunTimeline, TimeAxis, TimelineTask } from './run-timeline.ts';
import type { StyleName, Styler } from './text-style.ts';

type CellKind =
  | 'idle'
  | 'gap'
  | 'wait'
  | 'backoff'
  | 'completed'
  | 'running'
  | 'head'
  | 'failed'
  | 'kill'
  | 'cancelled'
  | 'interrupted';

const CELLS: Readonly<Record<CellKind, readonly [mark: string, style: StyleName]>> = {
  idle: ['·', 'quiet'],
  gap: ['┊', 'warning'],
  wait: ['╌', 'quiet'],
  backoff: ['╌', 'warning'],
  completed: ['█', 'good'],
  running: ['█', 'active'],
  head: ['▶', 'active'],
  failed: ['▒', 'bad'],
  kill: ['×', 'bad'],
  cancelled: ['▚', 'warning'],
  interrupted: ['░', 'warning'],
};

/** What the marks mean, in the order of a legend; those that say it themselves are left out. */
const MEANINGS: readonly (readonly [CellKind, string])[] = [
  ['completed', 'completed'],
  ['head', 'running'],
  ['failed', 'failed'],
  ['kill', 'its thread was ended'],
  ['cancelled', 'cancelled'],
  ['interrupted', 'interrupted'],
  ['wait', 'waited'],
  ['gap', 'nobody had the run'],
];

const SHADES = ['·', '░', '▒', '▓', '█'] as const;
/** Threads that are told one by one; a thread that is replaced has a new number. */
const MOST_THREADS = 24;

/** Draws bars of one width over one axis, and remembers which marks it used. */
export class TimelineBars {
  readonly #axis: TimeAxis;
  readonly #columns: number;
  readonly #style: Styler;
  readonly #used = new Set<CellKind>();

  constructor(axis: TimeAxis, columns: number, style: Styler) {
    this.#axis = axis;
    this.#columns = columns;
    this.#style = style;
  }

  /** The times at the start, in the middle and at the end, as wide as a bar. */
  axisLine(): string {
    const heldMs = this.#axis.heldMs;
    const [first, middle, last] = ['0', durationText(heldMs / 2), durationText(heldMs)];
    const before = Math.floor(this.#columns / 2) - first.length - Math.floor(middle.length / 2);
    const after = this.#columns - first.length - before - middle.length - last.length;
    if (before > 0 && after > 0) return `${first}${' '.repeat(before)}${middle}${' '.repeat(after)}${last}`;
    return `${first}${last.padStart(Math.max(last.length + 1, this.#columns - first.length))}`.slice(0, this.#columns);
  }

  /** The row of a task. Later attempts are drawn over the end of earlier ones: every attempt has at least one cell. */
  bar(task: TimelineTask): string {
    const cells: CellKind[] = Array.from({ length: this.#columns }, () => 'idle');
    this.#drawWaits(cells, task);
    for (const attempt of task.attempts) this.#drawAttempt(cells, attempt);
    for (const { fromMs } of this.#axis.gaps) this.#drawGap(cells, this.#cellOf(fromMs));
    return this.#textOf(cells);
  }

  /** What the marks mean that were drawn so far; empty when they go without saying. */
  legend(): string {
    const told = MEANINGS.filter(([kind]) => this.#used.has(kind));
    if (told.length < 2 && this.#used.has('completed')) return '';
    return told.map(([kind, meaning]) => `${CELLS[kind][0]} ${meaning}`).join('   ');
  }

  /** One row a thread with how busy it was over time; the main loop is no thread and comes last. */
  *threadRows({ tasks }: RunTimeline): Generator<{ label: string; bar: string; note: string }> {
    const threads = new Map<number, AttemptHistory[]>();
    for (const { attempts } of tasks) {
      for (const attempt of attempts) {
        if (attempt.threadId === null || attempt.endedAtMs === null) continue;
        const known = threads.get(attempt.threadId);
        if (known === undefined) threads.set(attempt.threadId, [attempt]);
        else known.push(attempt);
      }
    }
    const order = [...threads].sort(([a], [b]) => (a || Number.MAX_SAFE_INTEGER) - (b || Number.MAX_SAFE_INTEGER));
    for (const [threadId, attempts] of order.slice(0, MOST_THREADS)) {
      const label = threadId === 0 ? 'main loop' : `thread ${threadId}`;
      const killed = attempts.some((attempt) => attempt.killed) ? ', then ended' : '';
      const { bar, share } = this.#busyBar(attempts);
      const note = `${attempts.length} attempt${attempts.length === 1 ? '' : 's'}, ${Math.round(share * 100)} % busy${killed}`;
      yield { label, bar, note };
    }
    const hidden = order.length - MOST_THREADS;
    if (hidden > 0) yield { label: `and ${hidden} more`, bar: '', note: '' };
  }

  #cellOf(atMs: number): number {
    return Math.min(this.#columns - 1, Math.floor(this.#axis.shareOf(atMs) * this.#columns));
  }

  #drawWaits(cells: CellKind[], { readyAtMs, attempts, waiting }: TimelineTask): void {
    const first = attempts[0];
    if (readyAtMs !== null && (first !== undefined || waiting !== null)) {
      this.#wait(cells, readyAtMs, first?.startedAtMs ?? this.#axis.endMs, 'wait');
    }
    for (const [place, { endedAtMs }] of attempts.entries()) {
      if (endedAtMs === null) continue;
      const next = attempts[place + 1]?.startedAtMs ?? (waiting === null ? endedAtMs : this.#axis.endMs);
      this.#wait(cells, endedAtMs, next, 'backoff');
    }
  }

  #wait(cells: CellKind[], fromMs: number, toMs: number, kind: 'wait' | 'backoff'): void {
    const to = Math.floor(this.#axis.shareOf(toMs) * this.#columns);
    cells.fill(kind, this.#cellOf(fromMs), Math.max(this.#cellOf(fromMs), to));
  }

  #drawAttempt(cells: CellKind[], { startedAtMs, endedAtMs, outcome, killed }: AttemptHistory): void {
    const from = this.#cellOf(startedAtMs);
    const end = Math.ceil(this.#axis.shareOf(endedAtMs ?? this.#axis.endMs) * this.#columns);
    const to = Math.max(from + 1, end);
    cells.fill(outcome, from, to);
    if (outcome === 'running') cells[to - 1] = 'head';
    else if (killed) cells[to - 1] = 'kill';
  }

  // A line through all rows; an attempt of one cell is worth more than it.
  #drawGap(cells: CellKind[], cell: number): void {
    const kind = cells[cell];
    if (kind === 'idle' || kind === cells[cell - 1] || kind === cells[cell + 1]) cells[cell] = 'gap';
  }

  #textOf(cells: readonly CellKind[]): string {
    let text = '';
    for (let from = 0; from < cells.length; ) {
      const kind = cells[from] ?? 'idle';
      let to = from + 1;
      while (to < cells.length && cells[to] === kind) to++;
      const [mark, name] = CELLS[kind];
      text += this.#style(name, mark.repeat(to - from));
      this.#used.add(kind === 'backoff' ? 'wait' : kind);
      from = to;
    }
    return text;
  }

  #busyBar(attempts: readonly AttemptHistory[]): { bar: string; share: number } {
    const busy = new Float64Array(this.#columns);
    let share = 0;
    for (const { startedAtMs, endedAtMs } of attempts) {
      const from = this.#axis.shareOf(startedAtMs) * this.#columns;
      const to = this.#axis.shareOf(endedAtMs ?? startedAtMs) * this.#columns;
      share += (to - from) / this.#columns;
      for (let cell = Math.floor(from); cell < Math.min(this.#columns, Math.ceil(to)); cell++) {
        busy[cell] = (busy[cell] ?? 0) + Math.min(to, cell + 1) - Math.max(from, cell);
      }
    }
    // Any work shows, and only a cell that is full looks it.
    const marks = Array.from(busy, (part) => {
      return part === 0 ? SHADES[0] : (SHADES[Math.max(1, Math.min(4, Math.floor(part * 4 + 1e-6)))] ?? '█');
    });
    return { bar: this.#style('active', marks.join('')), share: Math.min(1, share) };
  }
}
