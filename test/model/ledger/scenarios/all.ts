// Owns the list of all scenarios.

import type { Scenario } from '../scenario.ts';
import { blockingScenarios } from './blocking.ts';
import { deathScenarios } from './deaths.ts';
import { takeAndGiveScenarios } from './take-and-give.ts';
import { waitingScenarios } from './waiting.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...takeAndGiveScenarios,
  ...waitingScenarios,
  ...blockingScenarios,
  ...deathScenarios,
];
