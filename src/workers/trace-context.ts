// Owns the way to OpenTelemetry's API, in every thread: whether a program has registered a tracer there, and the running of
// code under a span that came from elsewhere. Without a registration nothing is loaded: the look at one global property is
// all that it costs. It never lets a fault of a tracer reach the code that is traced.

import { createRequire } from 'node:module';
import type * as OpenTelemetry from '@opentelemetry/api';
import type { TraceCarrier } from '../domain/run-tracing.ts';

export type TelemetryApi = typeof OpenTelemetry;

/**
 * Where every copy of the API, version 1, keeps what was registered with it. Asked before the package is loaded, since loading
 * takes 8–17 ms and many programs have the package without using it.
 */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');
/** version-trace id-span id-flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

let api: TelemetryApi | null | undefined;

/** The API when a tracer provider is registered in this thread; undefined when none is, or the package is not there. */
export function registeredTelemetry(): TelemetryApi | undefined {
  const registry: unknown = Reflect.get(globalThis, REGISTRY);
  if (typeof registry !== 'object' || registry === null || !('trace' in registry)) return undefined;
  if (api === undefined) api = loadApi();
  return api ?? undefined;
}

/** Runs code under the span that a carrier names; as it is when nobody traces in this thread. */
export function runUnderTrace<Result>(carrier: TraceCarrier, run: () => Result): Result {
  const telemetry = registeredTelemetry();
  if (telemetry === undefined) return run();
  let entered: OpenTelemetry.Context;
  try {
    entered = contextOf(telemetry, carrier);
  } catch {
    return run();
  }
  return telemetry.context.with(entered, run);
}

/** The names and values under which other threads find a context. */
export function carrierOf(telemetry: TelemetryApi, context: OpenTelemetry.Context): TraceCarrier | null {
  const carrier: Record<string, string> = {};
  telemetry.propagation.inject(context, carrier);
  const span = telemetry.trace.getSpanContext(context);
  // No propagator is registered: the standard form needs none.
  if (Object.keys(carrier).length === 0 && span !== undefined && telemetry.isSpanContextValid(span)) {
    const flags = (span.traceFlags & 0xff).toString(16).padStart(2, '0');
    return { traceparent: `00-${span.traceId}-${span.spanId}-${flags}` };
  }
  return Object.keys(carrier).length === 0 ? null : carrier;
}

function contextOf(telemetry: TelemetryApi, carrier: TraceCarrier): OpenTelemetry.Context {
  const { propagation, trace, ROOT_CONTEXT } = telemetry;
  const extracted = propagation.extract(ROOT_CONTEXT, carrier);
  if (trace.getSpanContext(extracted) !== undefined) return extracted;
  const [, traceId, spanId, flags] = TRACEPARENT.exec(carrier.traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return extracted;
  const traceFlags = Number.parseInt(flags, 16);
  return trace.setSpanContext(extracted, { traceId, spanId, traceFlags, isRemote: true });
}

// By require: a tracer may be registered at any time, and who starts a run or an attempt cannot wait for an import. In Node the
// package is the same module either way.
function loadApi(): TelemetryApi | null {
  try {
    const loaded: TelemetryApi = createRequire(import.meta.url)('@opentelemetry/api');
    return loaded;
  } catch {
    return null;
  }
}
