// Owns the small picture of the whole graph, with a frame around what is in view; pressing in it moves the view. It is
// away while all of the graph is in view.
// It is painted by columns, as bars stacked of states, and only when states or colours changed: the frame is drawn on top.

import { type Camera, type Point, type Size, visibleWorld } from './camera.ts';
import { stackedParts } from './cluster-painter.ts';
import { columnCount, type Rect } from './graph-layout.ts';
import type { Palette } from './palette.ts';
import { type Scene, STATES } from './scene.ts';

const MAX_WIDTH_PX = 190;
const MAX_HEIGHT_PX = 120;
const PADDING_PX = 4;

export class Minimap {
  readonly #canvas: HTMLCanvasElement;
  readonly #picture = document.createElement('canvas');
  readonly #scene: Scene;
  readonly #scale: number;
  readonly #size: Size;
  #isOld = true;

  constructor(canvas: HTMLCanvasElement, scene: Scene) {
    this.#canvas = canvas;
    this.#scene = scene;
    const { width, height } = scene.layout;
    this.#scale = Math.min(
      (MAX_WIDTH_PX - 2 * PADDING_PX) / Math.max(1, width),
      (MAX_HEIGHT_PX - 2 * PADDING_PX) / Math.max(1, height),
    );
    this.#size = {
      width: Math.max(24, Math.ceil(width * this.#scale)) + 2 * PADDING_PX,
      height: Math.max(24, Math.ceil(height * this.#scale)) + 2 * PADDING_PX,
    };
    canvas.style.width = `${this.#size.width}px`;
    canvas.style.height = `${this.#size.height}px`;
  }

  /** What it shows has changed. */
  invalidate(): void {
    this.#isOld = true;
  }

  /** The point of the world under one of the small picture. */
  worldAt({ x, y }: Point): Point {
    return { x: (x - PADDING_PX) / this.#scale, y: (y - PADDING_PX) / this.#scale };
  }

  paint(palette: Palette, camera: Camera, view: Size, pixelRatio: number): void {
    const width = Math.round(this.#size.width * pixelRatio);
    const height = Math.round(this.#size.height * pixelRatio);
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    // With the whole in view it would only hide a part of what it shows.
    const isWanted = !this.#isAllSeen(visibleWorld(camera, view));
    this.#canvas.style.visibility = isWanted ? 'visible' : 'hidden';
    if (!isWanted) return;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      for (const canvas of [this.#canvas, this.#picture]) {
        canvas.width = width;
        canvas.height = height;
      }
      this.#isOld = true;
    }
    if (this.#isOld) this.#paintPicture(palette, pixelRatio);
    this.#isOld = false;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#picture, 0, 0);
    context.setTransform(pixelRatio, 0, 0, pixelRatio, PADDING_PX * pixelRatio, PADDING_PX * pixelRatio);
    this.#paintFrame(context, palette, camera, view);
  }

  #isAllSeen({ x, y, width, height }: Rect): boolean {
    const { layout } = this.#scene;
    return x <= 0 && y <= 0 && x + width >= layout.width && y + height >= layout.height;
  }

  #paintFrame(context: CanvasRenderingContext2D, palette: Palette, camera: Camera, view: Size): void {
    const seen = visibleWorld(camera, view);
    // Cut to the picture, so that its edge is seen even when the view is larger than the graph.
    const left = Math.max(1 - PADDING_PX, seen.x * this.#scale);
    const top = Math.max(1 - PADDING_PX, seen.y * this.#scale);
    const right = Math.min(this.#size.width - PADDING_PX - 1, (seen.x + seen.width) * this.#scale);
    const bottom = Math.min(this.#size.height - PADDING_PX - 1, (seen.y + seen.height) * this.#scale);
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    context.strokeRect(left, top, Math.max(3, right - left), Math.max(3, bottom - top));
  }

  #paintPicture(palette: Palette, pixelRatio: number): void {
    const context = this.#picture.getContext('2d');
    if (context === null) return;
    const { bounds, tally, layout } = this.#scene;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = palette.panel;
    context.fillRect(0, 0, this.#picture.width, this.#picture.height);
    context.setTransform(pixelRatio, 0, 0, pixelRatio, PADDING_PX * pixelRatio, PADDING_PX * pixelRatio);
    for (let column = 0; column < columnCount(layout); column++) {
      const left = (bounds[column * 4] ?? 0) * this.#scale;
      const width = Math.max(1, (bounds[column * 4 + 2] ?? 0) * this.#scale - left);
      const top = (bounds[column * 4 + 1] ?? 0) * this.#scale;
      const height = Math.max(1, (bounds[column * 4 + 3] ?? 0) * this.#scale - top);
      const counts = tally.subarray(column * STATES, (column + 1) * STATES);
      for (const { state, start, length } of stackedParts(counts, height)) {
        context.fillStyle = palette.states[state]?.fill ?? palette.faint;
        context.fillRect(left, top + start, width, length);
      }
    }
  }
}
