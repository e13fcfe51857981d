// Owns an engine's inside without threads: scheduler, dispatcher, runner, sessions and runs over virtual time and an
// executor that does what the test says. So that every order of events can be brought about, and none has to be hoped for.

import { type Actor, createActor } from 'xstate';
import { ActorRegistry } from '../../src/actors/actor-registry.ts';
import { Dispatcher, type DispatcherLogic } from '../../src/actors/dispatcher.ts';
import type { RunPlan } from '../../src/actors/run-plan.ts';
import { type HeldCapacity, SessionActor, type SessionLimits, type SessionLogic } from '../../src/actors/session.ts';
import { SingleTasks } from '../../src/actors/single-tasks.ts';
import type { TaskSpec } from '../../src/actors/task-record.ts';
import { TaskRunner } from '../../src/actors/task-runner.ts';
import type { WorkflowRun } from '../../src/actors/workflow-run.ts';
import type { EventSink, EventSubject, RuntimeEventType } from '../../src/domain/events.ts';
import type { Fact, SessionFrame } from '../../src/domain/facts.ts';
import type { RunId, SessionId } from '../../src/domain/ids.ts';
import type { JsonObject } from '../../src/domain/json-value.ts';
import { createRetryPolicy, type RetryPolicy } from '../../src/domain/retry-policy.ts';
import type { RunTracing } from '../../src/domain/run-tracing.ts';
import type { ExecutionMode } from '../../src/domain/statuses.ts';
import type { AttemptOutcome, TaskAssignment, TaskExecutor } from '../../src/domain/task-executor.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { createMemoryJournal } from '../../src/journal/stores/memory.ts';
import { Lane } from '../../src/scheduling/lane.ts';
import type { CapacityPort, CapacityRequest, Pool } from '../../src/scheduling/ready-task.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import { type AmountRequest, MemoryCapacity } from '../scheduling/memory-capacity.ts';
import { ManualTimers } from '../support/manual-timers.ts';

/** An executor whose attempts end when the test says so. */
export class ScriptedExecutor implements TaskExecutor {
  readonly started: TaskAssignment[] = [];
  readonly stops: { readonly attemptKey: number; readonly graceMs: number }[] = [];
  readonly #running = new Map<number, TaskAssignment>();
  readonly #beats = new Map<number, number>();
  readonly #settle: (attemptKey: number, outcome: AttemptOutcome) => void;
  slots: number;
  /** False: attempts wait inside for a place where they can begin. */
  isBegun = true;

  constructor(slots: number, settle: (attemptKey: number, outcome: AttemptOutcome) => void) {
    this.slots = slots;
    this.#settle = settle;
  }

  get running(): string[] {
    return [...this.#running.values()].map(({ taskName }) => taskName);
  }

  freeSlots(): number {
    return Math.max(0, this.slots - this.#running.size);
  }

  execute(assignment: TaskAssignment): void {
    if (this.freeSlots() === 0) throw new Error(`no slot for ${assignment.taskName}`);
    this.started.push(assignment);
    this.#running.set(assignment.attemptKey, assignment);
  }

  stop(attemptKey: number, graceMs: number): void {
    if (this.#running.has(attemptKey)) this.stops.push({ attemptKey, graceMs });
  }

  heartbeats(attemptKey: number): number | undefined {
    return this.isBegun && this.#running.has(attemptKey) ? (this.#beats.get(attemptKey) ?? 0) : undefined;
  }

  beat(taskName: string): void {
    const attempt = [...this.#running.values()].find((assignment) => assignment.taskName === taskName);
    if (attempt === undefined) throw new Error(`${taskName} is not running`);
    this.#beats.set(attempt.attemptKey, (this.#beats.get(attempt.attemptKey) ?? 0) + 1);
  }

  /** The body has ended by itself. */
  complete(taskName: string, output: unknown = null): void {
    this.#end(taskName, { kind: 'completed', output, threadId: 1 });
  }

  fail(taskName: string, code = 'TASK_FAILED', retryable = true): void {
    const error = { name: 'Error', message: `${taskName} failed`, code, retryable, details: {} };
    this.#end(taskName, { kind: 'failed', error, threadId: 1 });
  }

  /** The body is gone because it was stopped. */
  stopped(taskName: string): void {
    this.#end(taskName, { kind: 'stopped', killed: true, threadId: 1 });
  }

  /** No thread came free for it. */
  giveBack(taskName: string): void {
    this.#end(taskName, { kind: 'returned', threadId: 1 });
  }

  #end(taskName: string, outcome: AttemptOutcome): void {
    const attempt = [...this.#running.values()].find((assignment) => assignment.taskName === taskName);
    if (attempt === undefined) throw new Error(`${taskName} is not running`);
    this.#running.delete(attempt.attemptKey);
    this.#settle(attempt.attemptKey, outcome);
  }
}

export interface StepFacts {
  readonly dependencies?: readonly string[];
  readonly request?: AmountRequest;
  readonly timeoutMs?: number;
  readonly totalTimeoutMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly maxAttempts?: number;
  readonly retry?: Partial<RetryPolicy>;
  readonly priority?: number;
  readonly pool?: Pool;
  readonly required?: boolean;
  /** @throws whatever the test wants */
  readonly condition?: () => boolean;
  readonly parameters?: () => JsonObject;
}

/** A step as the runner knows it. */
export function specOf(name: string, facts: StepFacts = {}): TaskSpec {
  const { maxAttempts = 1, request = null, priority = 2, pool = 0, retry = {} } = facts;
  const { timeoutMs = null, totalTimeoutMs = null, heartbeatTimeoutMs = null } = facts;
  return {
    name,
    module: 'm',
    action: 'a',
    timeoutMs,
    totalTimeoutMs,
    heartbeatTimeoutMs,
    retry: createRetryPolicy({ maxAttempts, initialIntervalMs: 1_000, jitter: 0, ...retry }),
    request,
    pool,
    level: priority,
    order: 0,
    concurrency: null,
    expectedMs: Number.POSITIVE_INFINITY,
  };
}

/** A plan from steps in an order that respects their dependencies. */
export function planOf(steps: Readonly<Record<string, StepFacts>>): RunPlan {
  const names = Object.keys(steps);
  const facts = Object.values(steps);
  const needed = facts.map(({ dependencies = [] }) => dependencies.map((name) => names.indexOf(name)));
  const dependentsOf = names.map((_, task) => needed.flatMap((list, other) => (list.includes(task) ? [other] : [])));
  const offsets = (lists: readonly (readonly number[])[]) => {
    let sum = 0;
    return Int32Array.from([0, ...lists.map((list) => (sum += list.length))]);
  };
  return {
    workflow: 'w',
    rows: {
      size: names.length,
      dependencyOffsets: offsets(needed),
      dependencies: Int32Array.from(needed.flat()),
      dependentOffsets: offsets(dependentsOf),
      dependents: Int32Array.from(dependentsOf.flat()),
    },
    tasks: names.map((name, index) => specOf(name, facts[index])),
    parametersOf: (index) => facts[index]?.parameters?.() ?? {},
    conditionHolds: (index) => facts[index]?.condition?.() ?? true,
    isRequired: (index) => facts[index]?.required ?? true,
    indexOf: (name) => names.indexOf(name),
  };
}

export interface HeardEvent extends EventSubject {
  readonly type: RuntimeEventType;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface HarnessOptions {
  readonly slots?: number;
  readonly inlineSlots?: number;
  readonly capacities?: readonly number[];
  readonly keptResults?: number;
  readonly mayStart?: () => boolean;
  /** What an earlier life wrote, to go on from; default: an empty one. */
  readonly journal?: Journal;
  /** Sets the ids of single tasks of several lives apart. */
  readonly life?: string;
  /** Told of attempts; default: nobody. */
  readonly tracing?: RunTracing;
}

export class RuntimeHarness {
  readonly timers = new ManualTimers();
  readonly capacity: MemoryCapacity;
  readonly scheduler: Scheduler<CapacityRequest>;
  readonly dispatcher: Dispatcher;
  readonly gate: Actor<DispatcherLogic>;
  readonly runner: TaskRunner;
  readonly executor: ScriptedExecutor;
  readonly inline: ScriptedExecutor;
  readonly singles: SingleTasks;
  readonly sessions: ActorRegistry<SessionLogic>;
  readonly events: HeardEvent[] = [];
  /** Called for each event as it happens. */
  onEvent: (event: HeardEvent) => void = () => {};
  readonly crashes: unknown[] = [];
  readonly journal: Journal;
  readonly #singlesRunId: RunId;
  readonly #keptResults: number | undefined;
  #ids = 0;

  constructor(options: HarnessOptions = {}) {
    const { slots = 1, inlineSlots = 1, capacities = [], keptResults, mayStart, life = 'run' } = options;
    this.#keptResults = keptResults;
    this.#singlesRunId = `${life}-singles` as RunId;
    this.journal = options.journal ?? createMemoryJournal();
    this.capacity = new MemoryCapacity(capacities);
    // The only requests here are those of the test.
    this.scheduler = new Scheduler<CapacityRequest>(this.capacity as CapacityPort<CapacityRequest>);
    this.dispatcher = new Dispatcher(this.scheduler, {
      clock: this.timers,
      timers: this.timers,
      ...(mayStart === undefined ? {} : { mayStart }),
    });
    this.runner = new TaskRunner({
      scheduler: this.scheduler,
      dispatcher: this.dispatcher,
      journal: this.journal,
      events: this.#sink(),
      clock: this.timers,
      timers: this.timers,
      random: () => 0,
      cancelGraceMs: 250,
      taskMachine: 'compiled',
      ...(options.tracing === undefined ? {} : { tracing: options.tracing }),
    });
    const settle = (attemptKey: number, outcome: AttemptOutcome) => this.runner.settled(attemptKey, outcome);
    this.executor = new ScriptedExecutor(slots, settle);
    this.inline = new ScriptedExecutor(inlineSlots, settle);
    this.gate = createActor(this.dispatcher.createLogic());
    this.gate.start();
    this.dispatcher.setExecutor(0, this.executor);
    this.dispatcher.setExecutor(1, this.inline);
    this.sessions = ActorRegistry.start<SessionLogic>({
      id: 'sessions',
      childId: 'session',
      onDone: () => {},
      onError: (_child, error) => this.crashes.push(error),
    });
    this.singles = this.#createSingles();
  }

  createSession(
    limits: Partial<SessionLimits> = {},
    acquire: ((signal: AbortSignal) => Promise<HeldCapacity>) | null = null,
  ): SessionActor {
    const sessionId = `session-${++this.#ids}` as SessionId;
    return new SessionActor(
      this.#parts(),
      {
        sessionId,
        name: sessionId,
        maxParallelTasks: Number.POSITIVE_INFINITY,
        maxParallelWorkflows: Number.POSITIVE_INFINITY,
        timeoutMs: null,
        ...limits,
        acquire,
        ended: () => {},
      },
      this.sessions,
    );
  }

  startRun(
    session: SessionActor,
    steps: Readonly<Record<string, StepFacts>>,
    options: { readonly mode?: ExecutionMode; readonly timeoutMs?: number; readonly limit?: number } = {},
  ): { readonly run: WorkflowRun; readonly ended: Promise<WorkflowRun> } {
    const ended = Promise.withResolvers<WorkflowRun>();
    const { mode = 'parallel', timeoutMs = null, limit = Number.POSITIVE_INFINITY } = options;
    const frame: SessionFrame = {
      sessionId: session.sessionId,
      name: session.sessionId,
      mode,
      maxParallelTasks: null,
      maxParallelWorkflows: null,
      timeoutMs: null,
      deadlineMs: null,
      resourceRequirements: {},
    };
    const run = session.startRun(() => ({
      runId: `run-${++this.#ids}` as RunId,
      sessionId: session.sessionId,
      plan: planOf(steps),
      parameters: {},
      lane: new Lane<CapacityRequest>({ mode, limit, group: session.group }),
      timeoutMs,
      origin: { definition: 'definition', session: frame, ownSession: false, maxParallel: null, rerunOf: null },
      ended: (run) => ended.resolve(run),
    }));
    return { run, ended: ended.promise };
  }

  /** Types and tasks of the events so far, in short. */
  heard(...types: RuntimeEventType[]): string[] {
    return this.events
      .filter(({ type }) => types.includes(type))
      .map(({ type, task }) => `${type} ${task ?? ''}`.trim());
  }

  /** What was written of a run. */
  facts(runId: string): Fact[] {
    return [...this.journal.read(runId)].map(({ fact }) => fact);
  }

  #createSingles(): SingleTasks {
    const { runner, scheduler, journal, timers } = this;
    const kept = this.#keptResults;
    const parts = {
      runner,
      scheduler,
      journal,
      events: this.#sink(),
      clock: timers,
      escalate: (fault: unknown) => {
        throw fault;
      },
      ...(kept === undefined ? {} : { keptResults: kept }),
    };
    const registry = runner.createRegistry();
    return new SingleTasks(parts, { runId: this.#singlesRunId, sessionId: 'singles' as SessionId }, () => registry);
  }

  #parts() {
    const { runner, scheduler, journal, timers } = this;
    return { runner, scheduler, journal, events: this.#sink(), clock: timers, timers };
  }

  #sink(): EventSink {
    return {
      wants: () => true,
      emit: (type, subject, data = {}) => {
        const event = { type, ...subject, data };
        this.events.push(event);
        this.onEvent(event);
      },
    };
  }
}

/** A turn of the loop: what was put off to a microtask has happened then. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
