// Owns the timeline of a run: attempts as bars on the lanes of their threads, what they waited for, the plan behind them,
// with buttons, keys, a tooltip, a description for screen readers, and the slowest attempts as a table.
// What is painted lies in `timeline-stage.ts`; here it is put on the page.

import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import type { PlanDocument, RunDocument, TimelineDocument } from '../../wire.ts';
import { useElementWidth } from '../element-width.ts';
import { durationText } from '../figures.ts';
import { onThemeChange } from '../theme.ts';
import { attemptWords } from './attempt-words.ts';
import { SlowestAttempts } from './slowest-attempts.tsx';
import { listenToGestures } from './timeline-gestures.ts';
import { pressKey } from './timeline-keys.ts';
import { TimelineLegend } from './timeline-legend.tsx';
import { AXIS_HEIGHT, type BarPlace } from './timeline-painter.ts';
import { type StageDocuments, TimelineStage } from './timeline-stage.ts';
import './timeline.css';

interface TimelineProps {
  readonly timeline: TimelineDocument;
  readonly run: RunDocument;
  readonly plan: PlanDocument | null;
  readonly selected: string | null;
  onSelect(task: string | null): void;
}

/** All attempts of a run over time, by thread. */
export function Timeline(props: TimelineProps) {
  const { timeline, run, plan, selected, onSelect } = props;
  const [showsPlan, setShowsPlan] = useState(true);
  const documents = { timeline, run, plan: showsPlan ? plan : null, selected };
  const hasBars = timeline.bars.length > 0 || (plan !== null && showsPlan);
  return (
    <div class="timeline">
      {hasBars ? (
        <TimelineCanvas documents={documents} onSelect={onSelect}>
          {plan === null ? null : <PlanToggle plan={plan} isShown={showsPlan} setShown={setShowsPlan} />}
        </TimelineCanvas>
      ) : (
        <p class="timeline-empty">
          {timeline.isLive
            ? 'No attempt has begun yet: bars appear here as tasks start.'
            : 'No task of this run was begun.'}
        </p>
      )}
      {hasBars ? <TimelineLegend hasPlan={plan !== null && showsPlan} /> : null}
      {timeline.bars.length === 0 ? null : (
        <SlowestAttempts timeline={timeline} run={run} selected={selected} onSelect={onSelect} />
      )}
    </div>
  );
}

function PlanToggle(props: { plan: PlanDocument; isShown: boolean; setShown(isShown: boolean): void }) {
  const { plan, isShown, setShown } = props;
  return (
    <label class="timeline-plan" title={plan.note}>
      <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.currentTarget.checked)} />
      <span>
        Plan: {durationText(plan.makespanMs)}
        <span class="timeline-note">
          {' '}
          (no less than {durationText(plan.lowerBoundMs)}; {plan.note})
        </span>
      </span>
    </label>
  );
}

interface CanvasProps {
  readonly documents: StageDocuments;
  onSelect(task: string | null): void;
  readonly children?: preact.ComponentChildren;
}

function TimelineCanvas({ documents, onSelect, children }: CanvasProps) {
  const axis = useRef<HTMLCanvasElement>(null);
  const lanes = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [width, widthRef] = useElementWidth();
  const [pointer, setPointer] = useState<{ x: number; y: number } | null>(null);
  const stage = useStage({ axis, lanes, scroller }, documents, onSelect, setPointer);
  useEffect(() => {
    // Another width puts other bars under the pointer: it says anew where it is.
    stage?.hover(null);
    stage?.invalidate();
  }, [stage, width]);
  const press = (event: KeyboardEvent) => {
    if (stage === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!pressOn(event, stage, documents, onSelect)) return;
    event.preventDefault();
    stage.hover(null);
  };
  return (
    <div class="timeline-stage" ref={widthRef}>
      <TimelineTools stage={stage}>{children}</TimelineTools>
      <p id="timeline-help" class="visually-hidden">
        Arrow keys go from attempt to attempt and from lane to lane, Enter opens the task, plus and minus zoom, 0 shows
        the whole run. The slowest attempts are in a table below.
      </p>
      <div
        class="timeline-scroll"
        ref={scroller}
        role="application"
        aria-label={`Timeline of ${documents.timeline.bars.length} attempts on ${documents.timeline.lanes.length} lanes`}
        aria-describedby="timeline-help"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a widget with keys of its own
        tabIndex={0}
        onKeyDown={press}
        onScroll={() => stage?.invalidate()}
        onFocus={() => stage?.focus(true)}
        onBlur={() => stage?.focus(false)}
      >
        <canvas class="timeline-axis" ref={axis} />
        <canvas class="timeline-lanes" ref={lanes} />
      </div>
      {stage === null || pointer === null ? null : (
        <Tooltip stage={stage} run={documents.run} pointer={pointer} width={width} scroller={scroller.current} />
      )}
      <p class="visually-hidden" aria-live="polite">
        {stage === null ? '' : descriptionOf(stage, documents.run)}
      </p>
    </div>
  );
}

/** Does what a key says; false for a key that says nothing here. */
function pressOn(
  event: KeyboardEvent,
  stage: TimelineStage,
  { run, selected }: StageDocuments,
  onSelect: CanvasProps['onSelect'],
): boolean {
  const name = nameAt(stage, stage.cursor, run);
  if (event.key === 'Enter' && name !== undefined) onSelect(name);
  else if (event.key === 'Escape' && selected !== null) onSelect(null);
  else return pressKey(stage, event.key, event.shiftKey);
  return true;
}

/** The task whose bar is at a place. */
function nameAt(stage: TimelineStage, place: BarPlace | null, run: RunDocument): string | undefined {
  return run.tasks.names[stage.barAt(place)?.task ?? -1];
}

interface Elements {
  readonly axis: { readonly current: HTMLCanvasElement | null };
  readonly lanes: { readonly current: HTMLCanvasElement | null };
  readonly scroller: { readonly current: HTMLDivElement | null };
}

function useStage(
  elements: Elements,
  documents: StageDocuments,
  onSelect: (task: string | null) => void,
  setPointer: (at: { x: number; y: number } | null) => void,
): TimelineStage | null {
  const [stage, setStage] = useState<TimelineStage | null>(null);
  const [, render] = useReducer((count: number, _: undefined) => count + 1, 0);
  const latest = useRef({ documents, onSelect });
  latest.current = { documents, onSelect };
  useEffect(() => {
    const [axis, lanes, scroller] = [elements.axis.current, elements.lanes.current, elements.scroller.current];
    if (axis === null || lanes === null || scroller === null) return undefined;
    const made = new TimelineStage(
      { axis, lanes, scroller },
      latest.current.documents,
      () => render(undefined),
      () => performance.now(),
    );
    const end = new AbortController();
    const pressed = (place: BarPlace | null) => {
      const { documents: now, onSelect: select } = latest.current;
      made.moveTo(place);
      select(nameAt(made, place, now.run) ?? null);
    };
    listenToGestures(lanes, made, { pressed, moved: setPointer }, end.signal);
    const stopFollowing = onThemeChange(() => made.restyle());
    setStage(made);
    return () => {
      end.abort();
      stopFollowing();
      made.dispose();
    };
  }, [elements.axis, elements.lanes, elements.scroller, setPointer]);
  const { timeline, run, plan, selected } = documents;
  useEffect(() => stage?.update({ timeline, run, plan, selected }), [stage, timeline, run, plan, selected]);
  return stage;
}

function TimelineTools({ stage, children }: { stage: TimelineStage | null; children?: preact.ComponentChildren }) {
  const isWidest = stage?.isWidest ?? true;
  const pan = (share: number) => stage?.pan(share * stage.barsWidth);
  return (
    <div class="timeline-tools">
      <fieldset aria-label="What is in view">
        <button type="button" class="icon" aria-label="Zoom out" disabled={isWidest} onClick={() => stage?.zoom(1.6)}>
          −
        </button>
        <button type="button" class="icon" aria-label="Zoom in" onClick={() => stage?.zoom(1 / 1.6)}>
          +
        </button>
        <button type="button" class="icon" aria-label="Earlier" disabled={isWidest} onClick={() => pan(-0.4)}>
          ←
        </button>
        <button type="button" class="icon" aria-label="Later" disabled={isWidest} onClick={() => pan(0.4)}>
          →
        </button>
        <button type="button" disabled={stage?.isHome ?? true} onClick={() => stage?.showHome()}>
          Whole run
        </button>
      </fieldset>
      {children}
    </div>
  );
}

function descriptionOf(stage: TimelineStage, run: RunDocument): string {
  const { cursor } = stage;
  const bar = stage.barAt(cursor);
  if (cursor === null || bar === undefined) return '';
  const { name, action, lines } = attemptWords(bar, run, stage.laneLabel(cursor.lane));
  return `${name}, ${action}; ${lines.join('; ')}`;
}

interface TooltipProps {
  readonly stage: TimelineStage;
  readonly run: RunDocument;
  readonly pointer: { readonly x: number; readonly y: number };
  readonly width: number;
  readonly scroller: HTMLElement | null;
}

const TOOLTIP_WIDTH = 260;

// The pointer's x is that of the lanes' canvas, which is as wide as the component.
function Tooltip({ stage, run, pointer, width, scroller }: TooltipProps) {
  const { hovered } = stage;
  const bar = stage.barAt(hovered);
  if (hovered === null || bar === undefined || scroller === null) return null;
  const { name, action, lines } = attemptWords(bar, run, stage.laneLabel(hovered.lane));
  const left = Math.max(4, Math.min(pointer.x + 14, width - TOOLTIP_WIDTH - 4));
  const top = scroller.offsetTop + AXIS_HEIGHT + (hovered.lane + 1) * stage.laneHeight - scroller.scrollTop + 6;
  return (
    <div class="timeline-tooltip" aria-hidden="true" style={{ left: `${left}px`, top: `${top}px` }}>
      <strong>{name}</strong>
      <span class="timeline-note">{action}</span>
      {lines.map((line) => (
        <span key={line}>{line}</span>
      ))}
    </div>
  );
}
