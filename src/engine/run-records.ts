// Owns what an engine can tell and do of runs that only its journal knows: looking them up, finding out whether an id was
// used, and repeating an ended run as a new one.

import { descendantsOf } from '../dag/reachability.ts';
import type { RunId } from '../domain/ids.ts';
import type { JsonObject, JsonValue } from '../domain/json-value.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowDefinition } from '../domain/workflow-definition.ts';
import { foldRun, type RunHistory } from '../journal/run-history.ts';
import type { EngineRuntime } from './engine-runtime.ts';
import { recordedExecution, recordedRun } from './recorded-run.ts';
import type { RunLauncher } from './run-launcher.ts';
import type { RunRecovery } from './run-recovery.ts';
import { requireSameRun, runExists, runNotFound } from './run-refusals.ts';
import type { SessionDesk } from './session-desk.ts';
import type { CompiledWorkflow } from './workflow-compiler.ts';
import { compileOrThrow } from './workflow-manager.ts';
import { WorkflowRun } from './workflow-run-handle.ts';

/** What of an ended run is done again. */
export interface RerunOptions {
  /**
   * `start` (default): everything. `failed`: all steps that did not complete. `{ step }`: that step and all behind it.
   * The recorded outputs of the other completed steps are taken over.
   */
  readonly from?: 'start' | 'failed' | { readonly step: string };
  /** Id of the new run; default: a new one. */
  readonly runId?: string;
}

export class RunRecords {
  readonly #runtime: EngineRuntime;
  readonly #launcher: RunLauncher;
  readonly #recovery: RunRecovery;
  readonly #sessions: SessionDesk;

  constructor(runtime: EngineRuntime, launcher: RunLauncher, recovery: RunRecovery, sessions: SessionDesk) {
    this.#runtime = runtime;
    this.#launcher = launcher;
    this.#recovery = recovery;
    this.#sessions = sessions;
  }

  /** The facts of a run, folded; undefined when the journal does not know it. @throws RuntimeError JOURNAL_CORRUPT */
  history(runId: string): RunHistory | undefined {
    return this.#runtime.journal.run(runId) === undefined ? undefined : foldRun(this.#runtime.journal.read(runId));
  }

  /** The workflow that a run was started with; undefined for a single task and for a run that is not known. */
  definitionOf(runId: string): WorkflowDefinition | undefined {
    const origin = this.#runtime.journal.run(runId) === undefined ? undefined : this.#originOf(runId);
    return origin?.type === 'run.created' ? this.#runtime.journal.definition(origin.definition) : undefined;
  }

  /** A run of this life, or an ended one of an earlier life. */
  find(runId: string): WorkflowRun | undefined {
    const known = this.#launcher.book.find(runId);
    if (known !== undefined) return known;
    const record = this.#runtime.journal.run(runId);
    if (record === undefined || record.kind !== 'workflow' || record.endedAtMs === null) return undefined;
    const history = this.history(runId);
    return history === undefined ? undefined : this.#recorded(history);
  }

  /**
   * The run that was started under an id before, ended or taken up now; undefined for a new id.
   * @throws RuntimeError RUN_EXISTS for other work under that id, RUN_RECOVERY_LIMIT while it is parked
   */
  known(runId: string, workflow: string, params: JsonObject): WorkflowRun | undefined {
    const inMemory = this.#launcher.book.known(runId, workflow, params);
    if (inMemory !== undefined) return inMemory;
    const record = this.#runtime.journal.run(runId);
    if (record === undefined) return undefined;
    const origin = this.#originOf(runId);
    if (origin?.type !== 'run.created') throw runExists(runId, 'it is a single task');
    requireSameRun(runId, { workflow, parameters: params }, origin);
    if (record.parked !== null) {
      const { code, reason } = record.parked;
      throw new RuntimeError(code, `run '${runId}' is parked: ${reason}`, { details: { runId } });
    }
    return record.endedAtMs === null ? this.#recovery.attach(record) : this.find(runId);
  }

  /**
   * Repeats an ended run as a new one, of the workflow and parameters on record.
   * @throws RuntimeError RUN_NOT_FOUND, RUN_NOT_ENDED, TASK_NOT_FOUND, and as starting a run does
   */
  rerun(runId: string, { from = 'start', runId: newRunId }: RerunOptions): WorkflowRun {
    const history = this.history(runId);
    const origin = history?.origin;
    if (history === undefined || origin?.type !== 'run.created') throw runNotFound(runId);
    if (history.record.endedAtMs === null) {
      throw new RuntimeError(
        'RUN_NOT_ENDED',
        `run '${runId}' has not ended; take it up with resumeRun('${runId}'), or cancel it first`,
        { details: { runId } },
      );
    }
    const definition = this.#runtime.journal.definition(origin.definition);
    if (definition === undefined) throw runNotFound(runId);
    const workflow = compileOrThrow(definition);
    if (newRunId !== undefined) {
      const before = this.known(newRunId, origin.workflow, origin.parameters);
      if (before !== undefined) return before;
    }
    return this.#launcher.launch({
      runId: (newRunId ?? this.#runtime.ids.runId()) as RunId,
      workflow,
      params: origin.parameters,
      mode: origin.mode,
      maxParallel: origin.maxParallel,
      session: () => this.#sessions.create(origin.workflow, origin.mode, {}),
      ownSession: true,
      rerunOf: runId,
      adopted: outputsToAdopt(history, workflow, from),
    });
  }

  #recorded(history: RunHistory): WorkflowRun {
    return new WorkflowRun(recordedRun(history), this.#runtime.bus, Promise.resolve(recordedExecution(history)));
  }

  #originOf(runId: string): RunHistory['origin'] | undefined {
    for (const { fact } of this.#runtime.journal.read(runId)) {
      if (fact.type === 'run.created' || fact.type === 'task.submitted') return fact;
    }
    return undefined;
  }
}

/** Outputs of the steps that are not done again. @throws RuntimeError TASK_NOT_FOUND */
function outputsToAdopt(
  { tasks }: RunHistory,
  { graph, steps }: CompiledWorkflow,
  from: NonNullable<RerunOptions['from']>,
): ReadonlyMap<string, JsonValue> {
  const outputs = new Map<string, JsonValue>();
  if (from === 'start') return outputs;
  let again: ReadonlySet<number> = new Set();
  if (from !== 'failed') {
    const index = graph.indexOf(from.step);
    if (index < 0) {
      const hint = suggestion(new NearNames(steps.map(({ name }) => name)).nearest(from.step));
      throw new RuntimeError('TASK_NOT_FOUND', `the workflow has no step ${quoteName(from.step)}${hint}`, {
        details: { step: from.step },
      });
    }
    again = new Set([index, ...descendantsOf(graph, index)]);
  }
  for (const [index, { name }] of steps.entries()) {
    const task = tasks.get(name);
    if (task?.status === 'completed' && !again.has(index)) outputs.set(name, task.output);
  }
  return outputs;
}
