// Owns pictures of the states' marks for canvases: each drawn once for a size and a pair of colours, then copied, which
// is many times faster than stroking paths for thousands of tasks. Bounded: emptied when there are too many.

import { shapeOf, stateOfCode } from '../state-shapes.ts';

/** Ten states, two kinds of colours, and the sizes between two zoom steps. */
const MAX_SPRITES = 240;

export class MarkSprites {
  readonly #sprites = new Map<string, HTMLCanvasElement>();

  /** The mark of a state, `pixels` of the device a side; `ink` draws it, `cut` the lines upon filled bodies. */
  spriteOf(state: number, pixels: number, ink: string, cut: string): HTMLCanvasElement {
    const key = `${state} ${pixels} ${ink} ${cut}`;
    const known = this.#sprites.get(key);
    if (known !== undefined) return known;
    if (this.#sprites.size >= MAX_SPRITES) this.#sprites.clear();
    const canvas = document.createElement('canvas');
    canvas.width = pixels;
    canvas.height = pixels;
    const context = canvas.getContext('2d');
    if (context !== null) drawMark(context, state, pixels, ink, cut);
    this.#sprites.set(key, canvas);
    return canvas;
  }
}

function drawMark(context: CanvasRenderingContext2D, state: number, pixels: number, ink: string, cut: string): void {
  const { body, style, glyph, part } = shapeOf(stateOfCode(state));
  context.scale(pixels / 16, pixels / 16);
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.fillStyle = ink;
  context.strokeStyle = ink;
  // Lines keep a visible width however small the mark is.
  context.lineWidth = Math.max(1.75, 16 / pixels);
  if (style === 'filled') context.fill(new Path2D(body));
  else {
    context.setLineDash(style === 'dashed' ? [2.4, 2.2] : []);
    context.stroke(new Path2D(body));
    context.setLineDash([]);
  }
  if (part !== null) context.fill(new Path2D(part));
  if (glyph === null) return;
  context.strokeStyle = style === 'filled' ? cut : ink;
  context.stroke(new Path2D(glyph));
}
