// Owns the timeline as a table: the attempts that took longest, for those who read rather than look.

import { useMemo } from 'preact/hooks';
import { ATTEMPT_OUTCOMES, type RunDocument, type TimelineBar, type TimelineDocument } from '../../wire.ts';
import { countText, durationText } from '../figures.ts';
import { lookOf } from './outcome-looks.ts';
import { SLOWEST_SHOWN, slowestOf } from './slowest-list.ts';
import { OutcomeSample } from './timeline-legend.tsx';

interface SlowestAttemptsProps {
  readonly timeline: TimelineDocument;
  readonly run: RunDocument;
  readonly selected: string | null;
  onSelect(task: string): void;
}

export function SlowestAttempts({ timeline, run, selected, onSelect }: SlowestAttemptsProps) {
  const slowest = useMemo(() => slowestOf(timeline), [timeline]);
  return (
    <section class="timeline-slowest" aria-labelledby="timeline-slowest">
      <h3 id="timeline-slowest">
        {timeline.bars.length > SLOWEST_SHOWN
          ? `The ${SLOWEST_SHOWN} slowest of ${countText(timeline.bars.length)} attempts`
          : 'Attempts, the slowest first'}
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="timeline-table" tabIndex={0} aria-label="Slowest attempts">
        <table>
          <thead>
            <tr>
              {['Task', 'Attempt', 'Outcome', 'Ran', 'Waited', 'Began after', 'Where'].map((head, index) => (
                <th key={head} scope="col" class={[1, 3, 4, 5].includes(index) ? 'number' : undefined}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {slowest.map((bar) => (
              <SlowRow key={bar[0]} bar={bar} timeline={timeline} run={run} selected={selected} onSelect={onSelect} />
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function SlowRow(props: SlowestAttemptsProps & { readonly bar: TimelineBar }) {
  const { timeline, run, selected, onSelect } = props;
  const [, task, attempt, lane, ready, start, end, code] = props.bar;
  const name = run.tasks.names[task] ?? `task ${task}`;
  const outcome = ATTEMPT_OUTCOMES[code] ?? 'running';
  return (
    <tr class={name === selected ? 'is-selected' : undefined}>
      <td>
        <button type="button" class="timeline-link" onClick={() => onSelect(name)}>
          {name}
        </button>
      </td>
      <td class="number">{attempt}</td>
      <td class="timeline-outcome">
        <OutcomeSample outcome={outcome} />
        {lookOf(outcome).words}
      </td>
      <td class="number">{durationText((end < 0 ? timeline.end : end) - start)}</td>
      <td class="number">{durationText(start - ready)}</td>
      <td class="number">{durationText(start)}</td>
      <td>{timeline.lanes[lane]?.label ?? ''}</td>
    </tr>
  );
}
