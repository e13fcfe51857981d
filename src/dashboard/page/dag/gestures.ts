// Owns what hands do on the canvas: drag, pinch, wheel, tap, hover; told as moves of the picture, in pixels of the view.
// Must never know the graph.

import { listenToPointers, type PointerTarget, pointIn } from '../pointer-gestures.ts';
import type { Point } from './camera.ts';

export interface GestureTarget extends Pick<PointerTarget, 'tapped' | 'hovered'> {
  dragged(deltaX: number, deltaY: number): void;
  zoomed(factor: number, at: Point): void;
}

const WHEEL_ZOOM = 0.0016;
const PINCH_WHEEL_ZOOM = 0.01;
const LINE_PX = 18;
const MAX_WHEEL_PX = 240;

/** Listens to an element until the signal ends it. */
export function listenToGestures(element: HTMLElement, target: GestureTarget, signal: AbortSignal): void {
  const pointers: PointerTarget = {
    dragged: (before, now) => target.dragged(now.x - before.x, now.y - before.y),
    pinched: (before, now, other) => pinch(target, other, before, now),
    tapped: (at) => target.tapped(at),
    hovered: (at) => target.hovered(at),
  };
  listenToPointers(element, pointers, signal);
  const turn = (event: WheelEvent) => {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * LINE_PX;
    const bounded = Math.min(MAX_WHEEL_PX, Math.max(-MAX_WHEEL_PX, pixels));
    // A pinch on a touchpad comes as a wheel with the control key, in much smaller steps.
    target.zoomed(Math.exp(-bounded * (event.ctrlKey ? PINCH_WHEEL_ZOOM : WHEEL_ZOOM)), pointIn(element, event));
  };
  element.addEventListener('wheel', turn, { signal, passive: false });
}

/** Two fingers: the picture keeps what is between them, and grows as their distance does. */
function pinch(target: GestureTarget, other: Point, before: Point, now: Point): void {
  const middle = { x: (other.x + now.x) / 2, y: (other.y + now.y) / 2 };
  const was = Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
  const is = Math.max(1, Math.hypot(now.x - other.x, now.y - other.y));
  target.dragged((now.x - before.x) / 2, (now.y - before.y) / 2);
  target.zoomed(is / was, middle);
}
