// Owns how figures read on the page: durations, times, sizes, counts and shares, always in the same form.

import type { RunStanding } from '../wire.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** A length of time in at most two units: `12 ms`, `3.4 s`, `2 min 05 s`, `1 h 02 min`, `3 d 4 h`. */
export function durationText(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / SECOND_MS).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** As `durationText`, in whole seconds from one second on: for figures that tick. */
export function tickingText(durationMs: number): string {
  const isShort = durationMs >= SECOND_MS && durationMs < 10 * SECOND_MS;
  return isShort ? `${Math.floor(durationMs / SECOND_MS)} s` : durationText(durationMs);
}

/** How long ago, in one unit, for people: `just now`, `5 min ago`, `3 d ago`. */
export function agoText(at: number, now: number): string {
  const ms = now - at;
  if (ms < 10 * SECOND_MS) return 'just now';
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s ago`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min ago`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h ago`;
  return `${Math.floor(ms / DAY_MS)} d ago`;
}

/** Time of day, with the date unless it is today's; of the reader's own time zone. */
export function clockText(at: number, now: number): string {
  const time = new Date(at);
  const today = new Date(now);
  const clock = `${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}:${twoDigits(time.getSeconds())}`;
  return time.toDateString() === today.toDateString() ? clock : `${dayText(time)} ${clock}`;
}

/** `2026-01-31 08:05:09.123 UTC`: the whole of a time, for tooltips. */
export function exactTimeText(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC');
}

/** Bytes in powers of 1024. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

// Kept: to make one takes sixty times as long as to use it, and canvases write a count for each cluster and frame.
const COUNTS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** A count with its thousands set apart: `10,000`. */
export function countText(count: number): string {
  return COUNTS.format(count);
}

/** A count and its noun: `1 task`, `2 tasks`. */
export function pluralText(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A share in whole per cent that says 100 and 0 only when it is. */
export function shareText(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return '0 %';
  if (part >= whole) return '100 %';
  return `${Math.min(99, Math.max(1, Math.round((part / whole) * 100)))} %`;
}

/** What a standing means, for a tooltip. */
export const STANDING_MEANINGS: Readonly<Record<RunStanding, string>> = {
  pending: 'Has not begun.',
  running: 'An engine is working on it.',
  paused: 'Paused: begins no further task until it is resumed.',
  completed: 'Every task that it needed has completed.',
  failed: 'A task that it needed failed, or its time ran out.',
  cancelled: 'Was cancelled.',
  parked: 'Put aside after it brought its engine down; it waits to be released.',
  suspended: 'Its engine was shut down; the next one can go on with it.',
  interrupted: 'Its engine ended without a word; the next one can go on with it.',
};

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function dayText(time: Date): string {
  return `${time.getFullYear()}-${twoDigits(time.getMonth() + 1)}-${twoDigits(time.getDate())}`;
}
