// Owns the start of a run from a compiled workflow, new or taken up again: plan, lane, session, handle, and the promise
// of its result, which is kept when the run has ended durably and broken when the engine lets go of it before.

import type { WorkflowRun as RunActor } from '../actors/workflow-run.ts';
import type { WorkflowRunOptions } from '../actors/workflow-run-options.ts';
import type { RunId, SessionId } from '../domain/ids.ts';
import type { JsonObject, JsonValue } from '../domain/json-value.ts';
import { invariant, type RuntimeError } from '../domain/runtime-error.ts';
import type { ExecutionMode } from '../domain/statuses.ts';
import type { RunHistory } from '../journal/run-history.ts';
import { Lane } from '../scheduling/lane.ts';
import { type CapacityRequest, Pool } from '../scheduling/ready-task.ts';
import { registerResources } from './engine-resources.ts';
import type { EngineRuntime } from './engine-runtime.ts';
import { RunBook } from './run-book.ts';
import type { SessionEntry } from './session-book.ts';
import type { SessionDesk } from './session-desk.ts';
import { WaitDesk } from './wait-desk.ts';
import type { CompiledWorkflow } from './workflow-compiler.ts';
import { executionOf, type WorkflowExecution } from './workflow-execution.ts';
import { createRunPlan, type GuidedPlan } from './workflow-plan.ts';
import { steeringOf, WorkflowRun } from './workflow-run-handle.ts';

export interface Launch {
  readonly runId: RunId;
  readonly workflow: CompiledWorkflow;
  readonly params: JsonObject;
  readonly mode: ExecutionMode;
  /** Tasks of the run at once; null = no limit. */
  readonly maxParallel: number | null;
  /** Found or made once everything else is known to be right. */
  readonly session: () => SessionEntry;
  /** The session ends with the run. */
  readonly ownSession: boolean;
  /** Under which the journal keeps the definition; left out for a new run. */
  readonly definitionKey?: string;
  /** Left out, it is made. */
  readonly plan?: GuidedPlan;
  readonly restored?: RunHistory;
  readonly rerunOf?: string;
  readonly adopted?: ReadonlyMap<string, JsonValue>;
}

export class RunLauncher {
  readonly book = new RunBook();
  readonly waits: WaitDesk;
  readonly #runtime: EngineRuntime;
  readonly #sessions: SessionDesk;
  readonly #ended: (run: RunActor, execution: WorkflowExecution) => void;
  /** Results that are still owed, by run. */
  readonly #owed = new Map<string, PromiseWithResolvers<WorkflowExecution>>();

  constructor(
    runtime: EngineRuntime,
    sessions: SessionDesk,
    ended: (run: RunActor, execution: WorkflowExecution) => void,
  ) {
    this.#runtime = runtime;
    this.waits = new WaitDesk(runtime, this.book);
    this.#sessions = sessions;
    this.#ended = ended;
  }

  /** What the run will follow; resources that the workflow brings along are registered. @throws RuntimeError RESOURCE_* */
  planOf(launch: Pick<Launch, 'workflow' | 'params' | 'mode' | 'maxParallel'>): GuidedPlan {
    const { workflow, params, mode, maxParallel } = launch;
    const { guard, config, journal, ports } = this.#runtime;
    registerResources(guard, workflow.definition.resources);
    return createRunPlan(workflow, {
      mode,
      runParameters: params,
      recorded: journal.durationsOf(workflow.definition.name),
      slots: [config.maxWorkers, config.maxInlineTasks],
      maxParallel: maxParallel ?? Number.POSITIVE_INFINITY,
      capacityUnits: (index) => guard.capacityUnits(index),
      budgetMs: config.planBudgetMs,
      now: ports.planningMs,
      random: ports.random,
      prepare: (request) => guard.prepare(request),
      poolOf: (step) => this.poolOf(step),
    });
  }

  /** Starts the run, or queues it in its session. @throws RuntimeError RESOURCE_*, SESSION_* */
  launch(launch: Launch): WorkflowRun {
    const plan = launch.plan ?? this.planOf(launch);
    const session = launch.session();
    let handle: WorkflowRun | undefined;
    session.actor.startRun(() => ({
      ...this.#optionsOf(launch, plan, session),
      created: (run) => {
        const result = this.#owe(run.runId);
        const { bus } = this.#runtime;
        // One object is the seat of the handle and the entry of the book: who is put there is seen by both.
        const seat = { run, params: launch.params };
        handle = new WorkflowRun(steeringOf(seat, this.waits), bus, result);
        this.book.add(Object.assign(seat, { handle }));
        this.#trace(launch, plan, session);
      },
    }));
    invariant(handle !== undefined, 'a started run was created');
    return handle;
  }

  /** Puts a run, taken up again, in the place of one whose actor crashed: handle, result and steering stay. @throws RESOURCE_* */
  relaunch(launch: Launch, crashed: RunActor): void {
    const plan = launch.plan ?? this.planOf(launch);
    const session = launch.session();
    session.actor.restartRun(crashed, () => ({
      ...this.#optionsOf(launch, plan, session),
      created: (run) => {
        const entry = this.book.entryOf(run.runId);
        invariant(entry !== undefined, 'a run that is taken up again is known');
        entry.run = run;
      },
    }));
  }

  #optionsOf(launch: Launch, plan: GuidedPlan, entry: SessionEntry): WorkflowRunOptions {
    const { runId, workflow, params, mode } = launch;
    return {
      runId,
      sessionId: entry.session.sessionId as SessionId,
      plan,
      parameters: params,
      lane: new Lane<CapacityRequest>({
        mode,
        limit: launch.maxParallel ?? Number.POSITIVE_INFINITY,
        group: entry.actor.group,
        // One that is taken up again is planned when it is known what of it is left.
        course: launch.restored === undefined ? plan.guide.course : null,
      }),
      timeoutMs: workflow.definition.timeoutMs,
      origin: {
        definition: launch.definitionKey ?? this.#runtime.journal.keepDefinition(workflow.definition),
        session: this.#sessions.frameOf(entry),
        ownSession: launch.ownSession,
        maxParallel: launch.maxParallel,
        rerunOf: launch.rerunOf ?? null,
      },
      restored: launch.restored ?? null,
      ...(launch.adopted === undefined ? {} : { adopted: launch.adopted }),
      ended: (run) => {
        this.#record(run, plan);
        this.#traceEnd(run);
        this.#runEnded(run);
        // A session that was brought back for its runs has nobody else to close it.
        const { actor } = entry;
        const isDone = launch.ownSession || (launch.restored !== undefined && actor.runCount === 0);
        if (isDone && actor.endedAtMs === null) actor.actor.send({ type: 'session.close' });
      },
    };
  }

  /** Breaks the promise of every result that is still owed. */
  breakPromises(why: (runId: string) => RuntimeError): void {
    for (const [runId, { reject }] of this.#owed) reject(why(runId));
    this.#owed.clear();
  }

  poolOf({ module, action }: { readonly module: string; readonly action: string }): Pool {
    return this.#runtime.inline.has(module, action) ? Pool.INLINE : Pool.THREADS;
  }

  #trace({ runId, mode, rerunOf, restored }: Launch, { workflow, tasks }: GuidedPlan, { session }: SessionEntry): void {
    this.#runtime.tracing.runStarted({
      runId,
      sessionId: session.sessionId,
      workflow,
      mode,
      tasks: tasks.length,
      rerunOf: rerunOf ?? null,
      recovered: restored !== undefined,
    });
  }

  #traceEnd(run: RunActor): void {
    const { runId, status } = run;
    if (status !== 'completed' && status !== 'failed' && status !== 'cancelled') return;
    const { failed, total } = run.counts();
    const reason = run.reason ?? (status === 'failed' ? `${failed} of ${total} tasks failed` : null);
    this.#runtime.tracing.runEnded(runId, { status, reason });
  }

  /** Later runs of the workflow are planned with what this one took. */
  #record(run: RunActor, { workflow, tasks, guide }: GuidedPlan): void {
    const seconds = new Map<string, number>();
    for (const [index, took] of guide.recorded()) seconds.set(tasks[index]?.name ?? '', took);
    if (run.status === 'completed' && seconds.size > 0) this.#runtime.journal.recordDurations(workflow, seconds);
  }

  #owe(runId: string): Promise<WorkflowExecution> {
    const result = Promise.withResolvers<WorkflowExecution>();
    // Whoever waits hears of it; that nobody may is no fault.
    result.promise.catch(() => {});
    this.#owed.set(runId, result);
    return result.promise;
  }

  #runEnded(run: RunActor): void {
    const execution = executionOf(run);
    const result = this.#owed.get(run.runId);
    this.#owed.delete(run.runId);
    this.book.ended(run.runId);
    this.#ended(run, execution);
    result?.resolve(execution);
  }
}
