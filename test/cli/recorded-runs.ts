// Owns recorded runs for tests of what is said about them: facts as an engine writes them, folded as the journal does it.

import type { Fact, RunCreated } from '../../src/domain/facts.ts';
import type { RunHistory } from '../../src/engine/run-archive.ts';
import { foldRun } from '../../src/journal/run-history.ts';

export const RECORD_START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const RUN_ID = 'run-1';

type FactOf<Type extends Fact['type']> = Omit<Extract<Fact, { readonly type: Type }>, 'v' | 'runId' | 'atMs' | 'type'>;

/** A run's facts, written one after the other; times are milliseconds after RECORD_START_MS. */
export class RecordedFacts {
  readonly #facts: Fact[] = [];

  constructor(workflow: string, steps: number, rest: Partial<RunCreated> = {}) {
    this.#facts.push({
      v: 1,
      type: 'run.created',
      runId: RUN_ID,
      atMs: RECORD_START_MS,
      workflow,
      definition: 'sha256-0',
      session: {
        sessionId: 'session-1',
        name: workflow,
        mode: 'parallel',
        maxParallelTasks: null,
        maxParallelWorkflows: null,
        timeoutMs: null,
        deadlineMs: null,
        resourceRequirements: {},
      },
      ownSession: true,
      parameters: {},
      steps,
      mode: 'parallel',
      maxParallel: null,
      rerunOf: null,
      ...rest,
    });
    this.add('run.started', 0, { deadlineMs: null });
  }

  add<Type extends Fact['type']>(type: Type, afterMs: number, data: FactOf<Type>): this {
    const fact = { v: 1, runId: RUN_ID, atMs: RECORD_START_MS + afterMs, type, ...data };
    this.#facts.push(fact as Extract<Fact, { readonly type: Type }>);
    return this;
  }

  /** One attempt from its start to a good end. */
  completed(task: string, fromMs: number, toMs: number, output: unknown = null, attempt = 1): this {
    return this.started(task, fromMs, attempt).add('task.completed', toMs, {
      task,
      attempt,
      output: JSON.parse(JSON.stringify(output)),
    });
  }

  started(task: string, atMs: number, attempt = 1): this {
    return this.add('task.started', atMs, { task, attempt, deadlineMs: null, expiresAtMs: null });
  }

  history(): RunHistory {
    const history = foldRun(this.#facts.map((fact, index) => ({ sequence: index + 1, fact })));
    if (history === undefined) throw new Error('a run was made');
    return history;
  }
}
