// Owns what a dashboard shows of a data folder: its recorded runs, whoever ran them, looked at again several times a second
// while somebody listens. What people ask for is asked of the engine that holds the folder; where none does, one is
// started in this process for as long as it has work, and shows its live self meanwhile.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';
import { deserializeError } from '../domain/serialized-error.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { countEnds, RunArchive, type RunRequestKind } from '../engine/run-archive.ts';
import { absentSystem, absentTree } from './absent-documents.ts';
import type { DashboardSource, Interest, RunsQuery, SourceListener } from './dashboard-source.ts';
import { EngineLoan } from './engine-loan.ts';
import { Frames } from './frames.ts';
import { ENGINE_ACTIONS } from './live-actions.ts';
import { LiveSource } from './live-source.ts';
import { RecordRuns } from './record-runs.ts';
import { RecordTasks } from './record-tasks.ts';
import { planFrameOf, planOf } from './run-planning.ts';
import { PictureVersions } from './run-reading.ts';
import { MOST_RUNS, RunRoster } from './run-roster.ts';
import type {
  ActionAnswer,
  ActionKind,
  ActionRequest,
  PlanDocument,
  RunDocument,
  RunsPage,
  SystemDocument,
  TaskDocument,
  TimelineDocument,
  TreeDocument,
  Welcome,
} from './wire.ts';

const LOOK_EVERY_MS = 500;
/** Looking takes no more than this share of the time. */
const REST_FACTOR = 10;
const ABSENT =
  'No engine runs in this process. Start a run with `yardmaster run … --dashboard` to see its threads, resources and actors here.';
/** What can be asked of an engine in another process. */
const ASKED: Readonly<Partial<Record<ActionKind, RunRequestKind>>> = {
  cancel: 'cancel',
  pause: 'pause',
  resume: 'resume',
  release: 'resume',
};
/** What nobody can do without a run. */
const NEEDS_ENGINE: readonly ActionKind[] = ['set-capacity'];

export interface RecordSourceOptions {
  readonly timers: TimerService & Clock;
  /** Of the package. */
  readonly version?: string;
  /** Starts an engine on the folder that leaves older runs alone (`resume: 'manual'`); without it only those of others are asked. */
  readonly engineFor?: () => Promise<OrchestrationEngine>;
}

interface Listening {
  readonly interest: Interest;
  readonly listener: SourceListener;
  stop: () => void;
}

interface Loan {
  readonly engine: EngineLoan;
  readonly source: LiveSource;
}

/** The dashboard's view of a data folder. */
export class RecordSource implements DashboardSource {
  readonly #dataDir: string;
  readonly #options: RecordSourceOptions;
  readonly #versions = new PictureVersions();
  readonly #runs: RecordRuns;
  readonly #tasks: RecordTasks;
  readonly #roster: RunRoster;
  readonly #frames: Frames;
  readonly #listening = new Set<Listening>();
  #loan: Promise<Loan> | undefined;
  #live: LiveSource | undefined;
  #ending: Promise<void> = Promise.resolve();
  #look: TimerHandle | undefined;
  #sequence = -1;
  #enginePid: number | null = null;
  #isClosed = false;

  /** @throws RuntimeError JOURNAL_* for a folder that cannot be read; one without a journal is empty */
  constructor(dataDir: string, options: RecordSourceOptions) {
    const { timers } = options;
    this.#dataDir = dataDir;
    this.#options = options;
    this.#runs = new RecordRuns(dataDir, this.#versions);
    this.#tasks = new RecordTasks(this.#runs, () => timers.monotonicMs());
    this.#roster = new RunRoster({
      list: (filter) => this.#runs.archive.runs(filter),
      records: (runIds) => runIds.flatMap((runId) => this.#runs.archive.run(runId) ?? []),
      isHeld: (record) => this.#runs.isHeld(record),
      liveEnds: () => null,
      countEnds: ({ runId }) => {
        const history = this.#runs.archive.history(runId);
        return history === undefined ? null : countEnds(history);
      },
      monotonicMs: () => timers.monotonicMs(),
    });
    this.#frames = new Frames({
      timers,
      runs: this.#runs,
      tasks: this.#tasks,
      roster: this.#roster,
      system: { subscribe: () => () => {} },
      tree: { document: () => absentTree(ABSENT) },
    });
  }

  welcome(): Welcome {
    const { version = '', timers } = this.#options;
    if (this.#live !== undefined) return { ...this.#live.welcome(), source: 'record' };
    this.#lookNow();
    const engine = this.#runs.archive.engine();
    const own =
      this.#options.engineFor === undefined ? [] : ENGINE_ACTIONS.filter((kind) => !NEEDS_ENGINE.includes(kind));
    return {
      version,
      source: 'record',
      place: this.#dataDir,
      actions: engine === null ? own : Object.keys(ASKED),
      now: timers.now(),
      enginePid: engine?.pid ?? null,
    };
  }

  async runs(query: RunsQuery): Promise<RunsPage> {
    if (this.#live !== undefined) return await this.#live.runs(query);
    if (this.#listening.size === 0) {
      this.#lookNow();
      this.#roster.forget();
    }
    return this.#roster.page(query);
  }

  async run(runId: string): Promise<RunDocument | undefined> {
    if (this.#live !== undefined) return await this.#live.run(runId);
    if (this.#listening.size === 0) this.#lookNow();
    return this.#runs.model(runId)?.document();
  }

  async timeline(runId: string): Promise<TimelineDocument | undefined> {
    if (this.#live !== undefined) return await this.#live.timeline(runId);
    if (this.#listening.size === 0) this.#lookNow();
    return this.#runs.model(runId)?.timeline(this.#options.timers.now());
  }

  async plan(runId: string): Promise<PlanDocument | undefined> {
    if (this.#live !== undefined) return await this.#live.plan(runId);
    const history = this.#runs.historyOf(runId);
    if (history === undefined) return undefined;
    const durations = this.#runs.durationsOf(history.record.workflow);
    return planOf({ ...planFrameOf(history), definition: this.#runs.definitionOf(history), durations });
  }

  async task(runId: string, task: string): Promise<TaskDocument | undefined> {
    if (this.#live !== undefined) return await this.#live.task(runId, task);
    if (this.#listening.size === 0) this.#lookNow();
    await this.#tasks.ask(runId);
    return this.#tasks.document(runId, task);
  }

  async system(): Promise<SystemDocument> {
    return this.#live === undefined ? absentSystem(ABSENT) : await this.#live.system();
  }

  async tree(): Promise<TreeDocument> {
    return this.#live === undefined ? absentTree(ABSENT) : await this.#live.tree();
  }

  async act(action: ActionRequest): Promise<ActionAnswer> {
    if (this.#loan !== undefined) return await this.#actHere(action);
    this.#lookNow();
    const engine = this.#runs.archive.engine();
    if (engine !== null) return await this.#ask(action, engine.pid);
    return await this.#actHere(action);
  }

  listen(interest: Interest, listener: SourceListener): () => void {
    const listening: Listening = { interest, listener, stop: () => {} };
    if (this.#listening.size === 0 && this.#live === undefined) this.#lookNow();
    this.#listening.add(listening);
    listening.stop = (this.#live ?? this.#frames).listen(interest, listener);
    if (this.#look === undefined) this.#lookLater(LOOK_EVERY_MS);
    return () => {
      if (!this.#listening.delete(listening)) return;
      listening.stop();
      if (this.#listening.size > 0 || this.#look === undefined) return;
      this.#options.timers.cancel(this.#look);
      this.#look = undefined;
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#look !== undefined) this.#options.timers.cancel(this.#look);
    this.#look = undefined;
    for (const listening of this.#listening) listening.stop();
    this.#listening.clear();
    this.#frames.close();
    if (this.#loan !== undefined) this.#giveBack();
    await this.#ending;
    await this.#runs.close();
  }

  // --- looking

  #lookLater(afterMs: number): void {
    const { timers } = this.#options;
    this.#look = timers.schedule(timers.now() + afterMs, () => {
      const startMs = timers.monotonicMs();
      if (this.#live === undefined) this.#lookAtAll();
      this.#lookLater(Math.max(LOOK_EVERY_MS, (timers.monotonicMs() - startMs) * REST_FACTOR));
    });
  }

  #lookNow(): void {
    if (!this.#isClosed) this.#runs.look();
  }

  /** Tells those who listen what is new in the folder. */
  #lookAtAll(): void {
    try {
      this.#lookNow();
      const { archive } = this.#runs;
      const sequence = archive.lastSequence();
      const pid = archive.engine()?.pid ?? null;
      for (const runId of this.#tasks.watchedRuns) void this.#tasks.ask(runId);
      if (sequence === this.#sequence && pid === this.#enginePid) return;
      this.#sequence = sequence;
      this.#enginePid = pid;
      const changed = new Set(this.#roster.replace(archive.runs({ limit: MOST_RUNS })));
      for (const runId of this.#runs.changed()) changed.add(runId);
      for (const runId of changed) this.#frames.runChanged(runId, undefined, 'more');
    } catch (error) {
      // It may be readable again at the next look: a journal that is just being made, say.
      if (!isRuntimeError(error)) throw error;
    }
  }

  // --- acting

  async #ask(action: ActionRequest, pid: number): Promise<ActionAnswer> {
    const kind = ASKED[action.kind];
    if (kind === undefined || !('runId' in action)) {
      throw new RuntimeError(
        'DATA_DIR_LOCKED',
        `the engine of process ${pid} has ${this.#dataDir} in its hands and does not take '${action.kind}' from here: do it in that process, or wait until it has ended`,
        { details: { pid, action: action.kind } },
      );
    }
    const reason =
      action.kind === 'cancel' ? (action.reason ?? 'cancelled in the dashboard') : `asked for in the dashboard`;
    const archive = RunArchive.open(this.#dataDir);
    try {
      const outcome = await archive.request(kind, action.runId, reason);
      if (outcome.status === 'refused') throw deserializeError(outcome.error);
    } finally {
      await archive.close();
    }
    return { message: `The engine of process ${pid} has been told.`, runId: null };
  }

  async #actHere(action: ActionRequest): Promise<ActionAnswer> {
    const { engine, source } = await this.#borrow(action.kind);
    engine.touch();
    // What is cancelled or paused as it is taken up starts nothing.
    const isStill =
      !engine.isBusy() && (action.kind === 'cancel' || action.kind === 'pause' || action.kind === 'cancel-task');
    if (isStill) engine.engine.tasks.stopBackgroundProcessing();
    try {
      return await source.act(action);
    } finally {
      if (isStill) engine.engine.tasks.startBackgroundProcessing();
    }
  }

  #borrow(kind: ActionKind): Promise<Loan> {
    const { engineFor } = this.#options;
    if (this.#loan !== undefined) return this.#loan;
    if (engineFor === undefined || NEEDS_ENGINE.includes(kind)) {
      throw new RuntimeError(
        'DASHBOARD_REFUSED',
        `no engine works in ${this.#dataDir}, and '${kind}' needs one; start it with \`yardmaster run … --dashboard\``,
        { details: { action: kind } },
      );
    }
    const loan = this.#ending.then(engineFor).then((engine) => this.#show(engine));
    this.#loan = loan;
    loan.catch(() => {
      if (this.#loan === loan) this.#loan = undefined;
    });
    return loan;
  }

  /** Everybody who listens hears the engine itself from now on. */
  #show(engine: OrchestrationEngine): Loan {
    const { timers, version } = this.#options;
    const source = new LiveSource(engine, {
      timers,
      place: this.#dataDir,
      versions: this.#versions,
      ...(version === undefined ? {} : { version }),
    });
    this.#live = source;
    this.#moveTo(source);
    return { engine: new EngineLoan(engine, timers, () => this.#giveBack()), source };
  }

  /** Back to the record; the folder is free for others again. */
  #giveBack(): void {
    const loan = this.#loan;
    this.#loan = undefined;
    this.#live = undefined;
    this.#ending = (async () => {
      const borrowed = await loan?.catch(() => undefined);
      await borrowed?.engine.end();
      await borrowed?.source.close();
      if (this.#isClosed) return;
      this.#lookNow();
      this.#sequence = -1;
      this.#moveTo(this.#frames);
    })();
  }

  #moveTo(target: LiveSource | Frames): void {
    for (const listening of this.#listening) {
      listening.stop();
      listening.stop = target.listen(listening.interest, listening.listener, true);
    }
  }
}
