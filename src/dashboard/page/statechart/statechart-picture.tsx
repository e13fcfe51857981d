// Owns the drawing of a machine that has its places: boxes, arrows, labels, what is lit and what was taken.
// Colour is never alone: the current state says so in words, steps carry their numbers, final states a double border.

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { MARKED_WORDS, stateOfWord } from '../state-shapes.ts';
import { labelLines, stepsText, type TakenWay } from './statechart-arrows.ts';
import {
  type ArrowLine,
  LABEL_LINE,
  type Rectangle,
  START_RADIUS,
  type StateBox,
  type StatechartPicture,
} from './statechart-layout.ts';

interface PictureProps {
  readonly picture: StatechartPicture;
  readonly current: string | null;
  readonly way: TakenWay;
  readonly scale: number;
  readonly label: string;
  readonly stepCount: number;
}

/** The drawing; a picture to a screen reader, with the text beside it. */
export function PictureDrawing({ picture, current, way, scale, label, stepCount }: PictureProps) {
  const id = useId();
  const last = picture.arrows.find(({ arrow }) => arrow.id === way.last);
  return (
    <svg
      class="statechart-drawing"
      width={Math.ceil(picture.width * scale)}
      height={Math.ceil(picture.height * scale)}
      viewBox={`0 0 ${picture.width} ${picture.height}`}
      role="img"
      aria-label={label}
    >
      <defs>
        <Head id={`${id}-plain`} kind="plain" />
        <Head id={`${id}-taken`} kind="taken" />
        <Head id={`${id}-last`} kind="last" />
      </defs>
      {picture.start === null ? null : (
        <g class="statechart-start">
          <path d={picture.start.line} marker-end={`url(#${id}-plain)`} />
          <circle cx={picture.start.x} cy={picture.start.y} r={START_RADIUS} />
        </g>
      )}
      {picture.arrows.map(({ arrow, line }) => {
        const kind = arrow.id === way.last ? 'last' : way.steps.has(arrow.id) ? 'taken' : 'plain';
        return (
          <path key={arrow.id} class={`statechart-arrow is-${kind}`} d={line} marker-end={`url(#${id}-${kind})`} />
        );
      })}
      {last === undefined ? null : <path key={stepCount} class="statechart-pulse" d={last.line} pathLength={1} />}
      {picture.states.map((box) => (
        <State key={box.name} box={box} isCurrent={box.name === current} visits={way.visits.get(box.name) ?? 0} />
      ))}
      {picture.arrows.map((line) => (
        <Label key={line.arrow.id} line={line} steps={way.steps.get(line.arrow.id) ?? []} />
      ))}
    </svg>
  );
}

function Head({ id, kind }: { id: string; kind: string }) {
  return (
    <marker
      id={id}
      class={`statechart-head is-${kind}`}
      viewBox="0 0 10 10"
      refX="9"
      refY="5"
      markerWidth="9"
      markerHeight="9"
      markerUnits="userSpaceOnUse"
      orient="auto-start-reverse"
    >
      <path d="M0 1L10 5L0 9z" />
    </marker>
  );
}

function State({ box, isCurrent, visits }: { box: StateBox; isCurrent: boolean; visits: number }) {
  const { x, y, width, height, name, isFinal } = box;
  const said = sayingOf(isCurrent, visits);
  const middle = x + width / 2;
  const classes = `statechart-state${isCurrent ? ' is-current' : ''}${visits > 0 ? ' is-visited' : ''}`;
  return (
    <g class={classes} style={toneOf(name)}>
      <rect x={x} y={y} width={width} height={height} rx="9" />
      {isFinal ? <rect class="is-inner" x={x + 3.5} y={y + 3.5} width={width - 7} height={height - 7} rx="6" /> : null}
      <text class="statechart-name" x={middle} y={y + height / 2 + (said === '' ? 4.5 : -2)}>
        {name}
      </text>
      <text class="statechart-said" x={middle} y={y + height / 2 + 12}>
        {said}
      </text>
    </g>
  );
}

function sayingOf(isCurrent: boolean, visits: number): string {
  const times = visits > 1 ? ` ×${visits}` : '';
  if (isCurrent) return `current${times}`;
  return visits > 0 ? `visited${times}` : '';
}

/** The colours of the task's or run's state of the same name; other states have the accent. */
function toneOf(name: string): Record<string, string> | undefined {
  const word = MARKED_WORDS.find((marked) => marked === name);
  if (word === undefined) return undefined;
  const state = stateOfWord(word);
  return { '--tone': `var(--state-${state})`, '--tone-fill': `var(--tint-${state})` };
}

function Label({ line: { arrow, label }, steps }: { line: ArrowLine; steps: readonly number[] }) {
  if (label === null) return null;
  const middle = label.x + label.width / 2;
  return (
    <g class={`statechart-label${steps.length > 0 ? ' is-taken' : ''}`}>
      {steps.length > 0 ? <StepMark place={label}>{stepsText(steps)}</StepMark> : null}
      {labelLines(arrow).map((text, index) => (
        <text key={text} x={middle} y={label.y + LABEL_LINE * (index + 1) + 11}>
          {text}
        </text>
      ))}
    </g>
  );
}

function StepMark({ place, children }: { place: Rectangle; children: ComponentChildren }) {
  return (
    <text class="statechart-step" x={place.x + place.width / 2} y={place.y + 11}>
      {children}
    </text>
  );
}
