// Owns what a run goes through as a whole: its record, moments, deadline, who has it in hand and since when nobody had.
// From the record it takes what is written there; from events it derives the same, for traces, which have no record.

import type { RuntimeEvent } from '../domain/events.ts';
import { type AttemptHistory, type RunHistory, type RunRecord, signsOfLife } from '../engine/run-archive.ts';
import type { RunDocument, TaskState } from './wire.ts';

/** Of a run that was interrupted more often than this the first moments are left out. */
const MOST_MOMENTS = 200;

/** What a run was started with. */
export interface RunFrameOfLife {
  readonly record: RunRecord;
  readonly isHeld: boolean;
  readonly mode: string;
  readonly maxParallel: number | null;
  readonly parameters: unknown;
}

/** What differs between the times when somebody had the run in hand and when nobody had. */
interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

type Moment = RunDocument['moments'][number];
type LifeDocument = Omit<RunDocument, 'summary' | 'version' | 'hasDefinition' | 'tasks'>;

export class RunLife {
  readonly frame: RunFrameOfLife;
  record: RunRecord;
  isHeld: boolean;
  mode: string;
  gaps: readonly Gap[] = [];
  cancelReason: string | null = null;
  #moments: Moment[] = [];
  #deadlineMs: number | null = null;
  #heldBecause: string | null = null;
  #suspendedMs: number | null = null;

  constructor(frame: RunFrameOfLife) {
    this.frame = frame;
    this.record = frame.record;
    this.isHeld = frame.isHeld;
    this.mode = frame.mode;
  }

  /** False: nothing was new. */
  take(history: RunHistory, holding: { readonly isHeld: boolean; readonly heldBecause: string | null }): boolean {
    const before = this.#state();
    const { record, moments, deadlineMs, cancelRequested } = history;
    this.record = record;
    this.isHeld = holding.isHeld && record.endedAtMs === null;
    this.#heldBecause = record.endedAtMs === null ? (holding.heldBecause ?? record.parked?.reason ?? null) : null;
    this.#deadlineMs = deadlineMs;
    this.cancelReason = cancelRequested?.reason ?? null;
    this.#moments = moments.slice(-MOST_MOMENTS).map(({ type, atMs, detail }) => ({ type, at: atMs, detail }));
    this.gaps = gapsOf(history, this.isHeld);
    return this.#state() !== before;
  }

  /** When the attempts that were lost were last known to run. */
  lostAt({ record }: RunHistory): (attempt: AttemptHistory) => number {
    const { gaps } = this;
    const lastMs = gaps.at(-1);
    return ({ startedAtMs, endedAtMs }) => {
      if (endedAtMs === null) return Math.max(startedAtMs, lastMs?.fromMs ?? record.startedAtMs ?? startedAtMs);
      const gap = gaps.find(({ fromMs, toMs }) => fromMs <= endedAtMs && endedAtMs <= toMs);
      return gap === undefined ? endedAtMs : Math.max(startedAtMs, gap.fromMs);
    };
  }

  /** Nobody has it in hand any more; false: nobody had. */
  letGo(): boolean {
    if (!this.isHeld || this.record.endedAtMs !== null) return false;
    this.isHeld = false;
    return true;
  }

  /** A task has begun: of a single task that is the beginning of the run. */
  started(atMs: number): boolean {
    if (this.record.startedAtMs !== null) return false;
    this.record = { ...this.record, status: 'running', startedAtMs: atMs };
    return true;
  }

  /** A task has ended: of a single task that is the end of the run. */
  taskEnded(state: TaskState, atMs: number): boolean {
    if (this.record.kind !== 'task' || this.record.endedAtMs !== null) return false;
    const status = state === 'completed' || state === 'failed' ? state : 'cancelled';
    this.#end(status, atMs, null);
    return true;
  }

  /** Takes in an event about the run as a whole; false: it changes nothing. */
  apply({ type, data }: RuntimeEvent, atMs: number): boolean {
    if (this.record.endedAtMs !== null) return false;
    switch (type) {
      case 'workflow.started':
        this.isHeld = true;
        this.mode = textOf(data.mode) ?? this.mode;
        this.started(atMs);
        return true;
      case 'workflow.recovered':
        this.mode = textOf(data.mode) ?? this.mode;
        this.#recovered(atMs, Number(data.recovery ?? 0));
        return true;
      case 'workflow.paused':
      case 'workflow.resumed':
        this.#steered(type === 'workflow.paused' ? 'paused' : 'resumed', atMs);
        return true;
      case 'workflow.suspended':
        this.isHeld = false;
        this.#suspendedMs = atMs;
        this.record = { ...this.record, isSuspended: true };
        this.#note('suspended', atMs);
        return true;
      case 'workflow.parked':
        this.#parked(atMs, String(data.code ?? ''), String(data.reason ?? ''));
        return true;
      case 'workflow.completed':
      case 'workflow.failed':
      case 'workflow.cancelled': {
        const status =
          type === 'workflow.completed' ? 'completed' : type === 'workflow.failed' ? 'failed' : 'cancelled';
        this.#end(status, atMs, data.reason === undefined ? null : String(data.reason));
        return true;
      }
      default:
        return false;
    }
  }

  document(description: string | null): LifeDocument {
    const { maxParallel, parameters } = this.frame;
    return {
      mode: this.mode,
      maxParallel,
      deadlineAt: this.#deadlineMs,
      sessionId: this.record.sessionId,
      description: description === '' ? null : description,
      parameters,
      cancelRequested: this.cancelReason,
      heldBecause: this.#heldBecause,
      moments: [...this.#moments],
    };
  }

  #end(status: 'completed' | 'failed' | 'cancelled', atMs: number, reason: string | null): void {
    this.record = { ...this.record, status, endedAtMs: atMs, startedAtMs: this.record.startedAtMs ?? atMs, reason };
    this.cancelReason = null;
    this.#heldBecause = null;
  }

  #recovered(atMs: number, recoveries: number): void {
    if (this.#suspendedMs !== null) this.gaps = [...this.gaps, { fromMs: this.#suspendedMs, toMs: atMs }];
    this.#suspendedMs = null;
    this.isHeld = true;
    this.#heldBecause = null;
    this.record = { ...this.record, recoveries, isSuspended: false };
    this.#note('recovered', atMs, recoveries === 0 ? null : `recovery ${recoveries}`);
  }

  #steered(how: 'paused' | 'resumed', atMs: number): void {
    const running = this.record.startedAtMs === null ? 'pending' : 'running';
    this.record = { ...this.record, status: how === 'paused' ? 'paused' : running };
    this.#note(how, atMs);
  }

  #parked(atMs: number, code: string, reason: string): void {
    this.isHeld = false;
    this.#heldBecause = reason;
    this.record = { ...this.record, status: 'failed', parked: { code, reason } };
    this.#note('parked', atMs, reason);
  }

  #note(type: string, at: number, detail: string | null = null): void {
    this.#moments.push({ type, at, detail });
    if (this.#moments.length > MOST_MOMENTS) this.#moments.shift();
  }

  #state(): string {
    const { record, isHeld, cancelReason } = this;
    const numbers = [this.#moments.length, this.#deadlineMs, this.#heldBecause, isHeld, cancelReason];
    return JSON.stringify([record, numbers]);
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Stretches in which nobody had the run: from the last sign of life to when it was taken up again. */
function gapsOf(history: RunHistory, isHeld: boolean): Gap[] {
  const { moments, record } = history;
  const recoveries = moments.filter(({ type }) => type === 'recovered').map(({ atMs }) => atMs);
  const isLost = record.endedAtMs === null && !isHeld;
  if (recoveries.length === 0 && !isLost) return [];
  const known = signsOfLife(history);
  const gaps = recoveries.map((toMs) => ({ fromMs: known.findLast((each) => each < toMs) ?? toMs, toMs }));
  const lastMs = known.at(-1);
  // Nobody has it now: what was lost with its process was last known to run then.
  if (isLost && lastMs !== undefined) gaps.push({ fromMs: lastMs, toMs: lastMs });
  return gaps;
}
