// Owns the spans of runs and attempts: the tracing port over OpenTelemetry's API, when a program has registered a tracer
// provider. Looked for at each start of a run, so that it may be registered at any time; without one there are no spans,
// and attempts cost one look into an empty map. It never lets a fault of a tracer or exporter reach the engine.

import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type {
  AttemptSpan,
  RunTracing,
  TraceCaller,
  TraceCarrier,
  TracedAttempt,
  TracedAttemptEnd,
  TracedRun,
  TracedRunEnd,
} from '../domain/run-tracing.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import { carrierOf, registeredTelemetry, type TelemetryApi } from '../workers/trace-context.ts';

/** Under which name the tracer is asked for. */
export const TRACER_NAME = 'yardmaster';

/** The spans, by what they stand for. */
export const SPAN_NAMES = { run: 'yardmaster.run', attempt: 'yardmaster.attempt' } as const;

/** The event on an attempt's span that another attempt follows. */
export const RETRY_EVENT = 'yardmaster.retry';

/** Every attribute that a span or its events can have; docs/telemetry.md says of which and with what. */
export const SPAN_ATTRIBUTES = {
  runId: 'yardmaster.run.id',
  runStatus: 'yardmaster.run.status',
  runReason: 'yardmaster.run.reason',
  runMode: 'yardmaster.run.mode',
  runTasks: 'yardmaster.run.tasks',
  runRerunOf: 'yardmaster.run.rerun_of',
  runRecovered: 'yardmaster.run.recovered',
  workflow: 'yardmaster.workflow.name',
  sessionId: 'yardmaster.session.id',
  taskId: 'yardmaster.task.id',
  task: 'yardmaster.task.name',
  priority: 'yardmaster.task.priority',
  module: 'yardmaster.task.module',
  action: 'yardmaster.task.action',
  attempt: 'yardmaster.attempt.number',
  outcome: 'yardmaster.attempt.outcome',
  cancelReason: 'yardmaster.attempt.cancel_reason',
  retryDelayMs: 'yardmaster.retry.delay_ms',
  threadId: 'thread.id',
  errorType: 'error.type',
} as const;

// As in the API; the package itself is loaded only when somebody traces.
const KIND_INTERNAL = 0;
const STATUS_ERROR = 2;

interface OpenRun {
  readonly span: Span;
  readonly context: Context;
}

/** Where a caller stood; made here, read here alone. */
class Caller {
  readonly context: Context;

  constructor(context: Context) {
    this.context = context;
  }
}

/** Spans of runs and attempts over OpenTelemetry, as long as a provider is registered in the process. */
export class OpenTelemetryTracing implements RunTracing {
  /** Runs whose spans are open: no more than there are runs in the engine. */
  readonly #runs = new Map<string, OpenRun>();

  runStarted(run: TracedRun): void {
    const telemetry = registeredTelemetry();
    if (telemetry === undefined || this.#runs.has(run.runId)) return;
    guarded(() => {
      const caller = telemetry.context.active();
      const span = this.#tracer(telemetry).startSpan(
        SPAN_NAMES.run,
        { kind: KIND_INTERNAL, attributes: attributesOfRun(run) },
        caller,
      );
      this.#runs.set(run.runId, { span, context: telemetry.trace.setSpan(caller, span) });
    });
  }

  runEnded(runId: string, end: TracedRunEnd): void {
    const run = this.#runs.get(runId);
    if (run === undefined) return;
    this.#runs.delete(runId);
    guarded(() => {
      const { span } = run;
      span.setAttribute(SPAN_ATTRIBUTES.runStatus, end.status);
      if (end.reason !== null) span.setAttribute(SPAN_ATTRIBUTES.runReason, end.reason);
      if (end.status === 'failed') span.setStatus({ code: STATUS_ERROR, message: end.reason ?? 'the run failed' });
      span.end();
    });
  }

  caller(): TraceCaller | null {
    const telemetry = registeredTelemetry();
    return telemetry === undefined ? null : guarded(() => new Caller(telemetry.context.active()));
  }

  isTraced(runId: string): boolean {
    return this.#runs.has(runId);
  }

  attemptStarted(attempt: TracedAttempt, caller: TraceCaller | null): AttemptSpan | null {
    const parent = this.#runs.get(attempt.runId)?.context ?? (caller instanceof Caller ? caller.context : undefined);
    const telemetry = parent === undefined ? undefined : registeredTelemetry();
    if (parent === undefined || telemetry === undefined) return null;
    return guarded(() => {
      const span = this.#tracer(telemetry).startSpan(
        SPAN_NAMES.attempt,
        { kind: KIND_INTERNAL, attributes: attributesOfAttempt(attempt) },
        parent,
      );
      return new OpenAttempt(span, carrierOf(telemetry, telemetry.trace.setSpan(parent, span)));
    });
  }

  close(): void {
    for (const runId of [...this.#runs.keys()]) this.runEnded(runId, { status: 'suspended', reason: null });
  }

  // Asked for each time: the API keeps tracers, and after another registration it is another one.
  #tracer(telemetry: TelemetryApi): Tracer {
    return telemetry.trace.getTracer(TRACER_NAME);
  }
}

class OpenAttempt implements AttemptSpan {
  readonly carrier: TraceCarrier | null;
  readonly #span: Span;

  constructor(span: Span, carrier: TraceCarrier | null) {
    this.#span = span;
    this.carrier = carrier;
  }

  retryScheduled(delayMs: number, error: SerializedError): void {
    const attributes = { [SPAN_ATTRIBUTES.retryDelayMs]: delayMs, [SPAN_ATTRIBUTES.errorType]: error.code };
    guarded(() => this.#span.addEvent(RETRY_EVENT, attributes));
  }

  end(end: TracedAttemptEnd, threadId: number): void {
    const span = this.#span;
    guarded(() => {
      span.setAttribute(SPAN_ATTRIBUTES.outcome, end.kind);
      if (threadId >= 0) span.setAttribute(SPAN_ATTRIBUTES.threadId, threadId);
      if (end.kind === 'cancelled') span.setAttribute(SPAN_ATTRIBUTES.cancelReason, end.reason);
      else if (end.kind === 'failed') recordFailure(span, end.error);
    });
    // Only once its turn is over is it known whether it is tried again, and an ended span takes no event.
    queueMicrotask(() => guarded(() => span.end()));
  }
}

function recordFailure(span: Span, { code, message, name, stack }: SerializedError): void {
  span.setAttribute(SPAN_ATTRIBUTES.errorType, code);
  span.recordException({ code, message, name, ...(stack === undefined ? {} : { stack }) });
  span.setStatus({ code: STATUS_ERROR, message });
}

function attributesOfRun(run: TracedRun): Attributes {
  return {
    [SPAN_ATTRIBUTES.runId]: run.runId,
    [SPAN_ATTRIBUTES.sessionId]: run.sessionId,
    [SPAN_ATTRIBUTES.workflow]: run.workflow,
    [SPAN_ATTRIBUTES.runMode]: run.mode,
    [SPAN_ATTRIBUTES.runTasks]: run.tasks,
    ...(run.rerunOf === null ? {} : { [SPAN_ATTRIBUTES.runRerunOf]: run.rerunOf }),
    ...(run.recovered ? { [SPAN_ATTRIBUTES.runRecovered]: true } : {}),
  };
}

function attributesOfAttempt(attempt: TracedAttempt): Attributes {
  return {
    [SPAN_ATTRIBUTES.runId]: attempt.runId,
    [SPAN_ATTRIBUTES.sessionId]: attempt.sessionId,
    [SPAN_ATTRIBUTES.taskId]: attempt.taskId,
    [SPAN_ATTRIBUTES.task]: attempt.task,
    [SPAN_ATTRIBUTES.priority]: attempt.priority,
    [SPAN_ATTRIBUTES.module]: attempt.module,
    [SPAN_ATTRIBUTES.action]: attempt.action,
    [SPAN_ATTRIBUTES.attempt]: attempt.attempt,
  };
}

/** A tracer's fault is not the engine's: what it was to do is left out. */
function guarded<Result>(act: () => Result): Result | null {
  try {
    return act();
  } catch {
    return null;
  }
}
