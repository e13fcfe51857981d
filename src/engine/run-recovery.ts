// Owns the taking up of runs that an earlier life of the engine left unfinished: from facts to a run that goes on where
// it was. A run that cannot go on yet (a task module is not known, a resource is not there) is held and tried again when
// modules are registered; one that was taken up too often is parked. Nothing is ever dropped.

import type { WorkflowRun as RunActor } from '../actors/workflow-run.ts';
import type { Fact, SessionFrame } from '../domain/facts.ts';
import type { RunId, TaskId } from '../domain/ids.ts';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import type { Journal } from '../journal/journal.ts';
import { RunFold, type RunHistory } from '../journal/run-history.ts';
import { isOpen, type RunRecord } from '../journal/run-record.ts';
import type { EngineRuntime } from './engine-runtime.ts';
import type { Launch, RunLauncher } from './run-launcher.ts';
import { runNotFound } from './run-refusals.ts';
import type { SessionEntry } from './session-book.ts';
import type { SessionDesk } from './session-desk.ts';
import { type CompiledWorkflow, compileWorkflow } from './workflow-compiler.ts';
import type { WorkflowRun } from './workflow-run-handle.ts';

export interface RecoveryParts {
  readonly runtime: EngineRuntime;
  readonly launcher: RunLauncher;
  readonly sessions: SessionDesk;
  /** Takes up a single task; `recover` writes that it did. Throws what keeps it from going on, nothing written. */
  readonly restoreTask: (history: RunHistory, recover: () => RunHistory) => void;
}

export class RunRecovery {
  readonly #parts: RecoveryParts;
  readonly #journal: Journal;
  /** Unfinished runs that cannot go on yet, and why. */
  readonly #held = new Map<string, RuntimeError>();
  #isRetrying = false;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#journal = parts.runtime.journal;
  }

  /** Why an unfinished run does not go on; undefined when nothing holds it. */
  heldBecause(runId: string): RuntimeError | undefined {
    return this.#held.get(runId);
  }

  /** Runs and single tasks that are unfinished now, oldest first. */
  unfinished(): readonly RunRecord[] {
    return [...this.#journal.runs({ open: true })].reverse();
  }

  /** Takes them up, except those that someone took up since they were listed. */
  resumeAll(records: readonly RunRecord[]): void {
    for (const record of records) if (!this.#isUnderWay(record)) this.#tryResume(record);
  }

  /** Tries those again that wait for something to be registered. */
  modulesChanged(): void {
    if (this.#held.size === 0 || this.#isRetrying) return;
    this.#isRetrying = true;
    // A turn later: programs register several in a row.
    queueMicrotask(() => {
      this.#isRetrying = false;
      for (const runId of [...this.#held.keys()]) {
        const record = this.#journal.run(runId);
        this.#held.delete(runId);
        if (record !== undefined && isOpen(record)) this.#tryResume(record);
      }
    });
  }

  /**
   * Takes up one run by hand. What was parked or paused is released.
   * @throws RuntimeError RUN_NOT_FOUND, RUN_ENDED, MODULE_NOT_FOUND, WORKFLOW_INVALID, RESOURCE_*, JOURNAL_CORRUPT
   */
  resume(runId: string): WorkflowRun {
    const record = this.#journal.run(runId);
    if (record?.kind !== 'workflow') throw runNotFound(runId);
    if (record.endedAtMs !== null) {
      throw new RuntimeError(
        'RUN_ENDED',
        `run '${runId}' has ended as ${record.status}; rerun('${runId}') repeats it as a new run`,
        { details: { runId, status: record.status } },
      );
    }
    const handle = this.#takeUp(record, true);
    this.#held.delete(runId);
    handle.resume();
    return handle;
  }

  /**
   * Takes up a single task by hand; one that was parked is released.
   * @throws RuntimeError TASK_NOT_FOUND for one that is not on record, MODULE_NOT_FOUND, RESOURCE_*
   */
  resumeTask(taskId: string): void {
    const record = this.#journal.run(taskId);
    if (record === undefined || record.kind !== 'task') {
      throw new RuntimeError('TASK_NOT_FOUND', `no single task '${taskId}' in the journal`, { details: { taskId } });
    }
    if (record.endedAtMs !== null || this.#isUnderWay(record)) return;
    this.#takeUpTask(record, true);
    this.#held.delete(taskId);
  }

  /**
   * Takes up a run because its id was asked for: as at a start, it counts as a recovery, and what is paused stays so.
   * @throws RuntimeError RUN_RECOVERY_LIMIT when that was once too often, MODULE_NOT_FOUND, RESOURCE_*, JOURNAL_CORRUPT
   */
  attach(record: RunRecord): WorkflowRun {
    const handle = this.#takeUp(record, false);
    this.#held.delete(record.runId);
    return handle;
  }

  /**
   * Takes up a run of this life whose actor crashed and whose bodies are gone. Its process lives: it is no recovery that
   * counts. Nothing has changed when it throws.
   * @throws RuntimeError JOURNAL_CORRUPT when its facts are not kept (any more), MODULE_NOT_FOUND, RESOURCE_*
   */
  restart(crashed: RunActor, session: () => SessionEntry): void {
    const { runId } = crashed;
    const fold = this.#foldOf(runId);
    const recorded = this.#recorded(runId, fold);
    const { launcher } = this.#parts;
    const plan = launcher.planOf(recorded);
    const { recoveries: recovery } = historyOf(runId, fold).record;
    this.#append(fold, { type: 'run.recovered', runId, recovery });
    launcher.relaunch({ ...recorded, plan, session, restored: historyOf(runId, fold) }, crashed);
  }

  #tryResume(record: RunRecord): void {
    const { runId } = record;
    try {
      if (record.kind === 'workflow') this.#takeUp(record, false);
      else this.#takeUpTask(record, false);
    } catch (error) {
      const reason = isRuntimeError(error)
        ? error
        : new RuntimeError('INTERNAL', `run '${runId}' cannot be taken up: ${String(error)}`, { cause: error });
      if (reason.code === 'RUN_RECOVERY_LIMIT') return;
      this.#held.set(runId, reason);
      const data = { workflow: record.workflow, error: serializeError(reason) };
      this.#parts.runtime.bus.emit('workflow.held', { runId: runId as RunId }, data);
    }
  }

  #takeUp(record: RunRecord, byHand: boolean): WorkflowRun {
    const { runId } = record;
    const fold = this.#foldOf(runId);
    const recorded = this.#recorded(runId, fold);
    // All before it is written that the run goes on: what it or its session demands may not be there.
    const { launcher, sessions } = this.#parts;
    const plan = launcher.planOf(recorded);
    const recovery = this.#nextRecovery(record, fold, byHand);
    const session = sessions.restore(recorded.frame);
    this.#append(fold, { type: 'run.recovered', runId, recovery });
    return launcher.launch({ ...recorded, plan, session: () => session, restored: historyOf(runId, fold) });
  }

  /** A run as its facts describe it. @throws RuntimeError JOURNAL_CORRUPT, WORKFLOW_INVALID, MODULE_NOT_FOUND */
  #recorded(runId: string, fold: RunFold): Omit<Launch, 'session'> & { readonly frame: SessionFrame } {
    const origin = fold.result()?.origin;
    if (origin?.type !== 'run.created') throw corrupt(runId, 'it has no fact of its making');
    const workflow = this.#workflowOf(runId, origin.definition);
    this.#requireModules(workflow, fold);
    return {
      runId: runId as RunId,
      workflow,
      params: origin.parameters,
      mode: origin.mode,
      maxParallel: origin.maxParallel,
      frame: origin.session,
      ownSession: origin.ownSession,
      definitionKey: origin.definition,
      ...(origin.rerunOf === null ? {} : { rerunOf: origin.rerunOf }),
    };
  }

  #takeUpTask(record: RunRecord, byHand: boolean): void {
    const fold = this.#foldOf(record.runId);
    const history = fold.result();
    if (history === undefined) throw corrupt(record.runId, 'it has no facts');
    this.#parts.restoreTask(history, () => {
      const recovery = this.#nextRecovery(record, fold, byHand);
      this.#append(fold, { type: 'run.recovered', runId: record.runId, recovery });
      return fold.result() ?? history;
    });
  }

  /**
   * The number of this recovery: a life that did not end in good order counts, and by hand it begins anew.
   * @throws RuntimeError RUN_RECOVERY_LIMIT, the run parked
   */
  #nextRecovery(record: RunRecord, fold: RunFold, byHand: boolean): number {
    const { runId, parked, recoveries } = record;
    if (byHand) {
      if (parked !== null || recoveries > 0) this.#append(fold, { type: 'run.released', runId });
      return 0;
    }
    const recovery = recoveryOf(record);
    if (recovery > this.#parts.runtime.config.maxRecoveries) this.#park(record, fold);
    return recovery;
  }

  #park({ runId, workflow }: RunRecord, fold: RunFold): never {
    const { config, bus } = this.#parts.runtime;
    const code = 'RUN_RECOVERY_LIMIT';
    const reason =
      `it was taken up ${config.maxRecoveries} times after a crash, the most that maxRecoveries allows; ` +
      `look for what ends the process, then release it: yardmaster resume ${runId}`;
    this.#append(fold, { type: 'run.parked', runId, code, reason });
    bus.emit('workflow.parked', { runId: runId as RunId }, { workflow, code, reason });
    throw new RuntimeError(code, `run '${runId}': ${reason}`, { details: { runId } });
  }

  #foldOf(runId: string): RunFold {
    const fold = new RunFold();
    for (const { sequence, fact } of this.#journal.read(runId)) fold.take(sequence, fact);
    return fold;
  }

  #append(fold: RunFold, what: Recovery): void {
    const fact: Fact = { ...what, v: 1, atMs: this.#parts.runtime.timers.now() };
    fold.take(this.#journal.append(fact), fact);
  }

  #workflowOf(runId: string, key: string): CompiledWorkflow {
    const definition = this.#journal.definition(key);
    if (definition === undefined) throw corrupt(runId, `its definition '${key}' is not kept`);
    const compiled = compileWorkflow(definition);
    if (compiled.kind === 'compiled') return compiled.workflow;
    const list = compiled.faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new RuntimeError('WORKFLOW_INVALID', `the recorded workflow of run '${runId}' cannot be compiled: ${list}`, {
      details: { runId, faults: compiled.faults },
    });
  }

  #requireModules(workflow: CompiledWorkflow, fold: RunFold): void {
    const { runtime } = this.#parts;
    const tasks = fold.result()?.tasks;
    const missing = new Set<string>();
    for (const { name, module, action } of workflow.steps) {
      const hasEnded = (tasks?.get(name)?.endedAtMs ?? null) !== null;
      if (!hasEnded && !runtime.knowsAction(module, action)) missing.add(`${module}.${action}`);
    }
    if (missing.size === 0) return;
    const list = [...missing].join(', ');
    throw new RuntimeError(
      'MODULE_NOT_FOUND',
      `an unfinished run waits for ${list}; register it, or name the folder that has it in tasksDirs`,
      { details: { missing: [...missing] } },
    );
  }

  #isUnderWay({ runId, kind }: RunRecord): boolean {
    const { runtime, launcher } = this.#parts;
    if (kind === 'task') return runtime.singles.get(runId as TaskId) !== undefined;
    return launcher.book.find(runId) !== undefined || this.#held.has(runId);
  }
}

/** A fact of the taking up itself, without what every fact has. */
type Recovery = {
  readonly [Type in 'run.released' | 'run.recovered' | 'run.parked']: Omit<
    Extract<Fact, { readonly type: Type }>,
    'v' | 'atMs'
  >;
}['run.released' | 'run.recovered' | 'run.parked'];

function historyOf(runId: string, fold: RunFold): RunHistory {
  const history = fold.result();
  if (history === undefined) throw corrupt(runId, 'it has no facts');
  return history;
}

// What had not begun cannot have been the end of its process.
function recoveryOf({ recoveries, isSuspended, startedAtMs }: RunRecord): number {
  return recoveries + (isSuspended || startedAtMs === null ? 0 : 1);
}

function corrupt(runId: string, what: string): RuntimeError {
  return new RuntimeError(
    'JOURNAL_CORRUPT',
    `run '${runId}' cannot be taken up: ${what}; restore the data folder from a copy`,
    {
      details: { runId },
    },
  );
}
