// Owns what every painter of the graph gets: the canvas' context, where one looks from, and in which colours.
// Painters compute in pixels of the page; the context is scaled to those of the device before they are called.

import type { Camera, Size } from './camera.ts';
import type { Rect } from './graph-layout.ts';
import type { MarkSprites } from './mark-sprites.ts';
import type { Palette } from './palette.ts';

export interface Brush {
  readonly context: CanvasRenderingContext2D;
  readonly pixelRatio: number;
  readonly camera: Camera;
  readonly view: Size;
  readonly palette: Palette;
  readonly sprites: MarkSprites;
}

/** Tasks that stand out; -1 = none. */
export interface Emphasis {
  readonly selected: number;
  readonly hovered: number;
  /** Where the keyboard is. */
  readonly cursor: number;
}

/** A rectangle of the world, on the screen. */
export function onScreen(camera: Camera, rect: Rect): Rect {
  return {
    x: (rect.x - camera.x) * camera.scale,
    y: (rect.y - camera.y) * camera.scale,
    width: rect.width * camera.scale,
    height: rect.height * camera.scale,
  };
}

/** Whether anything of a rectangle of the screen is in view. */
export function isInView(rect: Rect, view: Size): boolean {
  return rect.x <= view.width && rect.y <= view.height && rect.x + rect.width >= 0 && rect.y + rect.height >= 0;
}

/** Draws a state's mark, `size` pixels of the page a side. */
export function drawMarkAt(
  brush: Brush,
  state: number,
  x: number,
  y: number,
  size: number,
  ink: string,
  cut: string,
): void {
  const pixels = Math.max(4, Math.round(size * brush.pixelRatio));
  brush.context.drawImage(brush.sprites.spriteOf(state, pixels, ink, cut), x, y, size, size);
}
