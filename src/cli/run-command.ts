// Owns `run`: an engine, one run, a view of it, and what Ctrl-C does. The engine is asked for nothing else than its public
// methods, and is shut down whatever happens.

import { assertNever } from '../domain/runtime-error.ts';
import { OrchestrationEngine, type RunOptions } from '../engine/orchestration-engine.ts';
import type { WorkflowExecution } from '../engine/workflow-execution.ts';
import type { WorkflowRun } from '../engine/workflow-run-handle.ts';
import type { RunFlags } from './command-tree.ts';
import { ExitCode } from './exit-code.ts';
import { type InterruptLevel, listenForInterrupts } from './interruption.ts';
import { JsonOutput } from './json-output.ts';
import type { Shell } from './main.ts';
import { PlainOutput } from './plain-output.ts';
import { type RunOutput, viewKind } from './run-output.ts';
import { type PreparedRun, prepareRun } from './run-preparation.ts';
import { summaryJsonLine, summaryLines, taskErrorLines } from './run-summary.ts';
import type { RunGauges } from './run-view-screen.ts';
import { createRunViewState, type RunViewState, reduceRunView } from './run-view-state.ts';
import { engineConfigOf } from './shell-config.ts';
import { stylerFor } from './text-style.ts';

/** The engine's own timers do not keep a process alive; a run that waits for a retry must. */
const KEEP_ALIVE_MS = 60_000;
const MOST_GAUGES = 6;

/** Runs one workflow to its end. */
export async function runCommand(shell: Shell, target: string, flags: RunFlags): Promise<ExitCode> {
  const prepared = await prepareRun(target, flags);
  for (const warning of prepared.warnings) shell.stderr.line(warning);
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  const command = new RunCommand(shell, prepared, flags);
  try {
    return await command.run();
  } finally {
    clearInterval(keepAlive);
  }
}

class RunCommand {
  readonly #shell: Shell;
  readonly #prepared: PreparedRun;
  readonly #flags: RunFlags;
  readonly #state: RunViewState;
  /** The resources whose use the live view shows. */
  readonly #resourceIds: readonly string[];
  #output: RunOutput | undefined;
  #run: WorkflowRun | undefined;
  #interruptedBy: string | undefined;

  constructor(shell: Shell, prepared: PreparedRun, flags: RunFlags) {
    this.#shell = shell;
    this.#prepared = prepared;
    this.#flags = flags;
    const { name, steps } = prepared.workflow.definition;
    this.#state = createRunViewState(name, steps.length);
    this.#resourceIds = [...new Set(steps.flatMap((step) => Object.keys(step.resources)))].slice(0, MOST_GAUGES);
  }

  async run(): Promise<ExitCode> {
    const stopListening = listenForInterrupts((level, signal) => this.#interrupt(level, signal));
    const { stdout } = this.#shell;
    stdout.onGone(() => {
      const cause = stdout.fault === undefined ? 'the reader of the output, which left' : stdout.fault.message;
      this.#interrupt('stop', cause);
    });
    try {
      const execution = await this.#execute();
      if (execution === undefined) {
        this.#shell.stderr.line(`error RUN_CANCELLED: interrupted by ${this.#interruptedBy}, before the run started`);
        return ExitCode.INTERRUPTED;
      }
      this.#summarise(execution);
      return this.#exitCode(execution);
    } finally {
      this.#output?.close();
      stopListening();
    }
  }

  /** Starts engine and run, and gives the ended run; undefined when it was interrupted before it could start. */
  async #execute(): Promise<WorkflowExecution | undefined> {
    const engine = await OrchestrationEngine.create(engineConfigOf(this.#flags));
    try {
      if (this.#interruptedBy !== undefined) return undefined;
      const output = await this.#openOutput(engine);
      this.#output = output;
      this.#follow(engine, output);
      const run = engine.startCompiled(this.#prepared.workflow, this.#runOptions());
      this.#run = run;
      if (this.#interruptedBy !== undefined) run.cancel(`interrupted by ${this.#interruptedBy}`);
      return await run.result();
    } finally {
      await engine.shutdown({ drainMs: 0 });
    }
  }

  // A flag says what holds for this run, so it wins over the file.
  #runOptions(): RunOptions {
    const { mode, maxParallel, runId } = this.#flags;
    return {
      params: this.#prepared.parameters,
      ...(mode === undefined ? {} : { mode }),
      ...(maxParallel === undefined ? {} : { maxParallel }),
      ...(runId === undefined ? {} : { runId }),
    };
  }

  async #openOutput(engine: OrchestrationEngine): Promise<RunOutput> {
    const { stdout, stderr, environment } = this.#shell;
    const kind = viewKind(stdout.isTerminal, this.#flags.json === true, environment);
    switch (kind) {
      case 'json':
        return new JsonOutput(stdout, stderr);
      case 'plain':
        return new PlainOutput(stdout);
      case 'live': {
        const { LiveOutput } = await import('./live-output.ts');
        const style = stylerFor({ isTTY: stdout.isTerminal }, environment);
        return new LiveOutput(stdout, stderr, this.#state, () => this.#gauges(engine), style);
      }
      default:
        return assertNever(kind);
    }
  }

  #follow(engine: OrchestrationEngine, output: RunOutput): void {
    for (const type of output.wanted === '*' ? (['*'] as const) : output.wanted) {
      engine.registerEventHandler(type, (event) => {
        output.onEvent(event, this.#state);
        reduceRunView(this.#state, event);
        if (this.#state.interrupt === 'draining') this.#cancelWhenDrained();
      });
    }
  }

  #gauges(engine: OrchestrationEngine): RunGauges {
    const capacity = this.#resourceIds.map((resourceId) => {
      const usage = engine.resources.getUsage(resourceId);
      return { resourceId, used: usage.current, capacity: usage.capacity };
    });
    // Counted from the events: asking the engine for its whole status goes through every live task, ten times a second.
    const threads = this.#prepared.settings.maxWorkers;
    return { threadsBusy: Math.min(threads, this.#state.running.size), threads, capacity };
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
        this.#output?.close();
        process.exit(ExitCode.INTERRUPTED);
        break;
      default:
        assertNever(level);
    }
  }

  #drain(cause: string): void {
    if (this.#state.interrupt !== 'none') return;
    this.#state.interrupt = 'draining';
    const running = this.#state.running.size;
    this.#output?.notice(
      `${cause}: no new task starts, ${running} running finish${running === 1 ? 'es' : ''}; Ctrl-C again stops now`,
    );
    this.#run?.pause();
    this.#cancelWhenDrained();
  }

  #cancelWhenDrained(): void {
    if (this.#state.running.size > 0) return;
    // Not inside an event of the run: what comes after the last end may still be the end of the run itself.
    setImmediate(() => {
      if (this.#state.running.size === 0) this.#run?.cancel(`interrupted by ${this.#interruptedBy ?? 'a signal'}`);
    });
  }

  #stop(cause: string): void {
    this.#state.interrupt = 'stopping';
    this.#output?.notice(`${cause}: running tasks are ended now; Ctrl-C again leaves at once`);
    this.#run?.cancel(`interrupted by ${cause}`);
  }

  #summarise(execution: WorkflowExecution): void {
    const { stdout, stderr, environment } = this.#shell;
    const { steps } = this.#prepared.workflow;
    this.#output?.close();
    if (this.#flags.json === true) stdout.line(summaryJsonLine(execution));
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

  // A run that completed all the same is a completed run: the signal came when its last tasks were under way.
  #exitCode(execution: WorkflowExecution): ExitCode {
    if (execution.status === 'completed') return ExitCode.COMPLETED;
    return this.#interruptedBy === undefined ? ExitCode.RUN_FAILED : ExitCode.INTERRUPTED;
  }
}
