// Owns what pointer, wheel and fingers do to a timeline: drag moves it, the wheel and two fingers zoom, a press without a
// drag selects. Must leave the page its scrolling: up and down by finger, and by wheel where there is nothing to zoom out to.

import { listenToPointers } from '../pointer-gestures.ts';
import type { BarPlace } from './timeline-painter.ts';
import type { TimelineStage } from './timeline-stage.ts';

export interface GestureAnswers {
  /** null = beside all bars. */
  pressed(place: BarPlace | null): void;
  /** Where the pointer is, in pixels of the element; null = it has left. */
  moved(at: { readonly x: number; readonly y: number } | null): void;
}

/** Listens on the lanes' canvas until the signal says so. */
export function listenToGestures(
  canvas: HTMLCanvasElement,
  stage: TimelineStage,
  answers: GestureAnswers,
  signal: AbortSignal,
): void {
  const hover = (at: { x: number; y: number } | null) => {
    stage.hover(at === null ? null : stage.find(at.x, at.y));
    answers.moved(at);
  };
  listenToPointers(
    canvas,
    {
      dragged: (before, now) => stage.pan(before.x - now.x),
      pinched: (before, now, other) => pinch(stage, before, now, other),
      tapped: ({ x, y }) => answers.pressed(stage.find(x, y)),
      hovered: hover,
    },
    signal,
  );
  canvas.addEventListener('wheel', (event) => wheel(event, stage), { signal, passive: false });
}

function pinch(stage: TimelineStage, before: { x: number }, at: { x: number }, other: { x: number }): void {
  const [was, is] = [Math.abs(before.x - other.x), Math.abs(at.x - other.x)];
  if (was < 8 || is < 8) return;
  stage.zoom(was / is, (at.x + other.x) / 2 - stage.labelWidth);
}

function wheel(event: WheelEvent, stage: TimelineStage): void {
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
  const across = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    if (stage.isWidest) return;
    event.preventDefault();
    stage.pan(across * unit);
    return;
  }
  if (stage.isWidest && event.deltaY > 0) return;
  event.preventDefault();
  const strength = event.ctrlKey ? 0.01 : 0.0016;
  const factor = Math.exp(Math.max(-0.6, Math.min(0.6, event.deltaY * unit * strength)));
  stage.zoom(factor, event.offsetX - stage.labelWidth);
}
