// Owns what hands do on the canvas: drag, pinch, wheel, tap, hover; told as moves of the picture, in pixels of the view.
// Must never know the graph.

import type { Point } from './camera.ts';

export interface GestureTarget {
  dragged(deltaX: number, deltaY: number): void;
  zoomed(factor: number, at: Point): void;
  tapped(at: Point): void;
  /** null: the pointer has left. */
  hovered(at: Point | null): void;
}

/** A press that moves less than this is a tap. */
const TAP_PX = 4;
const WHEEL_ZOOM = 0.0016;
const PINCH_WHEEL_ZOOM = 0.01;
const LINE_PX = 18;
const MAX_WHEEL_PX = 240;

/** Listens to an element until the signal ends it. */
export function listenToGestures(element: HTMLElement, target: GestureTarget, signal: AbortSignal): void {
  const pointers = new Map<number, Point>();
  let travelled = 0;
  const pointOf = (event: MouseEvent): Point => {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const press = (event: PointerEvent) => {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    if (pointers.size === 0) travelled = 0;
    pointers.set(event.pointerId, pointOf(event));
    element.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    const now = pointOf(event);
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      if (event.pointerType === 'mouse') target.hovered(now);
      return;
    }
    travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other !== undefined) pinch(target, other, before, now);
    else if (travelled >= TAP_PX) target.dragged(now.x - before.x, now.y - before.y);
  };
  const lift = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === 'pointerup' && pointers.size === 0 && travelled < TAP_PX) target.tapped(pointOf(event));
  };
  const turn = (event: WheelEvent) => {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * LINE_PX;
    const bounded = Math.min(MAX_WHEEL_PX, Math.max(-MAX_WHEEL_PX, pixels));
    // A pinch on a touchpad comes as a wheel with the control key, in much smaller steps.
    target.zoomed(Math.exp(-bounded * (event.ctrlKey ? PINCH_WHEEL_ZOOM : WHEEL_ZOOM)), pointOf(event));
  };
  element.addEventListener('pointerdown', press, { signal });
  element.addEventListener('pointermove', move, { signal });
  element.addEventListener('pointerup', lift, { signal });
  element.addEventListener('pointercancel', lift, { signal });
  element.addEventListener('pointerleave', () => target.hovered(null), { signal });
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
