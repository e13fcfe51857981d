// Owns what all views of a run have in common: what they are told, and which view a shell gets.

import type { RuntimeEvent, RuntimeEventType } from '../domain/events.ts';
import type { RunGauges } from './run-view-screen.ts';
import type { RunViewState } from './run-view-state.ts';

/** A view of one run. It never throws and never waits. */
export interface RunOutput {
  /** The events it needs; '*' for all. The fewer, the less a short task costs. */
  readonly wanted: readonly RuntimeEventType[] | '*';
  /** Told of each event before the state takes it in. */
  onEvent(event: RuntimeEvent, before: RunViewState): void;
  /** A word of the shell itself, such as what Ctrl-C has done. */
  notice(text: string): void;
  /** Lets go of the terminal, and leaves it as it was; nothing is drawn afterwards. Safe to call twice. */
  close(): void;
}

/** Where the live view reads the state of the engine for a frame. */
export type GaugeSource = () => RunGauges;

/** The events that people are shown, or that move the numbers they are shown. */
export const SHOWN_EVENTS: readonly RuntimeEventType[] = [
  'workflow.started',
  'workflow.completed',
  'workflow.failed',
  'workflow.cancelled',
  'workflow.paused',
  'workflow.resumed',
  'workflow.recovered',
  'task.started',
  'task.progress',
  'task.log',
  'task.retrying',
  'task.completed',
  'task.failed',
  'task.cancelled',
  'task.skipped',
  'task.adopted',
  'worker.killed',
  'journal.failed',
  'supervisor.restarted',
  'supervisor.gave-up',
  'handler.failed',
];

/** The views there are. */
export type ViewKind = 'live' | 'plain' | 'json';

/** A live view only where somebody looks: not in CI, not on a terminal that cannot move its cursor. */
export function viewKind(
  stdoutIsTerminal: boolean,
  json: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): ViewKind {
  if (json) return 'json';
  const inCi = environment.CI !== undefined && !['', '0', 'false'].includes(environment.CI);
  return stdoutIsTerminal && !inCi && environment.TERM !== 'dumb' ? 'live' : 'plain';
}
