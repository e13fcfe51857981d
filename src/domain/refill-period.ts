// Owns which resources refill by themselves when nothing is said: one place for files, configuration and code.

import { ResourceType } from './statuses.ts';

/** The period of an `api_quota` that names none: per minute, as most interfaces count. */
export const DEFAULT_QUOTA_PERIOD_MS = 60_000;

/** After how long a granted unit comes back by itself; null = it is given back by its holder. `given`: null = never. */
export function refillPeriodOf(type: ResourceType, given: number | null | undefined): number | null {
  if (given !== undefined) return given;
  return type === ResourceType.API_QUOTA ? DEFAULT_QUOTA_PERIOD_MS : null;
}
