// Owns what pointer, wheel and fingers do to a timeline: drag moves it, the wheel and two fingers zoom, a press without a
// drag selects. Must leave the page its scrolling: up and down by finger, and by wheel where there is nothing to zoom out to.

import type { BarPlace } from './timeline-painter.ts';
import type { TimelineStage } from './timeline-stage.ts';

export interface GestureAnswers {
  /** null = beside all bars. */
  pressed(place: BarPlace | null): void;
  /** Where the pointer is, in pixels of the element; null = it has left. */
  moved(at: { readonly x: number; readonly y: number } | null): void;
}

/** Pixels a pointer may move in a press. */
const PRESS_PX = 4;

/** Listens on the lanes' canvas until the signal says so. */
export function listenToGestures(
  canvas: HTMLCanvasElement,
  stage: TimelineStage,
  answers: GestureAnswers,
  signal: AbortSignal,
): void {
  const pointers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, placeOf(event));
    if (pointers.size === 1) moved = 0;
    canvas.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    const before = pointers.get(event.pointerId);
    const at = placeOf(event);
    if (before === undefined) {
      stage.hover(stage.find(at.x, at.y));
      answers.moved(at);
      return;
    }
    moved += Math.abs(at.x - before.x) + Math.abs(at.y - before.y);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, at);
    if (other !== undefined) pinch(stage, before, at, other);
    else if (moved > PRESS_PX) stage.pan(before.x - at.x);
  };
  const up = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId) || event.type === 'pointercancel') return;
    if (pointers.size > 0 || moved > PRESS_PX) return;
    const at = placeOf(event);
    answers.pressed(stage.find(at.x, at.y));
  };
  canvas.addEventListener('pointerdown', down, { signal });
  canvas.addEventListener('pointermove', move, { signal });
  canvas.addEventListener('pointerup', up, { signal });
  canvas.addEventListener('pointercancel', up, { signal });
  const leave = () => {
    stage.hover(null);
    answers.moved(null);
  };
  canvas.addEventListener('pointerleave', leave, { signal });
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

function placeOf(event: PointerEvent): { x: number; y: number } {
  return { x: event.offsetX, y: event.offsetY };
}
