// Owns the composition of an engine: the one place where guard, scheduler, threads and actors are made and joined, over
// the ports for time, chance, ids and storage. Order of the parts = order of the root supervisor's children; stopping goes the other way.
//
//   root supervisor (one_for_one)
//   ├─ journal ── resource-manager ── worker-pool ── dispatcher
//   ├─ sessions (registry) ── session ── workflows (registry) ── workflow ── tasks (registry) ── task
//   └─ single-tasks (registry) ── task

import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ActorRegistry, createRegistryLogic, registryOf } from '../actors/actor-registry.ts';
import { Dispatcher } from '../actors/dispatcher.ts';
import { createJournalLogic } from '../actors/journal-keeper.ts';
import { createResourceManagerLogic } from '../actors/resource-manager.ts';
import type { SessionLogic } from '../actors/session.ts';
import { SingleTasks } from '../actors/single-tasks.ts';
import { type ActorSupervisor, startSupervisor } from '../actors/supervisor.ts';
import type { ChildSpec } from '../actors/supervisor-child-spec.ts';
import type { SupervisorEnd } from '../actors/supervisor-core.ts';
import type { TaskLogic } from '../actors/task-record.ts';
import { TaskRunner } from '../actors/task-runner.ts';
import { WorkerPool } from '../actors/worker-pool.ts';
import type { IdSource, SessionId } from '../domain/ids.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import type { TaskAction } from '../domain/task-context.ts';
import type { Journal, WriterDeath } from '../journal/journal.ts';
import { CapacityGuard } from '../resources/capacity-guard.ts';
import { type CapacityRequest, Pool } from '../scheduling/ready-task.ts';
import { Scheduler } from '../scheduling/scheduler.ts';
import { InlineExecutor } from '../workers/inline-executor.ts';
import type { Inspector, ResolvedConfig } from './engine-config.ts';
import {
  type EnginePool,
  type EnginePorts,
  type EngineTimers,
  type OpenedJournal,
  systemPorts,
} from './engine-ports.ts';
import { engineResources, registerResources } from './engine-resources.ts';
import { EventBus } from './event-bus.ts';
import { inlineResources } from './inline-resources.ts';
import { OpenTelemetryTracing } from './open-telemetry.ts';
import { RestartLog } from './restart-log.ts';
import { isModuleKnown } from './surroundings.ts';
import { WaitAnnouncer } from './wait-announcer.ts';
import { capacityHolders, explanationParts } from './wait-desk.ts';

/**
 * one_for_one, because what the actors work on (queue, guard, runs) lives beside them and outlasts a crash; with a
 * durable journal behind it the tree can become rest_for_one and rebuild everything from facts.
 */
const ROOT_FLAGS = { strategy: 'one_for_one', intensity: 3, periodMs: 5_000 } as const;

export class EngineRuntime {
  readonly config: ResolvedConfig;
  readonly ports: EnginePorts;
  readonly timers: EngineTimers;
  readonly idleTimers: EngineTimers;
  readonly bus: EventBus;
  readonly restarts: RestartLog;
  readonly tracing = new OpenTelemetryTracing();
  readonly ids: IdSource;
  readonly journal: Journal;
  /** What other processes ask of this engine; null = its store is its own. */
  readonly requests: OpenedJournal['requests'];
  readonly guard: CapacityGuard;
  readonly scheduler: Scheduler<CapacityRequest>;
  readonly dispatcher: Dispatcher;
  readonly runner: TaskRunner;
  readonly workerPool: WorkerPool<EnginePool>;
  readonly inline: InlineExecutor;
  readonly startedAtMs: number;
  /** Where tasks' artifacts are kept; without a data folder in a temporary one, which goes with the engine. */
  readonly artifactsDir: string;
  /** Task modules registered by the program, for threads that start later. */
  readonly #taskModules = new Map<string, string>();
  #supervisor: ActorSupervisor | undefined;
  /** Called when the root supervisor has given up: no part of the tree is left. */
  onGaveUp: (end: SupervisorEnd) => void = () => {};
  /** Called when a session's actor ended with an error. */
  onSessionCrashed: (sessionId: string, error: unknown) => void = () => {};
  /** Called when the registry of all sessions crashed and another took its place. */
  onSessionsRestarted: () => void = () => {};
  /** Called when a task module or an inline task became known. */
  onModulesChanged: () => void = () => {};
  /** Called once, when facts cannot be made durable any more. */
  onJournalFailed: (error: RuntimeError) => void = () => {};
  #singles: SingleTasks | undefined;
  #isStopping = false;
  #hasJournalFailed = false;

  private constructor(config: ResolvedConfig, ports: EnginePorts, opened: OpenedJournal) {
    this.config = config;
    this.ports = ports;
    this.timers = ports.timers;
    this.idleTimers = ports.idleTimers;
    this.ids = ports.ids;
    this.startedAtMs = this.timers.now();
    this.artifactsDir = config.inMemory
      ? join(tmpdir(), `yardmaster-${this.ids.runId()}`)
      : join(config.dataDir, 'artifacts');
    this.bus = new EventBus(this.timers);
    this.restarts = new RestartLog(this.bus, this.timers);
    this.journal = opened.journal;
    this.requests = opened.requests;
    this.guard = new CapacityGuard({ clock: this.timers, timers: this.idleTimers, ids: this.ids, events: this.bus });
    registerResources(this.guard, engineResources(config.resources));
    const waits = new WaitAnnouncer(this.bus, () => explanationParts(this));
    this.scheduler = new Scheduler<CapacityRequest>(this.guard, {
      ageingMs: config.ageingMs,
      onWait: (task) => waits.announce(task),
    });
    this.dispatcher = new Dispatcher(this.scheduler, {
      clock: this.timers,
      timers: this.timers,
      mayStart: () => !this.journal.isCongested,
    });
    this.journal.onChange(() => this.#journalChanged());
    this.journal.onWriterRestarted((death) => this.#writerRestarted(death));
    this.runner = new TaskRunner({
      scheduler: this.scheduler,
      dispatcher: this.dispatcher,
      journal: this.journal,
      events: this.bus,
      clock: this.timers,
      timers: this.timers,
      random: ports.random,
      cancelGraceMs: config.cancelGraceMs,
      taskMachine: config.taskMachine,
      tracing: this.tracing,
    });
    this.workerPool = new WorkerPool(() => this.#startThreads(), this.dispatcher);
    this.inline = this.#createInline();
    this.guard.onFreed(() => this.dispatcher.capacityFreed());
    this.guard.countQueued((index) => this.scheduler.waitingFor(index));
    this.guard.watchDeadlocks(() => capacityHolders(this));
  }

  /** Opens the journal, starts every part and waits for the threads. @throws RuntimeError DATA_DIR_*, JOURNAL_* */
  static async start(config: ResolvedConfig, ports: EnginePorts = systemPorts()): Promise<EngineRuntime> {
    const runtime = new EngineRuntime(config, ports, await ports.openJournal(config, ports.timers));
    try {
      await runtime.#startActors();
    } catch (error) {
      await runtime.stop();
      throw error;
    }
    return runtime;
  }

  get supervisor(): ActorSupervisor {
    if (this.#supervisor === undefined) throw new RuntimeError('ENGINE_CLOSED', 'the engine has not started');
    return this.#supervisor;
  }

  /** The registry under which sessions live. */
  get sessions(): ActorRegistry<SessionLogic> {
    return registryOf<SessionLogic>(this.actor('sessions'));
  }

  /** Tasks that are submitted one by one. */
  get singles(): SingleTasks {
    if (this.#singles === undefined) throw new RuntimeError('ENGINE_CLOSED', 'the engine has not started');
    return this.#singles;
  }

  /** Starts nothing any more and waits for what runs, at most `drainMs`. */
  async drain(drainMs: number): Promise<void> {
    this.#tell('dispatcher', { type: 'dispatch.drain' });
    const limit = this.after(drainMs);
    await Promise.race([this.dispatcher.idle(), limit.promise]);
    limit.cancel();
  }

  setDispatching(on: boolean): void {
    this.#tell('dispatcher', { type: on ? 'dispatch.resume' : 'dispatch.hold' });
  }

  isDispatching(): boolean {
    return this.#supervisor?.child('dispatcher')?.getSnapshot().value === 'dispatching';
  }

  /** A promise for the time when `delayMs` have passed. */
  after(delayMs: number): { readonly promise: Promise<void>; cancel(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const handle = this.timers.schedule(this.timers.now() + delayMs, resolve);
    return { promise, cancel: () => this.timers.cancel(handle) };
  }

  /** @throws RuntimeError ARGUMENT_INVALID for what is no file URL */
  registerTaskModule(name: string, url: string | URL): void {
    const href = String(url);
    if (name === '' || !URL.canParse(href) || new URL(href).protocol !== 'file:') {
      throw new RuntimeError('ARGUMENT_INVALID', `task module '${name}' needs a name and a file URL, not '${href}'`);
    }
    this.#taskModules.set(name, href);
    this.onModulesChanged();
  }

  registerInlineTask(module: string, action: string, run: TaskAction): void {
    this.inline.register(module, action, run);
    this.onModulesChanged();
  }

  knowsModule(module: string): boolean {
    return this.#taskModules.has(module) || this.inline.has(module) || isModuleKnown(module, this.config.tasksDirs);
  }

  /** The same for one action: of an inline module only those that were registered. */
  knowsAction(module: string, action: string): boolean {
    if (this.inline.has(module)) return this.inline.has(module, action);
    return this.#taskModules.has(module) || isModuleKnown(module, this.config.tasksDirs);
  }

  /** The current actor of a part; after a restart it is another one. */
  actor(id: string): NonNullable<ReturnType<ActorSupervisor['child']>> {
    const ref = this.supervisor.child(id);
    if (ref === undefined)
      throw new RuntimeError('ACTOR_CRASHED', `the engine's '${id}' is down; see getHealthStatus()`);
    return ref;
  }

  /**
   * Makes a registry end with an error, for the root supervisor to hear of it. With the registry down already the engine
   * is on its way down too, and the next one takes up what was in it.
   */
  crashRegistry(id: 'sessions' | 'single-tasks', fault: unknown): void {
    const ref = this.#supervisor?.child(id);
    if (ref !== undefined) registryOf(ref).crash(fault);
  }

  /** Stops every part in reverse order; resolves when no thread, timer or file is left. */
  async stop(): Promise<void> {
    const supervisor = this.#supervisor;
    this.#isStopping = true;
    if (supervisor !== undefined) {
      this.#tell('dispatcher', { type: 'dispatch.stop' });
      await this.#endOf('worker-pool', { type: 'pool.stop' });
      // Its actor may be gone, and the threads must not stay.
      await this.workerPool.stop();
      this.#tell('resource-manager', { type: 'resource.close' });
      this.guard.close();
      await this.#endOf('journal', { type: 'journal.close' });
      await this.journal.close();
      await supervisor.stop();
    }
    await this.inline.close({ drainMs: 0 });
    await this.journal.close();
    this.tracing.close();
    this.timers.close();
    this.idleTimers.close();
    if (this.config.inMemory) await rm(this.artifactsDir, { recursive: true, force: true });
  }

  async #startActors(): Promise<void> {
    const { inspect } = this.config;
    this.#supervisor = startSupervisor(ROOT_FLAGS, this.#childSpecs(), {
      clock: this.timers,
      timers: this.timers,
      events: this.restarts,
      ...(inspect === undefined ? {} : { inspect: harmless(inspect) }),
    });
    void this.#supervisor.done.then((end) => {
      if (!this.#isStopping) this.onGaveUp(end);
    });
    this.dispatcher.setExecutor(Pool.INLINE, this.inline);
    this.#singles = new SingleTasks(
      {
        runner: this.runner,
        scheduler: this.scheduler,
        journal: this.journal,
        events: this.bus,
        clock: this.timers,
        leavesEarlier: this.config.resume === 'manual',
        escalate: (fault) => this.crashRegistry('single-tasks', fault),
      },
      { runId: this.ids.runId(), sessionId: 'single-tasks' as SessionId },
      () => registryOf<TaskLogic>(this.actor('single-tasks')),
    );
    await this.#poolReady();
  }

  #childSpecs(): ChildSpec[] {
    return [
      { id: 'journal', restart: 'transient', start: () => ({ logic: createJournalLogic(this.journal) }) },
      {
        id: 'resource-manager',
        restart: 'transient',
        start: () => ({ logic: createResourceManagerLogic(this.guard) }),
      },
      { id: 'worker-pool', restart: 'transient', start: () => ({ logic: this.workerPool.createLogic() }) },
      { id: 'dispatcher', restart: 'transient', start: () => ({ logic: this.dispatcher.createLogic() }) },
      {
        id: 'sessions',
        restart: 'transient',
        type: 'supervisor',
        start: () => ({ logic: this.#createSessionsLogic() }),
      },
      {
        id: 'single-tasks',
        restart: 'transient',
        type: 'supervisor',
        start: () => ({ logic: this.#createSingleTasksLogic() }),
      },
    ];
  }

  /** Tells an observer of the whole tree from now on, until the result is called. */
  inspect(observer: Inspector): () => void {
    const { system } = this.supervisor.ref;
    const subscription = system.inspect(harmless(observer));
    return () => subscription.unsubscribe();
  }

  #createSingleTasksLogic() {
    const crashed = this.#singles;
    const error = new Error('the registry of single tasks crashed');
    if (crashed !== undefined) queueMicrotask(() => crashed.restartTasks(error));
    return this.runner.createRegistryLogic();
  }

  #createSessionsLogic() {
    // Not the first: the tree stands.
    if (this.#supervisor !== undefined) queueMicrotask(() => this.onSessionsRestarted());
    return createRegistryLogic<SessionLogic>({
      childId: 'session',
      onDone: () => {},
      onError: (child, error) => this.onSessionCrashed(child.getSnapshot().context.sessionId, error),
    });
  }

  /** Resolves once the threads are up. @throws RuntimeError INTERNAL when none can be started */
  #poolReady(): Promise<void> {
    const actor = this.actor('worker-pool');
    return new Promise((resolve, reject) => {
      const look = (snapshot: { readonly value?: unknown; readonly context?: unknown }) => {
        if (snapshot.value === 'starting') return;
        if (snapshot.value === 'dead') {
          reject(
            new RuntimeError('INTERNAL', 'no worker thread could be started; see `yardmaster doctor`', {
              details: { context: snapshot.context },
            }),
          );
        } else resolve();
      };
      actor.subscribe({ next: look, error: reject });
      look(actor.getSnapshot());
    });
  }

  /** Sends an event to an actor of the tree; one that is down misses it. */
  #tell(id: string, event: { readonly type: string; readonly threadId?: number; readonly reason?: string }): void {
    this.#supervisor?.child(id)?.send(event);
  }

  /** Sends an actor of the tree its last event and resolves when it has ended. */
  #endOf(id: string, event: { readonly type: string }): Promise<void> {
    const actor = this.supervisor.child(id);
    if (actor === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      actor.subscribe({ complete: () => resolve(), error: () => resolve() });
      actor.send(event);
      if (actor.getSnapshot().status !== 'active') resolve();
    });
  }

  #journalChanged(): void {
    const { failure } = this.journal;
    if (failure === null) this.dispatcher.pumpSoon();
    else if (!this.#hasJournalFailed) {
      this.#hasJournalFailed = true;
      this.#tell('journal', { type: 'journal.failed', reason: failure.message });
      this.bus.emit('journal.failed', {}, { error: serializeError(failure) });
      this.onJournalFailed(failure);
    }
  }

  #writerRestarted({ error, deaths }: WriterDeath): void {
    this.restarts.emit(
      'supervisor.restarted',
      {},
      {
        supervisor: 'journal',
        child: 'journal-writer',
        reason: 'error',
        restarts: deaths,
        children: ['journal-writer'],
        error: serializeError(error, 'JOURNAL_WRITE_FAILED'),
      },
    );
  }

  async #startThreads(): Promise<EnginePool> {
    const { config } = this;
    return await this.ports.startPool({
      threads: config.maxWorkers,
      tasksDirs: config.tasksDirs,
      modules: this.#taskModules,
      ledgerBuffer: this.guard.ledger.buffer,
      artifactsDir: this.artifactsDir,
      ...(config.threadHeapMb === undefined ? {} : { heapLimitMb: config.threadHeapMb }),
      sink: this.runner,
      timers: this.timers,
      clock: this.timers,
      slotFree: () => this.dispatcher.pumpSoon(),
      warnings: (message, error) => this.bus.emit('worker.warning', {}, { message, error }),
      host: {
        threadStarted: (threadId) => {
          this.bus.emit('worker.started', {}, { threadId });
          const health = this.workerPool.pool?.health();
          if (health !== undefined && health.alive >= health.wanted)
            this.#tell('worker-pool', { type: 'pool.complete' });
        },
        threadExited: (threadId, { code, killed }) => {
          this.#tell('resource-manager', { type: 'resource.thread-exited', threadId });
          const reason = killed ? 'stopped' : this.#isStopping ? 'shutdown' : 'died';
          this.bus.emit(killed ? 'worker.killed' : 'worker.exited', {}, { threadId, code, reason });
          this.#tell('worker-pool', { type: 'pool.thread-exited' });
        },
        threadsDied: (reason) => this.#tell('worker-pool', { type: 'pool.died', reason }),
        sealThread: (threadId) => this.guard.sealThread(threadId),
        allocate: async (threadId, request, { attemptKey, ...options }) => {
          const priority = this.runner.priorityOf(attemptKey);
          await this.guard.acquireForThread(threadId, request, { ...options, priority });
        },
      },
    });
  }

  #createInline(): InlineExecutor {
    return new InlineExecutor({
      sink: this.runner,
      timers: this.timers,
      clock: this.timers,
      artifactsDir: this.artifactsDir,
      resources: inlineResources(this.guard, (attemptKey) => this.runner.priorityOf(attemptKey)),
      maxConcurrency: this.config.maxInlineTasks,
      slotFree: () => this.dispatcher.pumpSoon(),
    });
  }
}

/** An inspector, so wrapped that it can never throw into the engine. */
function harmless(inspect: Inspector): Inspector {
  return (event) => {
    try {
      inspect(event);
    } catch {
      // An observer's fault is not the engine's.
    }
  };
}
