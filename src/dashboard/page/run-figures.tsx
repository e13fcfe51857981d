// Owns the small pieces in which runs and tasks are told everywhere: the word of a standing with its mark, durations
// that tick, and the bar of how many tasks are in which state.

import type { RunStanding, RunSummary, TaskState } from '../wire.ts';
import { useDashboard } from './dashboard-context.tsx';
import { durationText, pluralText, STANDING_MEANINGS, tickingText } from './figures.ts';
import { useNow } from './server-clock.tsx';
import { StateMark } from './state-mark.tsx';
import { stateOfStanding } from './state-shapes.ts';

const TICK_MS = 1_000;

/** The mark and the word of a run's standing. */
export function StandingLabel({ standing }: { readonly standing: RunStanding }) {
  return (
    <span class={`state-label state-text-${stateOfStanding(standing)}`} title={STANDING_MEANINGS[standing]}>
      <StateMark state={standing} isDecorative /> {standing}
    </span>
  );
}

/** The mark and the word of a task's state. */
export function StateLabel({ state }: { readonly state: TaskState }) {
  return (
    <span class={`state-label state-text-${state}`}>
      <StateMark state={state} isDecorative /> {state}
    </span>
  );
}

/** How long a run has taken so far, or took. */
export function RunDuration({ run }: { readonly run: RunSummary }) {
  const { startedAt, endedAt, standing } = run;
  const isTicking = startedAt !== null && endedAt === null && standing === 'running';
  const { clock } = useDashboard();
  const now = useNow(clock, isTicking ? TICK_MS : null);
  if (startedAt === null) return <span class="faint">–</span>;
  if (endedAt !== null) return <span>{durationText(endedAt - startedAt)}</span>;
  // Nobody knows how much of the time somebody worked on it.
  if (!isTicking) return <span class="faint">–</span>;
  return <span>{tickingText(now - startedAt)}</span>;
}

export interface Segment {
  readonly state: TaskState;
  readonly count: number;
}

interface StateBarProps {
  readonly segments: readonly Segment[];
  readonly total: number;
}

/** Tasks by state as one bar; its figures are for a screen reader, those beside it for everyone. */
export function StateBar({ segments, total }: StateBarProps) {
  const shown = segments.filter(({ count }) => count > 0);
  const text = shown.map(({ state, count }) => `${count} ${state}`).join(', ');
  return (
    <span
      class="state-bar"
      role="img"
      aria-label={`${pluralText(total, 'task')}: ${text === '' ? 'none begun' : text}`}
    >
      {shown.map(({ state, count }) => (
        <span key={state} class={`state-fill-${state}`} style={{ width: `${(count / Math.max(1, total)) * 100}%` }} />
      ))}
    </span>
  );
}
