// Owns the facade of an engine: sessions, runs and single tasks, with the managers beside it. The parts themselves are
// composed in engine-runtime.ts; what a run is made of is in workflow-plan.ts.

import { SessionActor } from '../actors/session.ts';
import type { ActorSupervisor } from '../actors/supervisor.ts';
import type { WorkflowRun as RunActor } from '../actors/workflow-run.ts';
import type { RuntimeEventHandler, RuntimeEventType } from '../domain/events.ts';
import type { RunId, SessionId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { invariant, RuntimeError } from '../domain/runtime-error.ts';
import { type ExecutionMode, SessionStatus } from '../domain/statuses.ts';
import type { TaskAction } from '../domain/task-context.ts';
import { Lane } from '../scheduling/lane.ts';
import { type CapacityRequest, Pool } from '../scheduling/ready-task.ts';
import {
  requireDrain,
  requireJson,
  requireLimit,
  requireMode,
  requireObject,
  requireParams,
  requirePositive,
  requireRunId,
  requireText,
} from './argument-checks.ts';
import { type EngineConfig, resolveConfig } from './engine-config.ts';
import { EngineCounters } from './engine-counters.ts';
import { EngineRuntime } from './engine-runtime.ts';
import { type HealthStatus, healthStatus, type SystemStatus, systemStatus } from './engine-status.ts';
import { OrchestrationSession, type SessionSettings } from './orchestration-session.ts';
import { ResourceManager } from './resource-manager.ts';
import { RunBook } from './run-book.ts';
import { SessionBook } from './session-book.ts';
import type { Task, TaskOptions, TaskResult } from './task.ts';
import { TaskOrchestrator } from './task-orchestrator.ts';
import type { CompiledWorkflow } from './workflow-compiler.ts';
import { executionOf, type WorkflowExecution } from './workflow-execution.ts';
import { WorkflowManager } from './workflow-manager.ts';
import { createRunPlan } from './workflow-plan.ts';
import { WorkflowRun } from './workflow-run-handle.ts';

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
  readonly #sessions = new SessionBook();
  readonly #runs = new RunBook();
  readonly #counters: EngineCounters;
  #shutdown: Promise<void> | undefined;

  private constructor(runtime: EngineRuntime) {
    this.#runtime = runtime;
    this.resources = new ResourceManager(runtime.guard);
    this.workflows = new WorkflowManager({
      startCompiled: (workflow, options) => this.startCompiled(workflow, options),
      executeWorkflow: (name, params) => this.executeWorkflow(name, params),
      findRun: (runId) => this.#runs.find(runId),
      // A turn later, so that a handler registered right after `create` hears of it.
      reportLoadError: ({ file, line, faults }) =>
        setImmediate(() =>
          runtime.bus.emit('workflow.load-failed', {}, { file, ...(line === undefined ? {} : { line }), faults }),
        ),
    });
    this.tasks = this.#createTaskOrchestrator();
    runtime.onSessionCrashed = (sessionId, error) => this.#sessions.find(sessionId)?.actor.crashed(error);
    runtime.onGaveUp = () => {
      // The actors of the sessions went down with the tree; their runs and threads are still there.
      const error = new RuntimeError(
        'ACTOR_CRASHED',
        'the root supervisor gave up: too many crashes in too short a time',
      );
      for (const actor of this.#sessions.open()) actor.crashed(error);
      void this.shutdown({ drainMs: 0 });
    };
    this.#counters = new EngineCounters({
      openRuns: () => this.#runs.open(),
      singles: () => runtime.singles,
      sessions: () => this.#sessions.counts(),
      definedWorkflows: () => this.workflows.listWorkflows().length,
    });
  }

  /**
   * Starts an engine: its first thread is up and its workflows are loaded when it resolves; other threads follow.
   * @throws RuntimeError CONFIG_INVALID, FILE_UNREADABLE for a workflows folder that is none
   * @example
   * await using engine = await OrchestrationEngine.create({ dataDir: ':memory:' });
   * engine.workflows.createWorkflow('greet', [{ name: 'hello', module: 'core', action: 'echo', parameters: { message: 'hi' } }]);
   * const execution = await engine.executeWorkflow('greet');
   */
  static async create(config: EngineConfig = {}): Promise<OrchestrationEngine> {
    const engine = new OrchestrationEngine(await EngineRuntime.start(resolveConfig(config)));
    try {
      await engine.workflows.loadFolder(engine.#runtime.config.workflowsDir);
    } catch (error) {
      await engine.shutdown({ drainMs: 0 });
      throw error;
    }
    return engine;
  }

  // --- sessions

  /** @throws RuntimeError ARGUMENT_INVALID, RESOURCE_* for requirements that can never be met, ENGINE_CLOSED */
  createSession(name: string, mode?: ExecutionMode, options: SessionSettings = {}): OrchestrationSession {
    this.#requireOpen();
    const { guard, ids, timers, bus, config } = this.#runtime;
    const sessionId = ids.sessionId();
    const requirements = { ...requireObject(options, 'the settings of a session').resourceRequirements };
    const needsResources = Object.keys(requirements).length > 0;
    if (needsResources) guard.prepare(requirements);
    const now = new Date(timers.now()).toISOString();
    const session = new OrchestrationSession({
      sessionId,
      name: requireText(name, 'the name of a session'),
      description: options.description ?? '',
      userId: options.userId ?? '',
      mode: requireMode(mode ?? config.defaultMode),
      maxParallelTasks: requireLimit(options.maxParallelTasks, 'maxParallelTasks'),
      maxParallelWorkflows: requireLimit(options.maxParallelWorkflows, 'maxParallelWorkflows'),
      timeoutMs: requirePositive(options.timeoutMs, 'timeoutMs'),
      resourceRequirements: requirements,
      metadata: requireJson(options.metadata ?? {}, 'the metadata of a session'),
      createdAt: now,
      startedAt: null,
      updatedAt: now,
      completedAt: null,
      status: SessionStatus.PENDING,
    });
    const actor = new SessionActor(
      this.#runParts(),
      {
        sessionId,
        name: session.name,
        maxParallelTasks: session.maxParallelTasks ?? Number.POSITIVE_INFINITY,
        maxParallelWorkflows: session.maxParallelWorkflows ?? Number.POSITIVE_INFINITY,
        timeoutMs: session.timeoutMs,
        acquire: needsResources
          ? async (signal) => {
              const held = await guard.acquire(requirements, { requesterId: sessionId, signal });
              return { release: () => guard.release(held.allocationId) };
            }
          : null,
        ended: () => this.#sessions.ended(sessionId),
      },
      this.#runtime.sessions,
    );
    session.attach(actor);
    this.#sessions.add({ session, actor });
    bus.emit('session.created', { sessionId }, { name: session.name, mode: session.mode });
    return session;
  }

  getSession(sessionId: string): OrchestrationSession | undefined {
    return this.#sessions.find(sessionId)?.session;
  }

  /** Lets the session's runs end, starts no new one, and resolves when it is closed. @throws RuntimeError SESSION_NOT_FOUND */
  async closeSession(sessionId: string): Promise<OrchestrationSession> {
    const { session, actor } = this.#sessions.require(sessionId);
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
    const known =
      options.runId === undefined ? undefined : this.#runs.known(requireRunId(options.runId), definition.name, params);
    if (known !== undefined) return known;
    const given = options.sessionId === undefined ? undefined : this.#sessions.require(options.sessionId);
    const mode = requireMode(
      options.mode ?? definition.mode ?? given?.session.mode ?? this.#runtime.config.defaultMode,
    );
    this.#registerDeclared(workflow);
    const plan = createRunPlan(workflow, {
      mode,
      runParameters: params,
      prepare: (request) => this.#runtime.guard.prepare(request),
      poolOf: (step) => this.#poolOf(step),
    });
    const limit = requireLimit(options.maxParallel ?? definition.maxParallel, 'maxParallel');
    const own = given ?? this.#sessions.require(this.createSession(definition.name, mode).sessionId);
    const runId = (options.runId ?? this.#runtime.ids.runId()) as RunId;
    const result = Promise.withResolvers<WorkflowExecution>();
    let handle: WorkflowRun | undefined;
    own.actor.startRun({
      runId,
      sessionId: own.session.sessionId as SessionId,
      plan,
      parameters: params,
      lane: new Lane<CapacityRequest>({ mode, limit: limit ?? Number.POSITIVE_INFINITY, group: own.actor.group }),
      timeoutMs: definition.timeoutMs,
      created: (run) => {
        handle = new WorkflowRun(run, this.#runtime.bus, result.promise);
        this.#runs.add(handle, run, params);
      },
      ended: (ended) => {
        this.#runEnded(ended, result.resolve);
        if (given === undefined && own.actor.endedAtMs === null) own.actor.actor.send({ type: 'session.close' });
      },
    });
    invariant(handle !== undefined, 'a started run was created');
    return handle;
  }

  /** A run of this engine, under way or ended (the last 1,000 ended ones are known). */
  getRun(runId: string): WorkflowRun | undefined {
    return this.#runs.find(runId);
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

  /** Makes a file of actions known under a name; its actions run in threads. @throws RuntimeError ARGUMENT_INVALID */
  registerTaskModule(name: string, url: string | URL): void {
    this.#requireOpen();
    this.#runtime.registerTaskModule(name, url);
  }

  /** Makes a function known as an action that runs on the main loop: for I/O, not for CPU work. */
  registerInlineTask(module: string, action: string, run: TaskAction): void {
    this.#requireOpen();
    this.#runtime.inline.register(module, action, run);
  }

  // --- looking at it

  /** Calls the handler for every event of a type, or all for '*'; call the result to stop. @throws RuntimeError ARGUMENT_INVALID */
  registerEventHandler(type: RuntimeEventType | '*', handler: RuntimeEventHandler): () => void {
    return this.#runtime.bus.on(type, handler);
  }

  getHealthStatus(): HealthStatus {
    return healthStatus(this.#runtime, this.#counters.read(), this.#shutdown !== undefined);
  }

  getSystemStatus(): SystemStatus {
    return systemStatus(this.#runtime, this.#counters.read());
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
   * Starts nothing any more, waits at most `drainMs` (default 5 s) for what runs, cancels the rest, ends every thread.
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
    await this.#runtime.drain(drainMs);
    const reason = 'the engine was shut down';
    this.#runtime.singles.cancelAll(reason);
    const open = this.#sessions.open();
    const closed = open.map((actor) => actor.closed);
    for (const actor of open) actor.actor.send({ type: 'session.cancel', reason });
    await Promise.all([...closed, this.#runtime.singles.idle()]);
    await this.#runtime.stop();
  }

  // --- inside

  #createTaskOrchestrator(): TaskOrchestrator {
    const runtime = this.#runtime;
    return new TaskOrchestrator({
      get singles() {
        return runtime.singles;
      },
      prepare: (request) => runtime.guard.prepare(request),
      poolOf: (task) => this.#poolOf(task),
      setDispatching: (on) => runtime.setDispatching(on),
      isDispatching: () => runtime.isDispatching(),
      requireOpen: () => this.#requireOpen(),
      after: (timeoutMs) => runtime.after(timeoutMs),
    });
  }

  #runParts() {
    const { runner, scheduler, journal, bus, timers } = this.#runtime;
    return { runner, scheduler, journal, events: bus, clock: timers, timers };
  }

  #poolOf({ module, action }: { readonly module: string; readonly action: string }): Pool {
    return this.#runtime.inline.has(module, action) ? Pool.INLINE : Pool.THREADS;
  }

  #registerDeclared({ definition }: CompiledWorkflow): void {
    for (const { id, type, capacity, granularity } of definition.resources) {
      this.#runtime.guard.register(id, type, capacity, { granularity });
    }
  }

  #runEnded(run: RunActor, resolve: (execution: WorkflowExecution) => void): void {
    const execution = executionOf(run);
    this.workflows.recordExecution(execution);
    this.#counters.runEnded(run);
    this.#runs.ended(run.runId);
    resolve(execution);
  }

  #requireOpen(): void {
    if (this.#shutdown === undefined) return;
    throw new RuntimeError('ENGINE_CLOSED', 'the engine was shut down; create a new one');
  }
}
