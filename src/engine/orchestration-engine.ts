// Owns the facade of an engine: sessions, runs and single tasks, with the managers beside it. The parts themselves are
// composed in engine-runtime.ts; what a run is made of is in workflow-plan.ts.

import type { ActorSupervisor } from '../actors/supervisor.ts';
import type { RuntimeEventHandler, RuntimeEventType } from '../domain/events.ts';
import type { RunId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { ExecutionMode } from '../domain/statuses.ts';
import type { ArtifactReference, TaskAction } from '../domain/task-context.ts';
import type { WaitExplanation } from '../domain/wait-reason.ts';
import type { WorkflowDefinition } from '../domain/workflow-definition.ts';
import type { RunFilter } from '../journal/journal.ts';
import type { RunHistory } from '../journal/run-history.ts';
import type { RunRecord } from '../journal/run-record.ts';
import type { Deadlock } from '../resources/deadlock-watch.ts';
import {
  requireDrain,
  requireLimit,
  requireMode,
  requireParams,
  requirePositive,
  requireRunId,
} from './argument-checks.ts';
import { ArtifactShelf } from './artifact-shelf.ts';
import { type EngineConfig, type Inspector, resolveConfig } from './engine-config.ts';
import { EngineCounters } from './engine-counters.ts';
import type { EnginePorts } from './engine-ports.ts';
import { EngineRuntime } from './engine-runtime.ts';
import { type HealthStatus, healthStatus, type SystemStatus, systemStatus } from './engine-status.ts';
import { type ActorSubject, type LiveActor, liveActors, subjectOfKey } from './live-actors.ts';
import type { OrchestrationSession, SessionSettings } from './orchestration-session.ts';
import { RequestDesk } from './request-desk.ts';
import { ResourceManager } from './resource-manager.ts';
import { type PruneSummary, Retention } from './retention.ts';
import { RunLauncher } from './run-launcher.ts';
import { type RerunOptions, RunRecords } from './run-records.ts';
import { RunRecovery } from './run-recovery.ts';
import { RunRestarts } from './run-restarts.ts';
import { SessionDesk } from './session-desk.ts';
import { type SimulationRequest, simulateOnEngine } from './simulation/engine-simulation.ts';
import type { SimulationReport } from './simulation/simulation-report.ts';
import { estimatedDurations } from './simulation/step-durations.ts';
import type { Task, TaskOptions, TaskResult } from './task.ts';
import { taskHostOf } from './task-host.ts';
import { TaskOrchestrator } from './task-orchestrator.ts';
import { restoreSingleTask } from './task-recovery.ts';
import type { ExplainOptions } from './wait-desk.ts';
import type { CompiledWorkflow } from './workflow-compiler.ts';
import type { WorkflowExecution } from './workflow-execution.ts';
import { WorkflowManager } from './workflow-manager.ts';
import type { WorkflowRun } from './workflow-run-handle.ts';

/** How long `shutdown` lets running tasks go on when nothing is said. */
const DEFAULT_DRAIN_MS = 5_000;

export interface RunOptions {
  readonly params?: JsonObject;
  readonly sessionId?: string;
  /** Given twice, the first run is returned; with another workflow or parameters it is an error. */
  readonly runId?: string;
  readonly mode?: ExecutionMode;
  /** Tasks of the run at once. */
  readonly maxParallel?: number;
}

/** One runtime: sessions, workflows, tasks, threads and capacity, until it is shut down. */
export class OrchestrationEngine implements AsyncDisposable {
  readonly workflows: WorkflowManager;
  readonly tasks: TaskOrchestrator;
  readonly resources: ResourceManager;
  readonly #runtime: EngineRuntime;
  readonly #sessions: SessionDesk;
  readonly #launcher: RunLauncher;
  readonly #recovery: RunRecovery;
  readonly #records: RunRecords;
  readonly #retention: Retention;
  readonly #requests: RequestDesk;
  readonly #counters: EngineCounters;
  #shutdown: Promise<void> | undefined;
  /** What made the engine end itself. */
  #endedBy: RuntimeError | undefined;

  private constructor(runtime: EngineRuntime) {
    this.#runtime = runtime;
    this.resources = new ResourceManager(runtime.guard);
    this.workflows = new WorkflowManager(
      {
        startCompiled: (workflow, options) => this.startCompiled(workflow, options),
        executeWorkflow: (name, params) => this.executeWorkflow(name, params),
        findRun: (runId) => this.#records.find(runId),
        // A turn later, so that a handler registered right after `create` hears of it.
        reportLoadError: ({ file, line, faults }) =>
          setImmediate(() =>
            runtime.bus.emit('workflow.load-failed', {}, { file, ...(line === undefined ? {} : { line }), faults }),
          ),
      },
      runtime.config.workflowsDir,
    );
    this.#sessions = new SessionDesk(runtime);
    this.#launcher = new RunLauncher(runtime, this.#sessions, (run, execution) => {
      this.workflows.recordExecution(execution);
      this.#counters.runEnded(run);
    });
    const taskHost = taskHostOf(runtime, this.#launcher, () => this.#requireOpen());
    this.tasks = new TaskOrchestrator(taskHost);
    this.#recovery = new RunRecovery({
      runtime,
      launcher: this.#launcher,
      sessions: this.#sessions,
      restoreTask: (history, recover) => restoreSingleTask(history, taskHost, recover),
    });
    this.#launcher.waits.heldBecause = (runId) => this.#recovery.heldBecause(runId);
    this.#records = new RunRecords(runtime, this.#launcher, this.#recovery, this.#sessions);
    this.#retention = new Retention(runtime);
    this.#requests = new RequestDesk(runtime, this);
    this.#listen();
    this.#counters = new EngineCounters({
      openRuns: () => this.#launcher.book.open(),
      singles: () => runtime.singles,
      sessions: () => this.#sessions.book.counts(),
      definedWorkflows: () => this.workflows.listWorkflows().length,
    });
  }

  /**
   * Starts an engine: its first thread is up and its workflows are loaded when it resolves; other threads follow. Runs
   * that an earlier engine left unfinished in the data folder go on a turn later, unless `resume` is 'manual'.
   * @throws RuntimeError CONFIG_INVALID, FILE_UNREADABLE for a workflows folder that is none, DATA_DIR_LOCKED,
   * DATA_DIR_UNWRITABLE, JOURNAL_CORRUPT, JOURNAL_NEWER
   * @example
   * await using engine = await OrchestrationEngine.create({ dataDir: ':memory:' });
   * engine.workflows.createWorkflow('greet', [{ name: 'hello', module: 'core', action: 'echo', parameters: { message: 'hi' } }]);
   * const execution = await engine.executeWorkflow('greet');
   */
  static create(config: EngineConfig = {}): Promise<OrchestrationEngine> {
    return OrchestrationEngine.createWith(config);
  }

  /** The same over ports of one's own, for simulations of the whole engine. */
  static async createWith(config: EngineConfig, ports?: EnginePorts): Promise<OrchestrationEngine> {
    const engine = new OrchestrationEngine(await EngineRuntime.start(resolveConfig(config), ports));
    try {
      await engine.workflows.loadFolder();
    } catch (error) {
      await engine.shutdown({ drainMs: 0 });
      throw error;
    }
    if (engine.#runtime.config.resume === 'auto') engine.#resumeSoon();
    engine.#requests.start();
    return engine;
  }

  // --- sessions

  /** @throws RuntimeError ARGUMENT_INVALID, RESOURCE_* for requirements that can never be met, ENGINE_CLOSED */
  createSession(name: string, mode?: ExecutionMode, options: SessionSettings = {}): OrchestrationSession {
    this.#requireOpen();
    return this.#sessions.create(name, mode, options).session;
  }

  getSession(sessionId: string): OrchestrationSession | undefined {
    return this.#sessions.book.find(sessionId)?.session;
  }

  /** Lets the session's runs end, starts no new one, and resolves when it is closed. @throws RuntimeError SESSION_NOT_FOUND */
  async closeSession(sessionId: string): Promise<OrchestrationSession> {
    const { session, actor } = this.#sessions.book.require(sessionId);
    if (actor.endedAtMs !== null) return session;
    actor.actor.send({ type: 'session.close' });
    await actor.closed;
    return session;
  }

  // --- runs

  /**
   * Runs a workflow to its end, whatever the end is.
   * @throws RuntimeError ARGUMENT_INVALID, WORKFLOW_NOT_FOUND, SESSION_NOT_FOUND, SESSION_CLOSED, PARAMETER_INVALID, RESOURCE_*, ENGINE_CLOSED
   */
  async executeWorkflow(name: string, params: JsonObject = {}, sessionId?: string): Promise<WorkflowExecution> {
    return await this.startWorkflow(name, params, sessionId).result();
  }

  /** Starts a run and gives the handle on it. @throws as `executeWorkflow` */
  startWorkflow(
    name: string,
    params: JsonObject = {},
    sessionId?: string,
    options: Omit<RunOptions, 'params' | 'sessionId'> = {},
  ): WorkflowRun {
    this.#requireOpen();
    const session = sessionId === undefined ? {} : { sessionId };
    return this.startCompiled(this.workflows.getCompiled(name), { ...options, ...session, params });
  }

  /** Starts a run of a compiled workflow, known to the engine or not. @throws as `executeWorkflow` */
  startCompiled(workflow: CompiledWorkflow, options: RunOptions = {}): WorkflowRun {
    this.#requireOpen();
    const { definition } = workflow;
    const params = requireParams(workflow, options.params ?? {});
    if (options.runId !== undefined) {
      const known = this.#records.known(requireRunId(options.runId), definition.name, params);
      if (known !== undefined) return known;
    }
    const given = options.sessionId === undefined ? undefined : this.#sessions.book.require(options.sessionId);
    const mode = requireMode(
      options.mode ?? definition.mode ?? given?.session.mode ?? this.#runtime.config.defaultMode,
    );
    return this.#launcher.launch({
      runId: (options.runId ?? this.#runtime.ids.runId()) as RunId,
      workflow,
      params,
      mode,
      maxParallel: requireLimit(options.maxParallel ?? definition.maxParallel, 'maxParallel'),
      session: () => given ?? this.#sessions.create(definition.name, mode, {}),
      ownSession: given === undefined,
    });
  }

  /** A run of this engine, under way or ended, or an ended one of an earlier life of it. */
  getRun(runId: string): WorkflowRun | undefined {
    return this.#records.find(runId);
  }

  // --- runs on record

  /** Records of runs, newest first: of this engine and of earlier ones on the data folder. */
  listRuns(filter: RunFilter = { kind: 'workflow' }): RunRecord[] {
    return [...this.#runtime.journal.runs(filter)];
  }

  /** Runs that have neither ended nor been parked, newest first. */
  unfinishedRuns(): RunRecord[] {
    return this.listRuns({ kind: 'workflow', open: true });
  }

  /** What a run and each of its tasks went through, from the journal. @throws RuntimeError JOURNAL_CORRUPT */
  getRunHistory(runId: string): RunHistory | undefined {
    return this.#records.history(runId);
  }

  /** The workflow as a run was started with it, whatever became of it since; undefined for a single task. */
  getRunDefinition(runId: string): WorkflowDefinition | undefined {
    return this.#records.definitionOf(runId);
  }

  /** Why an unfinished run does not go on (a module is not known, say); undefined when nothing holds it. */
  heldBecause(runId: string): RuntimeError | undefined {
    return this.#recovery.heldBecause(runId);
  }

  /**
   * Makes an unfinished run go on: one of an earlier life of the engine, a paused one, or a parked one, whose
   * recoveries then count from 0 again.
   * @throws RuntimeError RUN_NOT_FOUND, RUN_ENDED, MODULE_NOT_FOUND, RESOURCE_*, JOURNAL_CORRUPT, ENGINE_CLOSED
   */
  resumeRun(runId: string): WorkflowRun {
    this.#requireOpen();
    const known = this.#launcher.book.find(requireRunId(runId));
    if (known === undefined || known.hasEnded) return this.#recovery.resume(runId);
    known.resume();
    return known;
  }

  /**
   * Repeats an ended run as a new one, of the workflow and parameters on record; outputs of steps that are not done
   * again are taken over.
   * @throws RuntimeError RUN_NOT_FOUND, RUN_NOT_ENDED, TASK_NOT_FOUND, RUN_EXISTS, ENGINE_CLOSED
   */
  rerun(runId: string, options: RerunOptions = {}): WorkflowRun {
    this.#requireOpen();
    if (options.runId !== undefined) requireRunId(options.runId);
    return this.#records.rerun(requireRunId(runId), options);
  }

  /** Forgets runs and single tasks that ended longer ago than an age, with their artifacts. @throws RuntimeError ARGUMENT_INVALID, JOURNAL_* */
  pruneRuns({ olderThanMs }: { readonly olderThanMs: number }): Promise<PruneSummary> {
    this.#requireOpen();
    const ageMs = requirePositive(olderThanMs, 'olderThanMs') ?? 0;
    return this.#retention.prune(this.#runtime.timers.now() - ageMs);
  }

  /** The bytes of an artifact, checked against its hash. @throws RuntimeError ARTIFACT_MISSING, ARTIFACT_CORRUPT */
  readArtifact(reference: ArtifactReference): Promise<Uint8Array> {
    return new ArtifactShelf(this.#runtime.artifactsDir).read(reference);
  }

  // --- single tasks

  /** Submits a single task and gives its id at once. @throws as TaskOrchestrator.submitTask */
  submitTask(task: Task | TaskOptions): string {
    return this.tasks.submitTask(task);
  }

  /** Resolves when the task has ended, whatever its end. @throws RuntimeError TASK_NOT_FOUND */
  waitForTask(taskId: string): Promise<TaskResult> {
    return this.tasks.waitForTask(taskId);
  }

  /**
   * Makes an unfinished single task of an earlier life go on: a parked one, whose recoveries then count from 0 again, or
   * one that waited for `resume`. Harmless when it is under way or has ended.
   * @throws RuntimeError TASK_NOT_FOUND, MODULE_NOT_FOUND, RESOURCE_*, ENGINE_CLOSED
   */
  resumeTask(taskId: string): void {
    this.#requireOpen();
    this.#recovery.resumeTask(taskId);
  }

  /** Makes a file of actions known under a name; its actions run in threads. @throws RuntimeError ARGUMENT_INVALID */
  registerTaskModule(name: string, url: string | URL): void {
    this.#requireOpen();
    this.#runtime.registerTaskModule(name, url);
  }

  /** Makes a function known as an action that runs on the main loop: for I/O, not for CPU work. */
  registerInlineTask(module: string, action: string, run: TaskAction): void {
    this.#requireOpen();
    this.#runtime.registerInlineTask(module, action, run);
  }

  // --- looking at it

  /**
   * Why the tasks of a run (or a single task, by its id) wait: those that have neither ended nor begun, ready ones first.
   * @throws RuntimeError RUN_NOT_FOUND, TASK_NOT_FOUND for a step that the run does not have, JOURNAL_CORRUPT
   */
  explain(runId: string, options: ExplainOptions = {}): WaitExplanation[] {
    return this.#launcher.waits.explain(runId, options);
  }

  /** Task bodies that wait for each other's capacity for ever, as things stand. */
  findDeadlocks(): Deadlock[] {
    return this.#launcher.waits.findDeadlocks();
  }

  /**
   * How a run of a workflow would go, in virtual time on the same scheduler, with durations as given, else as recorded.
   * @throws RuntimeError WORKFLOW_NOT_FOUND, ARGUMENT_INVALID, RESOURCE_*
   */
  simulateWorkflow(name: string, request: SimulationRequest = {}): SimulationReport {
    const workflow = this.workflows.getCompiled(name);
    const durations = estimatedDurations(workflow, this.#runtime.journal.durationsOf(name));
    const poolOf = (step: { readonly module: string; readonly action: string }) => this.#launcher.poolOf(step);
    return simulateOnEngine(workflow, this.#runtime.config, request, { durations, poolOf });
  }

  /** Calls the handler for every event of a type, or all for '*'; call the result to stop. @throws RuntimeError ARGUMENT_INVALID */
  registerEventHandler(type: RuntimeEventType | '*', handler: RuntimeEventHandler): () => void {
    return this.#runtime.bus.on(type, handler);
  }

  getHealthStatus(): HealthStatus {
    const isClosed = this.#shutdown !== undefined;
    return healthStatus(this.#runtime, this.#counters.read(), isClosed ? this.#whyClosed() : null);
  }

  getSystemStatus(): SystemStatus {
    return systemStatus(this.#runtime, this.#counters.read());
  }

  /**
   * Tells an observer of every inspection event of the actor tree from now on, as XState's `inspect` does, until the result
   * is called. What it throws is ignored. Nothing is told, nor costs anything, while nobody inspects.
   */
  inspect(observer: Inspector): () => void {
    return this.#runtime.inspect(observer);
  }

  /** Every actor that is alive now, parents first. */
  liveActors(): Iterable<LiveActor> {
    return liveActors(this.#runtime, this.#sessions.book.open());
  }

  /** Which task the actor is about that has this key in its context; undefined once it has ended. */
  taskOfKey(key: number): ActorSubject | undefined {
    return subjectOfKey(this.#runtime, key);
  }

  /** The root of the engine's actor tree: journal, resource-manager, worker-pool, dispatcher, sessions. */
  get supervisor(): ActorSupervisor {
    return this.#runtime.supervisor;
  }

  /** Whether `shutdown` was called. */
  get isClosed(): boolean {
    return this.#shutdown !== undefined;
  }

  /** Whether a module can be found: registered, built in, or in a tasks folder. */
  knowsModule(module: string): boolean {
    return this.#runtime.knowsModule(module);
  }

  // --- the end

  /**
   * Starts nothing any more, waits at most `drainMs` (default 5 s) for what runs, then ends every thread. What has not
   * ended by then goes on when the next engine starts on the data folder; without one (':memory:') it is cancelled.
   * Harmless when repeated: the first call counts.
   * @throws RuntimeError ARGUMENT_INVALID for a time that is none; the engine goes on then
   */
  async shutdown(options: { readonly drainMs?: number } = {}): Promise<void> {
    // Checked before anything stops: a half-closed engine could never be closed again.
    const drainMs = requireDrain(options?.drainMs ?? DEFAULT_DRAIN_MS);
    this.#shutdown ??= this.#stop(drainMs);
    await this.#shutdown;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  async #stop(drainMs: number): Promise<void> {
    const { config, journal } = this.#runtime;
    this.#requests.stop();
    await this.#runtime.drain(journal.failure === null ? drainMs : 0);
    if (config.inMemory) await this.#cancelAll();
    else this.#suspendAll();
    await this.#retention.close();
    await this.#runtime.stop();
  }

  async #cancelAll(): Promise<void> {
    const reason = 'the engine was shut down';
    this.#runtime.singles.cancelAll(reason);
    const open = this.#sessions.book.open();
    const closed = open.map((actor) => actor.closed);
    for (const actor of open) actor.actor.send({ type: 'session.cancel', reason });
    await Promise.all([...closed, this.#runtime.singles.idle()]);
  }

  #suspendAll(): void {
    const { runner, singles, journal } = this.#runtime;
    // First: what still ends now has no life of its own any more, and is tried again by the next engine.
    runner.freeze();
    for (const actor of this.#sessions.book.open()) actor.suspend();
    singles.suspend();
    const cause = journal.failure ?? this.#endedBy;
    const code = cause?.code ?? 'ENGINE_CLOSED';
    const why = this.#whyClosed();
    this.#launcher.breakPromises((runId) => {
      const message = `run '${runId}' has not ended: ${why}; it goes on with the next engine on the data folder`;
      return new RuntimeError(code, message, { details: { ...cause?.details, runId } });
    });
  }

  // --- inside

  #listen(): void {
    const runtime = this.#runtime;
    runtime.onModulesChanged = () => this.#recovery.modulesChanged();
    const [launcher, recovery, sessions] = [this.#launcher, this.#recovery, this.#sessions];
    const restarts = new RunRestarts({ runtime, launcher, recovery, sessions });
    sessions.onRunCrashed = (run, error) => restarts.runCrashed(run, error);
    runtime.onSessionCrashed = (sessionId, error) => restarts.sessionCrashed(sessionId, error);
    runtime.onSessionsRestarted = () => restarts.sessionsRestarted();
    runtime.onJournalFailed = () => {
      // Nothing that happens from now on would be on record: the engine lets go of everything as it stands.
      if (this.#shutdown === undefined) void this.shutdown({ drainMs: 0 });
    };
    runtime.onGaveUp = (end) => {
      // The actors of the sessions went down with the tree; their runs and threads are still there.
      const why = runtime.restarts.end ?? `its root supervisor ended (${end.cause})`;
      const error = new RuntimeError('ACTOR_CRASHED', `the engine ended itself: ${why}`, { cause: end.error });
      this.#endedBy = error;
      // What is on record goes on in the next engine; what is not ends here.
      if (runtime.config.inMemory) {
        for (const actor of this.#sessions.book.open()) actor.crashed(error);
        runtime.singles.giveUp(error);
      }
      void this.shutdown({ drainMs: 0 });
    };
  }

  // A turn later, so that inline tasks registered right after `create` are known to the runs that need them.
  #resumeSoon(): void {
    const left = this.#recovery.unfinished();
    setImmediate(() => {
      if (this.#shutdown === undefined) this.#recovery.resumeAll(left);
    });
  }

  #whyClosed(): string {
    return (this.#runtime.journal.failure ?? this.#endedBy)?.message ?? 'the engine was shut down';
  }

  #requireOpen(): void {
    if (this.#shutdown === undefined) return;
    throw new RuntimeError('ENGINE_CLOSED', `${this.#whyClosed()}; create a new one`, { cause: this.#endedBy });
  }
}
