// Owns what the time limits of a task mean to each other: a silence fits into an attempt, an attempt into the whole task.
// A limit that can never be reached is a mistake of its author, so it is a fault and not passed over.

/** Limits of one task in milliseconds; null = no limit. */
export interface TimeLimits {
  /** One attempt. */
  readonly timeoutMs: number | null;
  /** All attempts and the waits between them, from the start of the first. */
  readonly totalTimeoutMs: number | null;
  /** Longest silence of an attempt. */
  readonly heartbeatTimeoutMs: number | null;
}

/** A limit that is longer than another one that holds for a longer stretch. */
export interface TimeLimitFault {
  readonly longer: keyof TimeLimits;
  readonly shorter: keyof TimeLimits;
}

const FROM_NARROW_TO_WIDE = [
  ['heartbeatTimeoutMs', 'timeoutMs'],
  ['heartbeatTimeoutMs', 'totalTimeoutMs'],
  ['timeoutMs', 'totalTimeoutMs'],
] as const;

/** Every limit that another one makes unreachable; equal ones are good. */
export function findTimeLimitFaults(limits: TimeLimits): TimeLimitFault[] {
  const faults: TimeLimitFault[] = [];
  for (const [narrow, wide] of FROM_NARROW_TO_WIDE) {
    const [narrowMs, wideMs] = [limits[narrow], limits[wide]];
    if (narrowMs !== null && wideMs !== null && narrowMs > wideMs) faults.push({ longer: narrow, shorter: wide });
  }
  return faults;
}
