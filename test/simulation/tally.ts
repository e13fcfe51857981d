// Owns the counts of what happened in simulations: a check that never met its fault has shown nothing.

export const HAPPENINGS = [
  'lives',
  'recovered runs',
  'single tasks',
  'recovered tasks',
  'tasks submitted again',
  'single tasks cancelled',
  'crashes',
  'crashes inside an append',
  'crashes at a turning point',
  'failing writes',
  'shutdowns',
  'suspended runs',
  'parked runs',
  'released runs',
  'lost records',
  'torn records',
  'reordered records',
  'congestions',
  'bodies',
  'dead threads',
  'killed threads',
  'late results',
  'returned attempts',
  'interrupted attempts',
  'retries',
  're-armed retries',
  'attempts timed out',
  'heartbeats missed',
  'tasks expired',
  'tasks failed',
  'tasks skipped',
  'conditions false',
  'tasks cancelled while running',
  'tasks cancelled otherwise',
  'runs paused',
  'runs completed',
  'runs failed',
  'runs cancelled',
  'runs timed out',
  'runs started again',
  'results told again',
  'runs whose start was lost',
  'runs done again',
  'adopted outputs',
  'crashes inside a shutdown',
  'requests done',
  'requests refused',
  'actors crashed',
  'effects that threw',
  'runs started anew',
] as const;
export type Happening = (typeof HAPPENINGS)[number];

export class Tally {
  readonly counts: Record<Happening, number>;

  constructor() {
    const entries = HAPPENINGS.map((happening) => [happening, 0] as const);
    this.counts = Object.fromEntries(entries) as Record<Happening, number>;
  }

  add(happening: Happening, times = 1): void {
    this.counts[happening] += times;
  }

  addAll(other: Tally): void {
    for (const happening of HAPPENINGS) this.counts[happening] += other.counts[happening];
  }

  toString(): string {
    return HAPPENINGS.map((happening) => `${String(this.counts[happening]).padStart(9)}  ${happening}`).join('\n');
  }
}
