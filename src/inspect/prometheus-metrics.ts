// Owns the metrics of an engine in Prometheus' text form: counters and histograms follow its events from now on, gauges are
// read when somebody scrapes. All in a registry of its own, so that nothing global is touched and a program's own metrics
// stay apart. Labels are bounded: whatever a workflow is named, the number of series is not.

import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RuntimeEvent, RuntimeEventHandler, RuntimeEventType } from '../domain/events.ts';
import type { TaskId } from '../domain/ids.ts';
import { PRIORITY_NAMES } from '../domain/statuses.ts';
import type { SystemStatus } from '../engine/engine-status.ts';
import { LoopDelay } from '../engine/loop-delay.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { METRICS, type MetricDefinition, type MetricName, THREAD_STATES } from './metric-definitions.ts';

/** Pairs of module and action with series of their own; those beyond share `other`. */
const MAX_ACTIONS = 100;
/** Resources with series of their own, in order of registration; of those beyond there are none. */
const MAX_RESOURCES = 100;
const OTHER = 'other';

/** The metrics of one engine. */
export interface EngineMetrics {
  readonly contentType: string;
  /** All of them, as they are now. */
  text(): Promise<string>;
  /** Follows the engine no longer; `text` is empty from then on. Harmless when repeated. */
  close(): void;
}

type MeasuredEngine = Pick<OrchestrationEngine, 'getSystemStatus' | 'registerEventHandler'>;

/**
 * Counts what an engine does from now on.
 * @example
 * const metrics = await collectMetrics(engine);
 * console.log(await metrics.text());
 */
export async function collectMetrics(engine: MeasuredEngine): Promise<EngineMetrics> {
  const prometheus = await import('prom-client');
  return new MetricsCollector(engine, prometheus);
}

interface ActionSeries {
  observe(seconds: number): void;
}

/** An attempt under way. */
interface OpenAttempt {
  readonly attempt: number;
  readonly startedMs: number;
  readonly series: ActionSeries;
}

class MetricsCollector implements EngineMetrics {
  readonly contentType: string;
  readonly #engine: MeasuredEngine;
  readonly #registry: Registry;
  readonly #counters = new Map<MetricName, Counter>();
  readonly #gauges = new Map<MetricName, Gauge>();
  readonly #histograms = new Map<MetricName, Histogram>();
  readonly #unsubscribers: (() => void)[] = [];
  readonly #delay = new LoopDelay();
  /** By task: no more than there are attempts under way. */
  readonly #attempts = new Map<TaskId, OpenAttempt>();
  readonly #actions = new Map<string, ActionSeries>();

  constructor(engine: MeasuredEngine, prometheus: typeof import('prom-client')) {
    this.#engine = engine;
    this.#registry = new prometheus.Registry();
    this.contentType = this.#registry.contentType;
    for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
      this.#create(prometheus, name as MetricName, definition);
    }
    this.#follow();
  }

  async text(): Promise<string> {
    if (this.#unsubscribers.length === 0) return '';
    this.#read();
    return await this.#registry.metrics();
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribers.splice(0)) unsubscribe();
    this.#delay.close();
    this.#attempts.clear();
    this.#registry.clear();
  }

  #create(
    { Counter, Gauge, Histogram }: typeof import('prom-client'),
    name: MetricName,
    { type, help, labels = {}, buckets = [] }: MetricDefinition,
  ): void {
    const settings = { name, help, labelNames: Object.keys(labels), registers: [this.#registry] };
    const known = combinations(labels);
    switch (type) {
      case 'counter': {
        const counter = new Counter(settings);
        for (const values of known) counter.inc(values, 0);
        this.#counters.set(name, counter);
        break;
      }
      case 'gauge': {
        const gauge = new Gauge(settings);
        for (const values of known) gauge.set(values, 0);
        this.#gauges.set(name, gauge);
        break;
      }
      case 'histogram': {
        const histogram = new Histogram({ ...settings, buckets: [...buckets] });
        for (const values of known) histogram.zero(values);
        this.#histograms.set(name, histogram);
        break;
      }
    }
  }

  // --- what events tell

  #follow(): void {
    const on = (type: RuntimeEventType, handler: RuntimeEventHandler) =>
      this.#unsubscribers.push(this.#engine.registerEventHandler(type, handler));
    on('workflow.started', () => this.#count('yardmaster_runs_started_total'));
    on('workflow.recovered', () => this.#count('yardmaster_runs_recovered_total'));
    for (const status of ['completed', 'failed', 'cancelled'] as const) {
      on(`workflow.${status}`, () => this.#count('yardmaster_runs_ended_total', { status }));
      on(`task.${status}`, (event) => {
        this.#count('yardmaster_tasks_ended_total', { status });
        this.#attemptEnded(event, status);
      });
    }
    for (const status of ['skipped', 'adopted'] as const) {
      on(`task.${status}`, () => this.#count('yardmaster_tasks_ended_total', { status }));
    }
    on('task.started', (event) => this.#attemptStarted(event));
    on('task.retrying', (event) => {
      this.#count('yardmaster_task_retries_total');
      this.#attemptEnded(event, 'failed');
    });
    on('worker.started', () => this.#count('yardmaster_threads_started_total'));
    for (const type of ['worker.killed', 'worker.exited'] as const) {
      on(type, ({ data }) => this.#count('yardmaster_threads_ended_total', { reason: String(data.reason) }));
    }
    on('supervisor.restarted', () => this.#count('yardmaster_supervisor_restarts_total'));
    on('supervisor.gave-up', () => this.#count('yardmaster_supervisor_given_up_total'));
    on('journal.failed', () => this.#set('yardmaster_journal_failed', 1));
    on('handler.failed', () => this.#count('yardmaster_handler_failures_total'));
  }

  #attemptStarted({ at, taskId, data }: RuntimeEvent): void {
    if (taskId === undefined) return;
    const { attempt, module, action, waitedMs, priority } = data;
    const before = this.#attempts.get(taskId);
    // Nobody tells of an attempt that was taken away; one that was given back starts again under its number.
    if (before !== undefined && before.attempt !== attempt) {
      this.#count('yardmaster_attempts_ended_total', { outcome: 'interrupted' });
    }
    const series = this.#seriesOf(String(module), String(action));
    this.#attempts.set(taskId, { attempt: Number(attempt), startedMs: Date.parse(at), series });
    this.#histograms.get('yardmaster_queue_wait_seconds')?.observe({ priority: String(priority) }, secondsOf(waitedMs));
  }

  #attemptEnded({ at, taskId, data }: RuntimeEvent, outcome: 'completed' | 'failed' | 'cancelled'): void {
    const attempt = taskId === undefined ? undefined : this.#attempts.get(taskId);
    // It had not begun, or before anybody counted.
    if (taskId === undefined || attempt === undefined) return;
    this.#attempts.delete(taskId);
    this.#count('yardmaster_attempts_ended_total', { outcome: data.killed === true ? 'killed' : outcome });
    attempt.series.observe(Math.max(0, Date.parse(at) - attempt.startedMs) / 1_000);
  }

  #seriesOf(module: string, action: string): ActionSeries {
    const key = `${module} ${action}`;
    const known = this.#actions.get(key);
    if (known !== undefined) return known;
    const isBeyond = this.#actions.size >= MAX_ACTIONS;
    if (isBeyond && key !== `${OTHER} ${OTHER}`) return this.#seriesOf(OTHER, OTHER);
    const histogram = this.#histograms.get('yardmaster_attempt_duration_seconds');
    const series: ActionSeries = { observe: (seconds) => histogram?.observe({ module, action }, seconds) };
    this.#actions.set(key, series);
    return series;
  }

  // --- what is read

  #read(): void {
    const status = this.#engine.getSystemStatus();
    const { workflows } = status;
    this.#set('yardmaster_runs_open', workflows.pending + workflows.running + workflows.paused);
    this.#set('yardmaster_sessions_active', status.sessions.active);
    for (const [word, count] of Object.entries(status.tasks)) this.#set('yardmaster_tasks', count, { status: word });
    for (const priority of PRIORITY_NAMES) {
      this.#set('yardmaster_queue_depth', status.queueDepth[priority], { priority });
    }
    this.#set('yardmaster_tasks_waiting_for_capacity', status.waitingForCapacity);
    this.#set('yardmaster_tasks_running', status.running);
    for (const state of THREAD_STATES) {
      this.#set('yardmaster_threads', status.threads.filter((thread) => thread.state === state).length, { state });
    }
    this.#readResources(status);
    this.#readDelay();
    this.#set('yardmaster_uptime_seconds', status.uptimeMs / 1_000);
    this.#set('yardmaster_process_resident_memory_bytes', status.memory.rssBytes);
    this.#set('yardmaster_process_heap_used_bytes', status.memory.heapUsedBytes);
    const { user, system } = process.cpuUsage();
    const cpu = this.#counters.get('yardmaster_process_cpu_seconds_total');
    cpu?.reset();
    cpu?.inc((user + system) / 1_000_000);
  }

  #readResources({ resources }: SystemStatus): void {
    this.#set('yardmaster_resources', resources.length);
    for (const usage of resources.slice(0, MAX_RESOURCES)) {
      const labels = { resource: usage.resourceId, type: usage.type };
      this.#set('yardmaster_resource_in_use', usage.current, labels);
      this.#set('yardmaster_resource_capacity', usage.capacity, labels);
      this.#set('yardmaster_resource_peak', usage.peak, labels);
      this.#set('yardmaster_resource_waiting', usage.waiting, labels);
    }
  }

  #readDelay(): void {
    const { meanMs: mean, p50Ms: p50, p99Ms: p99, maxMs: max } = this.#delay.read();
    for (const [statistic, delayMs] of Object.entries({ mean, p50, p99, max })) {
      this.#set('yardmaster_event_loop_delay_seconds', delayMs / 1_000, { statistic });
    }
  }

  #count(name: MetricName, labels: Record<string, string> = {}): void {
    this.#counters.get(name)?.inc(labels);
  }

  #set(name: MetricName, value: number, labels: Record<string, string> = {}): void {
    this.#gauges.get(name)?.set(labels, value);
  }
}

/** Every combination of known values, so that a series is there before it first counts; none where a label is open. */
function combinations(labels: NonNullable<MetricDefinition['labels']>): Record<string, string>[] {
  let known: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    known = known.flatMap((before) => (values ?? []).map((value) => ({ ...before, [label]: value })));
  }
  return known;
}

function secondsOf(milliseconds: unknown): number {
  return typeof milliseconds === 'number' ? Math.max(0, milliseconds) / 1_000 : 0;
}
