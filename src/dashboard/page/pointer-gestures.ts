// Owns what mouse, pen and fingers do on a canvas: a press that stays is a tap, one that moves drags, two pinch, and what
// is not pressed hovers; all in pixels of the element. What the wheel does is for each picture to say.
// Must never know what is on the canvas.

import type { Point } from './dag/camera.ts';

export interface PointerTarget {
  dragged(before: Point, now: Point): void;
  /** One of two fingers has moved; `other` stands still. */
  pinched(before: Point, now: Point, other: Point): void;
  tapped(at: Point): void;
  /** null: the pointer has left. */
  hovered(at: Point | null): void;
}

/** A press that moves less than this is a tap. */
const TAP_PX = 4;

/** Where an event is, in pixels of an element. */
export function pointIn(element: HTMLElement, event: MouseEvent): Point {
  const { left, top } = element.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

/** Listens to an element until the signal ends it. */
export function listenToPointers(element: HTMLElement, target: PointerTarget, signal: AbortSignal): void {
  const pointers = new Map<number, Point>();
  let travelled = 0;
  const press = (event: PointerEvent) => {
    if (event.button !== 0) return;
    if (pointers.size === 0) travelled = 0;
    pointers.set(event.pointerId, pointIn(element, event));
    element.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    const now = pointIn(element, event);
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      if (event.pointerType !== 'touch') target.hovered(now);
      return;
    }
    travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other !== undefined) target.pinched(before, now, other);
    else if (travelled >= TAP_PX) target.dragged(before, now);
  };
  const lift = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === 'pointerup' && pointers.size === 0 && travelled < TAP_PX) target.tapped(pointIn(element, event));
  };
  element.addEventListener('pointerdown', press, { signal });
  element.addEventListener('pointermove', move, { signal });
  element.addEventListener('pointerup', lift, { signal });
  element.addEventListener('pointercancel', lift, { signal });
  element.addEventListener('pointerleave', () => target.hovered(null), { signal });
}
