// Owns the list of the engine's metrics: name, type, labels, buckets and what each one means. The collector makes its metrics
// from it, and docs/telemetry.md is checked against it. Names follow Prometheus: base units last, counters end in `_total`.

import { PRIORITY_NAMES, TaskStatus } from '../domain/statuses.ts';

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** By name: the values it can have; null = whatever there is, bounded by the collector. */
  readonly labels?: Readonly<Record<string, readonly string[] | null>>;
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

/** Seconds, from one millisecond to an hour. */
const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600] as const;

/** How attempts end; `killed`: its thread was terminated, after a time-out or a cancellation. */
export const ATTEMPT_OUTCOMES = ['completed', 'failed', 'cancelled', 'killed', 'interrupted'] as const;
export const RUN_ENDS = ['completed', 'failed', 'cancelled'] as const;
export const TASK_ENDS = ['completed', 'failed', 'cancelled', 'skipped', 'adopted'] as const;
export const THREAD_STATES = ['idle', 'busy'] as const;
export const THREAD_ENDS = ['stopped', 'died', 'shutdown'] as const;
export const DELAY_STATISTICS = ['mean', 'p50', 'p99', 'max'] as const;

/** Every metric by its name. */
export const METRICS = {
  yardmaster_runs_started_total: { type: 'counter', help: 'Runs of workflows that were started.' },
  yardmaster_runs_recovered_total: { type: 'counter', help: 'Runs that were taken up again after an earlier engine.' },
  yardmaster_runs_ended_total: {
    type: 'counter',
    help: 'Runs of workflows that have ended, by how.',
    labels: { status: RUN_ENDS },
  },
  yardmaster_runs_open: { type: 'gauge', help: 'Runs that have not ended.' },
  yardmaster_sessions_active: { type: 'gauge', help: 'Sessions that have not ended.' },
  yardmaster_tasks_ended_total: {
    type: 'counter',
    help: 'Tasks that have ended, by how; adopted ones took the output of the run that is repeated.',
    labels: { status: TASK_ENDS },
  },
  yardmaster_tasks: {
    type: 'gauge',
    help: 'Tasks by status now; those that ended are the ones since the engine started.',
    labels: { status: Object.values(TaskStatus) },
  },
  yardmaster_attempts_ended_total: {
    type: 'counter',
    help: 'Attempts that have ended, by how.',
    labels: { outcome: ATTEMPT_OUTCOMES },
  },
  yardmaster_task_retries_total: { type: 'counter', help: 'Attempts that failed and were followed by another.' },
  yardmaster_attempt_duration_seconds: {
    type: 'histogram',
    help: 'From the start of an attempt to its end, whatever the end.',
    labels: { module: null, action: null },
    buckets: SECONDS,
  },
  yardmaster_queue_wait_seconds: {
    type: 'histogram',
    help: 'From the moment a task was ready to the start of its attempt.',
    labels: { priority: PRIORITY_NAMES },
    buckets: SECONDS,
  },
  yardmaster_queue_depth: {
    type: 'gauge',
    help: 'Ready tasks that wait for a slot or for capacity.',
    labels: { priority: PRIORITY_NAMES },
  },
  yardmaster_tasks_waiting_for_capacity: { type: 'gauge', help: 'Ready tasks that wait for capacity.' },
  yardmaster_tasks_running: { type: 'gauge', help: 'Attempts under way.' },
  yardmaster_threads: { type: 'gauge', help: 'Threads that can work.', labels: { state: THREAD_STATES } },
  yardmaster_threads_started_total: { type: 'counter', help: 'Threads that came up.' },
  yardmaster_threads_ended_total: {
    type: 'counter',
    help: 'Threads that have ended: stopped with their task, died by themselves, or left with the engine.',
    labels: { reason: THREAD_ENDS },
  },
  yardmaster_resource_in_use: {
    type: 'gauge',
    help: 'Amount of a resource in use, in its own unit.',
    labels: { resource: null, type: null },
  },
  yardmaster_resource_capacity: {
    type: 'gauge',
    help: 'Amount of a resource that there is, in its own unit.',
    labels: { resource: null, type: null },
  },
  yardmaster_resource_peak: {
    type: 'gauge',
    help: 'The most of a resource that was ever in use at once, in its own unit.',
    labels: { resource: null, type: null },
  },
  yardmaster_resource_waiting: {
    type: 'gauge',
    help: 'Requests that wait for a resource.',
    labels: { resource: null, type: null },
  },
  yardmaster_resources: { type: 'gauge', help: 'Resources that are registered.' },
  yardmaster_supervisor_restarts_total: {
    type: 'counter',
    help: 'Restarts of actors and of the writer of the journal.',
  },
  yardmaster_supervisor_given_up_total: { type: 'counter', help: 'Supervisors that crashed once too often.' },
  yardmaster_journal_failed: { type: 'gauge', help: '1 when nothing can be made durable any more, else 0.' },
  yardmaster_handler_failures_total: { type: 'counter', help: 'Event handlers that threw.' },
  yardmaster_event_loop_delay_seconds: {
    type: 'gauge',
    help: 'How much later than planned the main loop came to its work, since the scrape before.',
    labels: { statistic: DELAY_STATISTICS },
  },
  yardmaster_process_cpu_seconds_total: {
    type: 'counter',
    help: 'CPU time of the process, all threads, user and system.',
  },
  yardmaster_process_resident_memory_bytes: { type: 'gauge', help: 'Memory of the process, all threads.' },
  yardmaster_process_heap_used_bytes: { type: 'gauge', help: 'Used part of the heap of the main thread.' },
  yardmaster_uptime_seconds: { type: 'gauge', help: 'Since the engine started.' },
} as const satisfies Record<string, MetricDefinition>;
export type MetricName = keyof typeof METRICS;
