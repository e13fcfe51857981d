// Owns an attempt in words: for the tooltip, the live description and the table.

import type { RunDocument } from '../../wire.ts';
import { durationText } from '../figures.ts';
import type { Bar } from './lane-bars.ts';
import { lookOf } from './outcome-looks.ts';

export interface AttemptWords {
  readonly name: string;
  readonly action: string;
  /** One sentence each. */
  readonly lines: readonly string[];
}

/** What there is to say of a bar. */
export function attemptWords(bar: Bar, run: Pick<RunDocument, 'tasks'>, laneLabel: string): AttemptWords {
  const { names, actions, actionNames, attempts } = run.tasks;
  const count = Math.max(bar.attempt, attempts[bar.task] ?? 0);
  const waited = bar.start - bar.ready;
  return {
    name: names[bar.task] ?? `task ${bar.task}`,
    action: actionNames[actions[bar.task] ?? -1] ?? '',
    lines: [
      `attempt ${bar.attempt} of ${count}: ${lookOf(bar.outcome).words}`,
      `${bar.outcome === 'running' ? 'for' : 'took'} ${durationText(bar.end - bar.start)}, on ${laneLabel}`,
      waited > 0 ? `waited ${durationText(waited)} before it` : 'did not wait',
      `began ${durationText(bar.start)} after the start`,
    ],
  };
}
