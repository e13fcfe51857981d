// Owns the figures of an engine at a moment: health by component and the state of everything, read from the parts
// themselves and never from a copy.

import { TaskStatus, type WorkflowStatus } from '../domain/statuses.ts';
import type { ResourceUsage } from '../resources/resource.ts';
import type { ThreadInfo } from '../workers/thread-executor.ts';
import type { EngineRuntime } from './engine-runtime.ts';
import { type ActorSubject, subjectOf } from './live-actors.ts';

/** How long after a restart a part counts as degraded: the period of the root supervisor. */
const WATCHED_AFTER_RESTART_MS = 5_000;

export type HealthWord = 'healthy' | 'degraded' | 'unhealthy';

export interface ComponentHealth {
  readonly status: HealthWord;
  readonly detail: string;
}

export interface HealthStatus {
  readonly status: HealthWord;
  readonly components: Readonly<Record<string, ComponentHealth>>;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A thread, and what runs on it. */
export interface ThreadStatus extends ThreadInfo {
  readonly subject: ActorSubject | null;
}

export interface SystemStatus {
  readonly sessions: { readonly total: number; readonly active: number };
  readonly workflows: Readonly<Record<WorkflowStatus, number>> & { readonly defined: number };
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  readonly resources: readonly ResourceUsage[];
  readonly threads: readonly ThreadStatus[];
  /** Tasks that wait for a slot or for capacity, by priority. */
  readonly queueDepth: { critical: number; high: number; normal: number; low: number; background: number };
  /** Of these, tasks that wait for capacity. */
  readonly waitingForCapacity: number;
  readonly running: number;
  readonly uptimeMs: number;
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number };
}

/** What the engine counts itself. */
export interface EngineCounts {
  readonly sessions: { readonly total: number; readonly active: number };
  readonly workflows: Readonly<Record<WorkflowStatus, number>> & { readonly defined: number };
  readonly tasks: Readonly<Record<TaskStatus, number>>;
}

export function systemStatus(runtime: EngineRuntime, counts: EngineCounts): SystemStatus {
  const [critical = 0, high = 0, normal = 0, low = 0, background = 0] = runtime.scheduler.queueDepth;
  const { rss, heapUsed } = process.memoryUsage();
  return {
    ...counts,
    resources: runtime.guard.list().map(({ resourceId }) => runtime.guard.getUsage(resourceId)),
    threads: threadsOf(runtime),
    queueDepth: { critical, high, normal, low, background },
    waitingForCapacity: runtime.scheduler.parkedCount,
    running: runtime.scheduler.inFlight,
    uptimeMs: runtime.timers.now() - runtime.startedAtMs,
    memory: { rssBytes: rss, heapUsedBytes: heapUsed },
  };
}

function threadsOf({ runner, workerPool }: EngineRuntime): ThreadStatus[] {
  const threads = workerPool.pool?.threads() ?? [];
  return threads.map((thread) => {
    const record = thread.attemptKey === null ? undefined : runner.taskOfAttempt(thread.attemptKey);
    return { ...thread, subject: record === undefined ? null : subjectOf(record) };
  });
}

/** `whyClosed`: null while the engine is open. */
export function healthStatus(runtime: EngineRuntime, counts: EngineCounts, whyClosed: string | null): HealthStatus {
  const read: Record<string, () => ComponentHealth> = {
    journal: () => journalHealth(runtime),
    'resource-manager': () => actorHealth(runtime, 'resource-manager', { open: 'healthy' }),
    'worker-pool': () => poolHealth(runtime),
    dispatcher: () => actorHealth(runtime, 'dispatcher', { dispatching: 'healthy', held: 'degraded' }),
    sessions: () => ({ status: 'healthy', detail: `${counts.sessions.active} active` }),
  };
  const components = Object.fromEntries(
    Object.entries(read).map(([part, health]) => [
      part,
      whyClosed === null ? withRestart(runtime, part, health()) : closedHealth(runtime, part, whyClosed),
    ]),
  );
  const words = Object.values(components).map((component) => component.status);
  return {
    status: words.includes('unhealthy') ? 'unhealthy' : words.includes('degraded') ? 'degraded' : 'healthy',
    components,
    metrics: {
      uptimeMs: runtime.timers.now() - runtime.startedAtMs,
      queuedTasks: runtime.scheduler.queueDepth.reduce((sum, depth) => sum + depth, 0),
      runningTasks: runtime.scheduler.inFlight,
      completedTasks: counts.tasks[TaskStatus.COMPLETED],
      failedTasks: counts.tasks[TaskStatus.FAILED],
      actorRestarts: runtime.restarts.count,
      threadsAlive: whyClosed !== null ? 0 : (runtime.workerPool.pool?.health().alive ?? 0),
      rssBytes: process.memoryUsage().rss,
    },
  };
}

/** For a while after a restart the part is degraded: another crash may follow. */
function withRestart(runtime: EngineRuntime, part: string, health: ComponentHealth): ComponentHealth {
  const restart = runtime.restarts.last(part);
  const agoMs = restart === undefined ? Number.POSITIVE_INFINITY : runtime.timers.now() - restart.atMs;
  if (restart === undefined || agoMs > WATCHED_AFTER_RESTART_MS) return health;
  const detail = `${health.detail}; restarted ${(agoMs / 1_000).toFixed(1)} s ago after: ${restart.message}`;
  return { status: health.status === 'healthy' ? 'degraded' : health.status, detail };
}

function closedHealth({ journal }: EngineRuntime, part: string, whyClosed: string): ComponentHealth {
  const { failure } = journal;
  const detail = part === 'journal' && failure !== null ? `${failure.code}: ${failure.message}` : whyClosed;
  return { status: 'unhealthy', detail };
}

function actorHealth(runtime: EngineRuntime, id: string, words: Readonly<Record<string, HealthWord>>): ComponentHealth {
  const snapshot = runtime.supervisor.child(id)?.getSnapshot();
  const state = String(snapshot?.value ?? 'gone');
  if (snapshot?.status !== 'active')
    return { status: 'unhealthy', detail: `its actor is ${snapshot?.status ?? 'gone'}` };
  return { status: words[state] ?? 'unhealthy', detail: state };
}

function journalHealth(runtime: EngineRuntime): ComponentHealth {
  const { failure, isCongested } = runtime.journal;
  if (failure !== null) return { status: 'unhealthy', detail: `${failure.code}: ${failure.message}` };
  const health = actorHealth(runtime, 'journal', { open: 'healthy' });
  if (health.status !== 'healthy' || !isCongested) return health;
  return { status: 'degraded', detail: 'facts come faster than they can be written; no new task starts meanwhile' };
}

function poolHealth(runtime: EngineRuntime): ComponentHealth {
  const health = runtime.workerPool.pool?.health();
  if (health === undefined) return { status: 'unhealthy', detail: 'no threads' };
  const detail = `${health.alive} of ${health.wanted} threads`;
  if (health.dead || health.alive === 0) return { status: health.dead ? 'unhealthy' : 'degraded', detail };
  return { status: health.alive < health.wanted ? 'degraded' : 'healthy', detail };
}
