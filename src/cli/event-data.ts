// Owns the reading of what an event carries in `data`: fields are optional there, a view must never fail over one.

import type { RuntimeEvent } from '../domain/events.ts';
import type { SerializedError } from '../domain/serialized-error.ts';

/** A finite number of an event, if it carries one. */
export function numberOf(event: RuntimeEvent, key: string): number | undefined {
  const value = event.data[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A non-empty text of an event, if it carries one. */
export function textOf(event: RuntimeEvent, key: string): string | undefined {
  const value = event.data[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The error of an event, if it carries one. */
export function errorOf(event: RuntimeEvent): SerializedError | undefined {
  const value = event.data.error;
  return isSerializedError(value) ? value : undefined;
}

/** When it happened, epoch milliseconds. */
export function atMsOf(event: RuntimeEvent): number {
  return Date.parse(event.at);
}

function isSerializedError(value: unknown): value is SerializedError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'message' in value &&
    typeof value.message === 'string' &&
    'code' in value &&
    typeof value.code === 'string' &&
    'name' in value &&
    typeof value.name === 'string'
  );
}
