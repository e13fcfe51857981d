// Owns the stored form of a workflow's history of durations: the steps as a JSON list, their durations as numbers behind
// one another, and a checksum over all. What does not fit together in any way is no history.

import { crc32 } from 'node:zlib';
import { DurationHistory, isDuration, KEPT_DURATIONS, KEPT_STEPS } from './duration-history.ts';

const BYTES = Float64Array.BYTES_PER_ELEMENT;

export interface StoredHistory {
  /** The number of the latest recording in it. */
  readonly recorded: number;
  /** A JSON list of text: any name survives it. */
  readonly steps: string;
  /** A byte for each step: how many durations it has; then all durations as little-endian 64-bit floats. */
  readonly seconds: Uint8Array;
  readonly crc: number;
}

export function encodeHistory(recorded: number, history: DurationHistory): StoredHistory {
  const steps = JSON.stringify([...history.steps.keys()]);
  let durations = 0;
  for (const last of history.steps.values()) durations += last.length;
  const seconds = new Uint8Array(history.size + durations * BYTES);
  const view = new DataView(seconds.buffer);
  let count = 0;
  let at = history.size;
  for (const last of history.steps.values()) {
    seconds[count++] = last.length;
    for (const duration of last) {
      view.setFloat64(at, duration, true);
      at += BYTES;
    }
  }
  return { recorded, steps, seconds, crc: checksum(recorded, steps, seconds) };
}

/** The history; undefined when it is damaged. */
export function decodeHistory({ recorded, steps, seconds, crc }: StoredHistory): DurationHistory | undefined {
  if (checksum(recorded, steps, seconds) !== crc) return undefined;
  const names = namesIn(steps);
  if (names.length > KEPT_STEPS || seconds.length < names.length) return undefined;
  const view = new DataView(seconds.buffer, seconds.byteOffset, seconds.byteLength);
  const found = new Map<string, number[]>();
  let at = names.length;
  for (const [index, name] of names.entries()) {
    const count = seconds[index] ?? 0;
    if (count < 1 || count > KEPT_DURATIONS || at + count * BYTES > seconds.length) return undefined;
    const last: number[] = [];
    for (const end = at + count * BYTES; at < end; at += BYTES) {
      const duration = view.getFloat64(at, true);
      if (!isDuration(duration)) return undefined;
      last.push(duration);
    }
    found.set(name, last);
  }
  return at === seconds.length && found.size === names.length ? new DurationHistory(found) : undefined;
}

function namesIn(text: string): string[] {
  const names: unknown = JSON.parse(text);
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

function checksum(recorded: number, steps: string, seconds: Uint8Array): number {
  return crc32(seconds, crc32(`${recorded} ${steps}`));
}
