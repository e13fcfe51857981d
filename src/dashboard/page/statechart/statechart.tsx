// Owns the view of one machine: its picture, and the same in words: the path so far, and what each state leads to.

import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PathStep, StatechartDocument } from '../../wire.ts';
import { timeOfDayText } from '../time-of-day.ts';
import { ChartPicture } from './chart-picture.tsx';
import { arrowsOf, exitsOf, type StatechartArrow, takenWay } from './statechart-arrows.ts';
import './statechart.css';

interface StatechartProps {
  readonly chart: StatechartDocument;
  readonly current: string | null;
  readonly path: readonly PathStep[];
}

/** One machine as a picture and in words, with the state lit that it is in and the way that led there. */
export function Statechart({ chart, current, path }: StatechartProps) {
  const arrows = useMemo(() => arrowsOf(chart), [chart]);
  const way = useMemo(() => takenWay(arrows, path), [arrows, path]);
  const [isLarge, setLarge] = useState(false);
  const shown = { chart, arrows, way, current, stepCount: path.length };
  return (
    <div class="statechart">
      <ChartPicture {...shown} isLarge={false} resize={() => setLarge(true)} />
      {isLarge ? (
        <LargeView title={`Statechart of ${chart.name}`} onClose={() => setLarge(false)}>
          <ChartPicture {...shown} isLarge resize={() => setLarge(false)} />
        </LargeView>
      ) : null}
      {path.length === 0 ? null : <PathList path={path} />}
      <StateList chart={chart} arrows={arrows} current={current} />
    </div>
  );
}

interface LargeViewProps {
  readonly title: string;
  onClose(): void;
  readonly children: ComponentChildren;
}

function LargeView({ title, onClose, children }: LargeViewProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      class="statechart-large"
      ref={dialog}
      aria-label={title}
      onClose={onClose}
      // Escape closes this, and not also what lies under it.
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.stopPropagation();
      }}
    >
      {children}
    </dialog>
  );
}

function PathList({ path }: { path: readonly PathStep[] }) {
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = list.current;
    if (element !== null && path.length > 0) element.scrollTop = element.scrollHeight;
  }, [path.length]);
  return (
    <div class="statechart-path">
      <h4>Path</h4>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="statechart-steps" ref={list} tabIndex={0} aria-label="Steps of the path">
        <table>
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Time</th>
              <th scope="col">Event</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {path.map((step, index) => (
              <tr key={index} aria-current={index === path.length - 1 ? 'step' : undefined}>
                <td>{index}</td>
                <td>
                  <time dateTime={new Date(step.at).toISOString()}>{timeOfDayText(step.at)}</time>
                </td>
                <td>{step.event ?? '(start)'}</td>
                <td>{step.state}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function StateList(props: { chart: StatechartDocument; arrows: readonly StatechartArrow[]; current: string | null }) {
  const { chart, arrows, current } = props;
  return (
    <details class="statechart-words">
      <summary>States and transitions in words</summary>
      <dl>
        {chart.states.map(({ name, initial, type }) => (
          <div key={name}>
            <dt>
              {name}
              {initial ? ', initial' : ''}
              {type === 'final' ? ', final' : ''}
              {name === current ? ', current' : ''}
            </dt>
            {exitsOf(arrows, name).map(({ label, to }) => (
              <dd key={`${label} ${to}`}>
                {label} → {to}
              </dd>
            ))}
          </div>
        ))}
      </dl>
    </details>
  );
}
