// Owns how the engine's figures follow the stream, and the series that charts draw from them. Samples are kept for as
// long as the server keeps them; older ones go.

import type { SystemDocument, SystemFrame, SystemSample } from '../wire.ts';

const KEPT_MS = 600_000;

/** The document after a frame. */
export function applySystemFrame(system: SystemDocument, frame: SystemFrame): SystemDocument {
  const last = system.samples.at(-1);
  const isNew = last === undefined || frame.sample.at > last.at;
  const oldest = frame.sample.at - KEPT_MS;
  const samples = isNew ? [...system.samples.filter(({ at }) => at >= oldest), frame.sample] : system.samples;
  const { resources, threads, health } = frame;
  const ahead = isNew && last !== undefined ? frame.sample.at - last.at : 0;
  const uptimeMs = system.uptimeMs === null ? null : system.uptimeMs + ahead;
  return { ...system, samples, resources, threads, health, uptimeMs, absent: null };
}

/** One line of a chart; null where it was not measured. */
export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

/** Use of each resource as a share of its capacity now, in per cent; those that were ever used first. */
export function resourceSeries(system: SystemDocument): Series[] {
  return system.resources.map(({ id, capacity }) => ({
    label: id,
    values: system.samples.map(({ use }) => shareOf(use[id], capacity)),
  }));
}

const LEVELS = ['critical', 'high', 'normal', 'low', 'background'];

/** Tasks queued at each priority, and those that wait for capacity. */
export function queueSeries(samples: readonly SystemSample[]): Series[] {
  const levels = LEVELS.map((label, level) => ({ label, values: samples.map(({ queue }) => queue[level] ?? null) }));
  return [
    ...levels,
    { label: 'waiting for capacity', values: samples.map(({ waitingForCapacity }) => waitingForCapacity) },
  ];
}

/** Threads and what runs on them. */
export function threadSeries(samples: readonly SystemSample[]): Series[] {
  return [
    { label: 'threads alive', values: samples.map(({ aliveThreads }) => aliveThreads) },
    { label: 'threads busy', values: samples.map(({ busyThreads }) => busyThreads) },
    { label: 'tasks running', values: samples.map(({ running }) => running) },
  ];
}

/** How late the engine's main loop runs, in milliseconds. */
export function loopSeries(samples: readonly SystemSample[]): Series[] {
  return [
    { label: 'mean', values: samples.map(({ loopDelayMeanMs }) => loopDelayMeanMs) },
    { label: '99th percentile', values: samples.map(({ loopDelayP99Ms }) => loopDelayP99Ms) },
  ];
}

/** Memory of the engine's process, in bytes. */
export function memorySeries(samples: readonly SystemSample[]): Series[] {
  return [
    { label: 'resident', values: samples.map(({ rssBytes }) => rssBytes) },
    { label: 'heap in use', values: samples.map(({ heapUsedBytes }) => heapUsedBytes) },
  ];
}

/** Tasks completed a second, measured over windows of some samples so that it reads as a rate. */
export function rateSeries(samples: readonly SystemSample[]): Series[] {
  const WINDOW = 4;
  const values = samples.map((sample, at) => {
    const before = samples[at - WINDOW];
    if (before === undefined || sample.at <= before.at) return null;
    return Math.max(0, ((sample.completedTasks - before.completedTasks) / (sample.at - before.at)) * 1_000);
  });
  return [{ label: 'tasks completed a second', values }];
}

/** The largest value of a series; null = it has none. */
export function peakOf(series: Series): number | null {
  let peak: number | null = null;
  for (const value of series.values) if (value !== null && (peak === null || value > peak)) peak = value;
  return peak;
}

function shareOf(use: number | undefined, capacity: number): number | null {
  if (use === undefined) return null;
  return capacity > 0 ? (use / capacity) * 100 : 0;
}
