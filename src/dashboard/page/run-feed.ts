// Owns what the page knows of one run while it is looked at: its document and its timeline, from what was fetched and
// what the stream said meanwhile. A frame that comes before its document waits for it; one that leaves a gap asks for
// the document again. It fetches nothing itself.

import type { RunDocument, RunFrame, TimelineDocument } from '../wire.ts';
import { applyRunFrame, applyTimelineFrame } from './run-store.ts';

/** What has to be fetched again. */
export interface Missing {
  readonly run: boolean;
  readonly timeline: boolean;
}

const NOTHING: Missing = { run: false, timeline: false };

// Frames are kept since a document may be on its way that is older than they are. The oldest go first: a document that
// is older still leaves a gap, and is fetched again.
const MAX_EARLY_FRAMES = 64;

/** The live picture of one run. */
export class RunFeed {
  readonly #runId: string;
  readonly #now: () => number;
  readonly #early: RunFrame[] = [];
  #run: RunDocument | null = null;
  #timeline: TimelineDocument | null = null;

  /** @param now the server's clock, epoch milliseconds */
  constructor(runId: string, now: () => number) {
    this.#runId = runId;
    this.#now = now;
  }

  get run(): RunDocument | null {
    return this.#run;
  }

  get timeline(): TimelineDocument | null {
    return this.#timeline;
  }

  /** Puts a fetched document in place, with the frames that came while it was on its way. */
  takeRun(document: RunDocument): Missing {
    this.#run = withSameNames(this.#run, document);
    return this.#catchUp();
  }

  /** Puts a fetched timeline in place, with the frames that came while it was on its way. */
  takeTimeline(document: TimelineDocument): Missing {
    this.#timeline = document;
    return this.#catchUp();
  }

  /** Frames without bars are about to come: a timeline could only grow old. */
  dropTimeline(): void {
    this.#timeline = null;
  }

  /** Lets a live timeline reach to now. */
  tick(): void {
    if (this.#timeline === null || !this.#timeline.isLive) return;
    const end = Math.max(this.#timeline.end, this.#now() - this.#timeline.origin);
    this.#timeline = { ...this.#timeline, end };
  }

  /** The connection was opened anew: versions may count from elsewhere, and what was kept back is old. */
  reconnect(): void {
    this.#early.length = 0;
  }

  takeFrame(frame: RunFrame): Missing {
    if (frame.runId !== this.#runId) return NOTHING;
    this.#early.push(frame);
    if (this.#early.length > MAX_EARLY_FRAMES) this.#early.shift();
    const standing = this.#run?.summary.standing;
    const missing = this.#apply(frame);
    // Stretches in which nobody had the run in hand are known to the server alone.
    const isTurn = standing !== undefined && standing !== frame.summary.standing && this.#timeline !== null;
    return isTurn ? { ...missing, timeline: true } : missing;
  }

  #catchUp(): Missing {
    let missing = NOTHING;
    for (const frame of this.#early) {
      const more = this.#apply(frame);
      missing = { run: missing.run || more.run, timeline: missing.timeline || more.timeline };
    }
    return missing;
  }

  #apply(frame: RunFrame): Missing {
    let run = false;
    let timeline = false;
    if (this.#run !== null) {
      const applied = applyRunFrame(this.#run, frame);
      if (applied.kind === 'applied') this.#run = applied.document;
      run = applied.kind === 'gap';
    }
    if (this.#timeline !== null) {
      const applied = applyTimelineFrame(this.#timeline, frame, this.#now());
      if (applied.kind === 'applied') this.#timeline = applied.document;
      timeline = applied.kind === 'gap';
    }
    return run || timeline ? { run, timeline } : NOTHING;
  }
}

// The same graph fetched again keeps the arrays that layouts go by.
function withSameNames(old: RunDocument | null, fetched: RunDocument): RunDocument {
  if (old === null) return fetched;
  const { names, dependencies, offsets, levels, criticalPath } = old.tasks;
  const { tasks } = fetched;
  const isSameGraph =
    isEqual(names, tasks.names) && isEqual(offsets, tasks.offsets) && isEqual(dependencies, tasks.dependencies);
  if (!isSameGraph) return fetched;
  return { ...fetched, tasks: { ...tasks, names, dependencies, offsets, levels, criticalPath } };
}

function isEqual<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
