// Owns where one looks at the graph from: the world's point in the corner of the view, and the scale. Pure functions
// from camera to camera; who moves it, and when to paint, is the view's business.

import type { Rect } from './graph-layout.ts';

export interface Camera {
  /** World point at the left top of the view. */
  readonly x: number;
  readonly y: number;
  /** Screen pixels for one of the world. */
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

const FIT_PADDING_PX = 24;
const MAX_FIT_SCALE = 1.1;
const MAX_SCALE = 2.5;
/** One may go this much further out than the whole. */
const OUTSIDE_FIT = 0.6;
/** This much of the graph stays in view, however far one pans. */
const KEPT_PX = 80;

/** The whole of a rectangle in the middle of the view. */
export function fitCamera(world: Rect, view: Size, maxScale = MAX_FIT_SCALE): Camera {
  const room = {
    width: Math.max(40, view.width - 2 * FIT_PADDING_PX),
    height: Math.max(40, view.height - 2 * FIT_PADDING_PX),
  };
  const scale = Math.min(maxScale, room.width / Math.max(1, world.width), room.height / Math.max(1, world.height));
  return centredAt({ x: world.x + world.width / 2, y: world.y + world.height / 2 }, view, scale);
}

/** A point of the world in the middle of the view. */
export function centredAt(point: Point, view: Size, scale: number): Camera {
  return { x: point.x - view.width / 2 / scale, y: point.y - view.height / 2 / scale, scale };
}

/** Larger or smaller, with what is under a point of the screen staying there. */
export function zoomedAt(camera: Camera, factor: number, at: Point, world: Size, view: Size): Camera {
  const least = Math.min(1, fitCamera({ x: 0, y: 0, ...world }, view).scale) * OUTSIDE_FIT;
  const scale = Math.min(MAX_SCALE, Math.max(least, camera.scale * factor));
  const point = toWorld(camera, at);
  return { x: point.x - at.x / scale, y: point.y - at.y / scale, scale };
}

/** Moved by pixels of the screen, as if the graph was dragged. */
export function panned(camera: Camera, deltaX: number, deltaY: number): Camera {
  return { ...camera, x: camera.x - deltaX / camera.scale, y: camera.y - deltaY / camera.scale };
}

/** The nearest camera that still has some of the graph in view. */
export function confined(camera: Camera, world: Size, view: Size): Camera {
  const kept = KEPT_PX / camera.scale;
  const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), Math.max(least, most));
  return {
    x: clamp(camera.x, Math.min(0, kept - view.width / camera.scale), Math.max(0, world.width - kept)),
    y: clamp(camera.y, Math.min(0, kept - view.height / camera.scale), Math.max(0, world.height - kept)),
    scale: camera.scale,
  };
}

/** On the way from one camera to another: the middle of the view goes straight, the scale by equal factors. */
export function between(from: Camera, to: Camera, fraction: number, view: Size): Camera {
  const eased = 1 - (1 - fraction) ** 3;
  const scale = from.scale * (to.scale / from.scale) ** eased;
  const start = middleOf(from, view);
  const end = middleOf(to, view);
  return centredAt({ x: start.x + (end.x - start.x) * eased, y: start.y + (end.y - start.y) * eased }, view, scale);
}

export function toWorld(camera: Camera, at: Point): Point {
  return { x: camera.x + at.x / camera.scale, y: camera.y + at.y / camera.scale };
}

/** What of the world is in view. */
export function visibleWorld(camera: Camera, view: Size): Rect {
  return { x: camera.x, y: camera.y, width: view.width / camera.scale, height: view.height / camera.scale };
}

export function isSameCamera(left: Camera, right: Camera): boolean {
  return left.x === right.x && left.y === right.y && left.scale === right.scale;
}

function middleOf(camera: Camera, view: Size): Point {
  return toWorld(camera, { x: view.width / 2, y: view.height / 2 });
}
