// Owns watching runs in an engine of this process to their end: the views, what Ctrl-C does, the last words, the exit
// code. `run`, `resume` and `rerun` differ in how runs come to be; from there on they are the same.
// With a journal on disk Ctrl-C leaves a run unfinished, to be resumed; with one in memory it is cancelled.

import type { RuntimeEvent } from '../domain/events.ts';
import { assertNever, isRuntimeError } from '../domain/runtime-error.ts';
import type { StepDefinition } from '../domain/workflow-definition.ts';
import type { EngineConfig, ResolvedConfig } from '../engine/engine-config.ts';
import { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { WorkflowExecution } from '../engine/workflow-execution.ts';
import type { WorkflowRun } from '../engine/workflow-run-handle.ts';
import type { FolderFlags } from './command-flags.ts';
import { errorLines } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import { type InterruptLevel, listenForInterrupts } from './interruption.ts';
import { JsonOutput } from './json-output.ts';
import type { Shell } from './main.ts';
import { Observation } from './observation.ts';
import type { ObservationFlags } from './observation-flags.ts';
import { PlainOutput } from './plain-output.ts';
import { type RunOutput, viewKind } from './run-output.ts';
import { interruptedLine, summaryJsonLine, summaryLines, taskErrorLines } from './run-summary.ts';
import type { RunGauges } from './run-view-screen.ts';
import {
  createRunViewState,
  type EndedBefore,
  endedTasks,
  type RunViewState,
  reduceRunView,
} from './run-view-state.ts';
import { stylerFor } from './text-style.ts';

/** The engine's own timers do not keep a process alive; a run that waits for a retry must. */
const KEEP_ALIVE_MS = 60_000;
const MOST_GAUGES = 6;

export interface WatchFlags extends FolderFlags, ObservationFlags {
  readonly json?: true;
}

/** A run to be started once its view follows the engine's events. */
export interface RunToWatch {
  /** null for a new run, whose id comes with its start; then it is the only one. */
  readonly runId: string | null;
  readonly workflow: string;
  readonly steps: readonly StepDefinition[];
  /** How its tasks had ended in an earlier life of it. */
  readonly before?: EndedBefore;
  readonly start: (engine: OrchestrationEngine) => WorkflowRun;
}

export interface WatchOptions {
  readonly config: EngineConfig;
  readonly settings: ResolvedConfig;
  readonly flags: WatchFlags;
  /** Gives the runs when the engine is up, and nobody else can touch the data folder. */
  readonly prepare: (engine: OrchestrationEngine) => readonly RunToWatch[];
}

/** Starts an engine and runs in it, and watches them to their end. */
export async function watchRuns(shell: Shell, options: WatchOptions): Promise<ExitCode> {
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  try {
    return await new RunWatch(shell, options).watch();
  } finally {
    clearInterval(keepAlive);
  }
}

/** One run with its view. */
interface Watched {
  readonly steps: readonly StepDefinition[];
  readonly runId: string | null;
  readonly state: RunViewState;
  readonly start: RunToWatch['start'];
  readonly output: RunOutput;
  run: WorkflowRun | undefined;
}

/** How a run ended for this process; an unfinished one stays in the journal. */
type RunEnd =
  | { readonly kind: 'ended'; readonly execution: WorkflowExecution }
  | { readonly kind: 'unfinished'; readonly soFar: WorkflowExecution; readonly error: unknown };

class RunWatch {
  readonly #shell: Shell;
  readonly #options: WatchOptions;
  #watched: Watched[] = [];
  #engine: OrchestrationEngine | undefined;
  #interruptedBy: string | undefined;
  /** What the runs' ends came to, once that was said. */
  #told: ExitCode | undefined;

  constructor(shell: Shell, options: WatchOptions) {
    this.#shell = shell;
    this.#options = options;
  }

  async watch(): Promise<ExitCode> {
    const stopListening = listenForInterrupts((level, signal) => this.#interrupt(level, signal));
    const { stdout } = this.#shell;
    stdout.onGone(() => {
      const cause = stdout.fault === undefined ? 'the reader of the output, which left' : stdout.fault.message;
      this.#interrupt('stop', cause);
    });
    try {
      const ends = await this.#execute();
      if (ends === undefined) {
        this.#shell.stderr.line(`error RUN_CANCELLED: interrupted by ${this.#interruptedBy}, before the run started`);
        return ExitCode.INTERRUPTED;
      }
      return this.#tellAll(ends);
    } finally {
      this.#closeOutputs();
      stopListening();
    }
  }

  /** Starts engine and runs, and gives their ends; undefined when it was interrupted before they could start. */
  async #execute(): Promise<RunEnd[] | undefined> {
    const engine = await OrchestrationEngine.create(this.#options.config);
    let observation: Observation | undefined;
    try {
      if (this.#interruptedBy !== undefined) return undefined;
      const { flags, settings } = this.#options;
      const runs = this.#options.prepare(engine);
      observation = await Observation.open(this.#shell, engine, flags, settings.dataDir);
      // Views come last: they draw by themselves, and what a run brings along is there only once it has started.
      this.#watched = await this.#openViews(engine, runs);
      // Ctrl-C may have come while something was opened; until here there was nothing to interrupt.
      if (this.#interruptedBy !== undefined) return undefined;
      this.#engine = engine;
      for (const watched of this.#watched) watched.run = watched.start(engine);
      const ends = await Promise.all(this.#watched.flatMap(({ run }) => (run === undefined ? [] : [endOf(run)])));
      // Nothing may come after the summary of --json, and the end of the engine is yet to come.
      if (observation.lingers && flags.json !== true) this.#tellAll(ends);
      await observation.linger(() => this.#interruptedBy !== undefined);
      return ends;
    } finally {
      await engine.shutdown({ drainMs: 0 });
      await observation?.close();
    }
  }

  async #openViews(engine: OrchestrationEngine, runs: readonly RunToWatch[]): Promise<Watched[]> {
    const { stdout, stderr, environment } = this.#shell;
    const json = this.#options.flags.json === true;
    const kind = runs.length === 1 || json ? viewKind(stdout.isTerminal, json, environment) : 'plain';
    const shared = kind === 'json' ? new JsonOutput(stdout, stderr) : undefined;
    const watched: Watched[] = [];
    for (const { workflow, steps, runId, before, start } of runs) {
      const state = createRunViewState(workflow, steps.length, before);
      const prefix = runs.length > 1 ? (runId ?? undefined) : undefined;
      let output: RunOutput = shared ?? new PlainOutput(stdout, { prefix });
      if (kind === 'live') {
        const { LiveOutput } = await import('./live-output.ts');
        const style = stylerFor({ isTTY: stdout.isTerminal }, environment);
        const gauges = gaugeSource(engine, state, steps, this.#options.settings.maxWorkers);
        output = new LiveOutput(stdout, stderr, state, gauges, style);
      }
      watched.push({ steps, runId, state, start, output, run: undefined });
    }
    this.#follow(engine, watched);
    return watched;
  }

  #follow(engine: OrchestrationEngine, watched: readonly Watched[]): void {
    const [first] = watched;
    if (first === undefined) return;
    const byId = new Map(watched.map((one) => [one.runId, one]));
    const handle = (event: RuntimeEvent): void => {
      // What belongs to no run, a thread's end say, is told once.
      const one = (watched.length === 1 ? undefined : byId.get(event.runId ?? null)) ?? first;
      one.output.onEvent(event, one.state);
      reduceRunView(one.state, event);
      if (one.state.interrupt === 'draining') this.#leaveWhenDrained();
    };
    const { wanted } = first.output;
    for (const type of wanted === '*' ? (['*'] as const) : wanted) engine.registerEventHandler(type, handle);
  }

  #interrupt(level: InterruptLevel, cause: string): void {
    this.#interruptedBy ??= cause;
    switch (level) {
      case 'drain':
        this.#drain(cause);
        break;
      case 'stop':
        this.#stop(cause);
        break;
      case 'leave':
        this.#closeOutputs();
        process.exit(ExitCode.INTERRUPTED);
        break;
      default:
        assertNever(level);
    }
  }

  #drain(cause: string): void {
    if (this.#watched.some(({ state }) => state.interrupt !== 'none')) return;
    for (const { state } of this.#watched) state.interrupt = 'draining';
    const running = this.#running();
    this.#notice(
      `${cause}: no new task starts, ${running} running finish${running === 1 ? 'es' : ''}; Ctrl-C again stops now`,
    );
    // The engine holds still, the run itself is not paused: it goes on as soon as an engine takes it up.
    if (this.#engine?.isClosed === false) this.#engine.tasks.stopBackgroundProcessing();
    this.#leaveWhenDrained();
  }

  #leaveWhenDrained(): void {
    if (this.#running() > 0) return;
    // Not inside an event of the run: what comes after the last end may still be the end of the run itself.
    setImmediate(() => {
      if (this.#running() === 0 && this.#isUnfinished()) this.#leave();
    });
  }

  #stop(cause: string): void {
    for (const { state } of this.#watched) state.interrupt = 'stopping';
    this.#notice(`${cause}: running tasks are ended now; Ctrl-C again leaves at once`);
    this.#leave();
  }

  #leave(): void {
    if (this.#options.settings.inMemory) {
      for (const { run } of this.#watched) run?.cancel(`interrupted by ${this.#interruptedBy ?? 'a signal'}`);
    } else void this.#engine?.shutdown({ drainMs: 0 });
  }

  #running(): number {
    return this.#watched.reduce((sum, { state }) => sum + state.running.size, 0);
  }

  // When every task has ended the run's own end is on its way to the disk.
  #isUnfinished(): boolean {
    return this.#watched.some(({ state }) => state.endedAtMs === null && endedTasks(state) < state.totalTasks);
  }

  #notice(text: string): void {
    this.#watched[0]?.output.notice(text);
  }

  /** Says once how the runs ended. */
  #tellAll(ends: readonly RunEnd[]): ExitCode {
    this.#closeOutputs();
    this.#told ??= worstOf(ends.map((end, index) => this.#tell(end, this.#watched[index]?.steps ?? [])));
    return this.#told;
  }

  #closeOutputs(): void {
    for (const { output } of this.#watched) output.close();
  }

  #tell(end: RunEnd, steps: readonly StepDefinition[]): ExitCode {
    if (end.kind === 'unfinished') return this.#tellUnfinished(end.soFar, end.error);
    const { execution } = end;
    this.#summarise(execution, steps);
    if (execution.status === 'completed') return ExitCode.COMPLETED;
    // A run that completed all the same is a completed run: the signal came when its last tasks were under way.
    return this.#interruptedBy === undefined ? ExitCode.RUN_FAILED : ExitCode.INTERRUPTED;
  }

  /** The run stays in the journal: because of Ctrl-C, or because the journal cannot be written any more. */
  #tellUnfinished(soFar: WorkflowExecution, error: unknown): ExitCode {
    const { stdout, stderr } = this.#shell;
    const { flags } = this.#options;
    if (flags.json === true) stdout.line(summaryJsonLine({ ...soFar, status: 'paused' }));
    if (this.#interruptedBy !== undefined && isRuntimeError(error) && error.code === 'ENGINE_CLOSED') {
      stderr.line(interruptedLine(soFar, flags));
      return ExitCode.INTERRUPTED;
    }
    for (const line of errorLines(error, this.#shell.debug)) stderr.line(line);
    if (isRuntimeError(error) && error.code === 'JOURNAL_WRITE_FAILED') stderr.line(interruptedLine(soFar, flags));
    return ExitCode.RUN_FAILED;
  }

  #summarise(execution: WorkflowExecution, steps: readonly StepDefinition[]): void {
    const { stdout, stderr, environment } = this.#shell;
    if (this.#options.flags.json === true) stdout.line(summaryJsonLine(execution));
    else {
      const style = stylerFor({ isTTY: stdout.isTerminal }, environment);
      for (const line of summaryLines(execution, steps, style)) stdout.line(line);
    }
    for (const line of taskErrorLines(execution, steps)) stderr.line(line);
    if (execution.status === 'cancelled' || execution.timedOut) {
      const code = execution.timedOut ? 'RUN_TIMEOUT' : 'RUN_CANCELLED';
      stderr.line(`error ${code}: ${execution.reason ?? 'cancelled'}, in run ${execution.runId}`);
    }
  }
}

// Nothing is printed here: events of the shutdown come before the summary, which is the last line of --json.
async function endOf(run: WorkflowRun): Promise<RunEnd> {
  try {
    return { kind: 'ended', execution: await run.result() };
  } catch (error) {
    return { kind: 'unfinished', soFar: run.snapshot(), error };
  }
}

/** What the live view reads off the engine for each frame: the resources that the steps use. */
function gaugeSource(
  engine: OrchestrationEngine,
  state: RunViewState,
  steps: readonly StepDefinition[],
  threads: number,
): () => RunGauges {
  const resourceIds = [...new Set(steps.flatMap((step) => Object.keys(step.resources)))].slice(0, MOST_GAUGES);
  return () => {
    const capacity = resourceIds.map((resourceId) => {
      const usage = engine.resources.getUsage(resourceId);
      return { resourceId, used: usage.current, capacity: usage.capacity };
    });
    // Counted from the events: asking the engine for its whole status goes through every live task, ten times a second.
    return { threadsBusy: Math.min(threads, state.running.size), threads, capacity };
  };
}

function worstOf(codes: readonly ExitCode[]): ExitCode {
  return codes.reduce((worst, code) => (code > worst ? code : worst), ExitCode.COMPLETED);
}
