// Owns a source for tests of the server: it keeps documents that a test puts in, tells listeners what a test tells it,
// and counts who listens. It refuses as real sources do.

import type { DashboardSource, Interest, RunsQuery, SourceListener } from '../../src/dashboard/dashboard-source.ts';
import type { ActionAnswer, ActionRequest, RunDocument, RunSummary, TaskDocument } from '../../src/dashboard/wire.ts';
import { RuntimeError } from '../../src/domain/runtime-error.ts';

export class TestSource implements DashboardSource {
  readonly runDocuments = new Map<string, RunDocument>();
  readonly taskDocuments = new Map<string, TaskDocument>();
  readonly acted: ActionRequest[] = [];
  readonly asked: RunsQuery[] = [];
  readonly listeners = new Map<SourceListener, Interest>();
  /** Thrown by every question, where a test sets it. */
  fault: Error | undefined;
  isClosed = false;

  welcome() {
    return {
      version: '1.2.3',
      source: 'live' as const,
      place: ':memory:',
      actions: ['cancel'],
      now: 0,
      enginePid: process.pid,
    };
  }

  async runs(query: RunsQuery) {
    this.#fail();
    this.asked.push(query);
    const runs = [...this.runDocuments.values()].map(({ summary }) => summary);
    return { runs: runs.slice(query.skip, query.skip + query.limit), total: runs.length, counts: {} };
  }

  async run(runId: string) {
    this.#fail();
    return this.runDocuments.get(runId);
  }

  async timeline(runId: string) {
    if (!this.runDocuments.has(runId)) return undefined;
    return { version: 1, origin: 0, end: 10, isLive: false, lanes: [], bars: [], gaps: [] };
  }

  async plan(runId: string) {
    if (!this.runDocuments.has(runId)) return undefined;
    throw new RuntimeError('SIMULATION_STUCK', `run '${runId}' cannot be simulated`);
  }

  async task(runId: string, task: string) {
    return this.runDocuments.has(runId) ? this.taskDocuments.get(task) : undefined;
  }

  async system() {
    return {
      health: null,
      uptimeMs: null,
      resources: [],
      threads: [],
      samples: [],
      sampleEveryMs: 500,
      absent: 'none',
    };
  }

  async tree() {
    return { root: null, strategy: null, crashes: [], absent: 'no engine here' };
  }

  async act(action: ActionRequest): Promise<ActionAnswer> {
    if ('runId' in action && !this.runDocuments.has(action.runId)) {
      throw new RuntimeError('RUN_NOT_FOUND', `no run '${action.runId}'`);
    }
    if (action.kind === 'pause') throw new RuntimeError('RUN_ENDED', 'the run has ended; it cannot be paused');
    this.acted.push(action);
    return { message: 'done', runId: null };
  }

  listen(interest: Interest, listener: SourceListener) {
    this.#fail();
    this.listeners.set(listener, interest);
    return () => void this.listeners.delete(listener);
  }

  async close() {
    this.isClosed = true;
  }

  /** Tells everybody who listens. */
  tell(say: (listener: SourceListener) => void): void {
    for (const listener of this.listeners.keys()) say(listener);
  }

  #fail(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}

export function runRow(runId: string, more: Partial<RunSummary> = {}): RunSummary {
  return {
    runId,
    kind: 'workflow',
    workflow: 'flow',
    standing: 'running',
    steps: 1,
    ends: null,
    createdAt: 1,
    startedAt: 2,
    endedAt: null,
    recoveries: 0,
    rerunOf: null,
    reason: null,
    ...more,
  };
}

/** A run of one task. */
export function runOf(runId: string, task: string): RunDocument {
  return {
    summary: runRow(runId),
    version: 1,
    mode: 'parallel',
    maxParallel: null,
    deadlineAt: null,
    sessionId: 's',
    description: null,
    parameters: {},
    cancelRequested: null,
    heldBecause: null,
    moments: [],
    hasDefinition: true,
    tasks: {
      names: [task],
      actions: [0],
      actionNames: ['core.noop'],
      offsets: [0, 0],
      dependencies: [],
      levels: [0],
      states: [3],
      criticalPath: [0],
      attempts: [1],
      progress: [-1],
      priorities: [2],
    },
  };
}

/** A task that says a text in its name, log and output. */
export function taskOf(runId: string, text: string): TaskDocument {
  return {
    runId,
    name: text,
    version: 1,
    state: 'completed',
    module: 'core',
    action: 'echo',
    priority: 'normal',
    resources: {},
    dependencies: [],
    dependents: [],
    attempts: [{ attempt: 1, startedAt: 1, endedAt: 2, outcome: 'completed', threadId: 1, error: null }],
    maxAttempts: 1,
    timeoutMs: null,
    input: null,
    output: { text, isCut: false, characters: text.length },
    error: { code: 'TASK_FAILED', message: text, more: null },
    reason: null,
    adoptedFrom: null,
    progress: null,
    waiting: null,
    logs: { lines: [{ at: '', kind: 'info', message: text, fields: null }], omitted: 0, since: null },
    statechart: { machine: 'task', current: null, path: [], omitted: 0 },
  };
}
