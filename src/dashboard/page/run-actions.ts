// Owns which actions a run's standing leaves room for, and why one cannot be taken now. What the server says in its
// welcome decides; the server checks again when it is asked.

import type { ActionKind, RunStanding, Welcome } from '../wire.ts';
import type { StreamState } from './live-stream.ts';

/** What may be done to a run, as one button each. */
export type RunDeed = 'pause' | 'resume' | 'release' | 'cancel' | 'rerun' | 'rerun-from-failed';

const DEEDS: Readonly<Record<RunStanding, readonly RunDeed[]>> = {
  pending: ['pause', 'cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  suspended: ['resume', 'cancel'],
  interrupted: ['resume', 'cancel'],
  parked: ['release', 'cancel'],
  completed: ['rerun'],
  failed: ['rerun-from-failed', 'rerun'],
  cancelled: ['rerun-from-failed', 'rerun'],
};

/** The deeds that a standing leaves room for, the nearest first. */
export function deedsOf(standing: RunStanding): readonly RunDeed[] {
  return DEEDS[standing];
}

/** The kind of action that a deed is. */
export function actionOf(deed: RunDeed): ActionKind {
  return deed === 'rerun-from-failed' ? 'rerun' : deed;
}

/** Why the server would refuse, or could not hear of it; null = neither. */
export function refusalOf(kind: ActionKind, welcome: Welcome | null, stream: StreamState['kind']): string | null {
  if (welcome === null) return 'The dashboard has not answered yet.';
  if (stream === 'lost' || stream === 'gone' || stream === 'refused') return 'There is no connection to the dashboard.';
  if (welcome.actions.includes(kind)) return null;
  if (welcome.source === 'trace') return 'This is a recorded trace: there is nothing behind it that could act.';
  if (welcome.enginePid === null) {
    return 'No engine has this data folder in hand, and this dashboard cannot start one for it.';
  }
  return `The engine (process ${welcome.enginePid}) does not take this from here.`;
}
