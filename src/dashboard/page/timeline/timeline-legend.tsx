// Owns what the marks of a timeline mean: a sample of each beside its word.

import { ATTEMPT_OUTCOMES, type AttemptOutcome } from '../../wire.ts';
import { lookOf, RETRY_MARK } from './outcome-looks.ts';

/** The signs of a timeline; the plan's only where it is shown. */
export function TimelineLegend({ hasPlan }: { hasPlan: boolean }) {
  return (
    <ul class="timeline-legend" aria-label="What the marks mean">
      {ATTEMPT_OUTCOMES.map((outcome) => (
        <li key={outcome}>
          <OutcomeSample outcome={outcome} />
          {lookOf(outcome).words}
        </li>
      ))}
      <li>
        <svg class="timeline-sample" viewBox="0 0 28 12" aria-hidden="true">
          <rect class="is-neutral" width="28" height="12" />
          <path class="is-cut" transform="translate(3 1)" d={RETRY_MARK} />
        </svg>
        tried again
      </li>
      <li>
        <svg class="timeline-sample" viewBox="0 0 28 12" aria-hidden="true">
          <path class="is-hatch" d="M0 10L4 6M4 10L8 6M8 10L12 6M12 10L16 6M16 10L20 6M20 10L24 6M24 10L28 6" />
        </svg>
        ready, and waiting
      </li>
      <li>
        <svg class="timeline-sample" viewBox="0 0 28 12" aria-hidden="true">
          <rect class="is-gap" width="28" height="12" />
          <path class="is-hatch" d="M0 12L12 0M9 12L21 0M18 12L28 2" />
        </svg>
        nobody had the run in hand
      </li>
      {hasPlan ? (
        <li>
          <svg class="timeline-sample" viewBox="0 0 28 12" aria-hidden="true">
            <rect class="is-plan" x="0.5" y="0.5" width="27" height="11" />
          </svg>
          planned
        </li>
      ) : null}
    </ul>
  );
}

/** A bar of an outcome with its mark, small. */
export function OutcomeSample({ outcome }: { outcome: AttemptOutcome }) {
  const { state, mark } = lookOf(outcome);
  return (
    <svg class="timeline-sample" viewBox="0 0 28 12" aria-hidden="true">
      <rect width="28" height="12" style={{ fill: `var(--state-${state})` }} />
      {mark === null ? null : <path class="is-cut" transform="translate(16 1)" d={mark} />}
    </svg>
  );
}
