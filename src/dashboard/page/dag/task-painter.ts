// Owns how single tasks are painted: in the middle distance boxes in the state's colour with its mark, from near with
// name, action, attempts and progress too. Colours change as seldom as they can: tasks are painted state by state.

import { cutToWidth } from '../cut-text.ts';
import { type Brush, drawMarkAt, type Emphasis } from './brush.ts';
import { visibleWorld } from './camera.ts';
import type { BoxSize } from './graph-layout.ts';
import { type Scene, STATES } from './scene.ts';

/** From this many pixels a box on, there is room for a name that can be read. */
const NEAR_FROM_PX = 15;
/** From here on there is room for the number of attempts beside it, and a second line below. */
const ATTEMPTS_FROM_PX = 22;
const ACTION_FROM_PX = 34;
const STRIPE = 4;

/** Sizes within a box, in pixels of the page: they follow the scale, but never below what can be read. */
interface BoxMetrics {
  readonly width: number;
  readonly height: number;
  readonly stripe: number;
  readonly mark: number;
  readonly textLeft: number;
  readonly label: number;
  readonly action: number;
  /** Where the middle of the first line is. */
  readonly labelDown: number;
  readonly hasAction: boolean;
  readonly hasAttempts: boolean;
}

function metricsOf(box: BoxSize, scale: number): BoxMetrics {
  const height = box.height * scale;
  const stripe = Math.max(3, STRIPE * scale);
  const mark = Math.max(10, 15 * scale);
  const hasAction = height >= ACTION_FROM_PX;
  return {
    width: box.width * scale,
    height,
    stripe,
    mark,
    textLeft: stripe + mark + Math.max(7, 11 * scale),
    label: Math.max(10.5, 13 * scale),
    action: Math.max(9.5, 11 * scale),
    labelDown: hasAction ? height * 0.34 : height / 2,
    hasAction,
    hasAttempts: height >= ATTEMPTS_FROM_PX,
  };
}

export class TaskPainter {
  /** Names and actions cut to the width of a box at one scale, of the tasks that were in view at it. */
  #labels: string[] = [];
  /** Those that leave the corner to the number of attempts. */
  #shortLabels: string[] = [];
  #actions: string[] = [];
  #cutFor = '';
  readonly #scene: Scene;
  readonly #byState: number[][] = Array.from({ length: STATES }, () => []);
  readonly #found: number[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Paints the boxes in view. */
  paint(brush: Brush): void {
    const { camera, view } = brush;
    this.#found.length = 0;
    for (const tasks of this.#byState) tasks.length = 0;
    this.#scene.grid.query(visibleWorld(camera, view), this.#found);
    for (const task of this.#found) this.#byState[this.#scene.states[task] ?? 0]?.push(task);
    const isNear = this.#scene.layout.box.height * camera.scale >= NEAR_FROM_PX;
    this.#byState.forEach((tasks, state) => {
      if (tasks.length === 0) return;
      if (isNear) this.#paintNear(brush, state, tasks);
      else this.#paintMiddle(brush, state, tasks);
    });
    if (isNear) this.#paintTexts(brush);
  }

  /** Frames of the tasks that stand out, and of those on the critical path. */
  paintFrames(brush: Brush, emphasis: Emphasis): void {
    const { context, palette } = brush;
    context.lineWidth = 2;
    context.strokeStyle = palette.critical;
    context.beginPath();
    for (const task of this.#found) if (this.#scene.isCriticalTask[task] === 1) this.#traceFrame(brush, task, 0.5);
    context.stroke();
    if (emphasis.hovered >= 0) this.#frame(brush, emphasis.hovered, palette.ink, 1.5, 1);
    if (emphasis.selected >= 0) this.#frame(brush, emphasis.selected, palette.accent, 3, 2.5);
    if (emphasis.cursor < 0) return;
    context.setLineDash([5, 3]);
    this.#frame(brush, emphasis.cursor, palette.focus, 2, 6);
    context.setLineDash([]);
  }

  #frame(brush: Brush, task: number, colour: string, width: number, outset: number): void {
    brush.context.strokeStyle = colour;
    brush.context.lineWidth = width;
    brush.context.beginPath();
    this.#traceFrame(brush, task, outset);
    brush.context.stroke();
  }

  #traceFrame({ context, camera }: Brush, task: number, outset: number): void {
    const { x, y, box } = this.#scene.layout;
    context.roundRect(
      ((x[task] ?? 0) - camera.x) * camera.scale - outset,
      ((y[task] ?? 0) - camera.y) * camera.scale - outset,
      box.width * camera.scale + 2 * outset,
      box.height * camera.scale + 2 * outset,
      3 + outset / 2,
    );
  }

  #paintMiddle(brush: Brush, state: number, tasks: readonly number[]): void {
    const { context, camera, palette } = brush;
    const { x, y, box } = this.#scene.layout;
    const colours = palette.states[state];
    if (colours === undefined) return;
    const width = box.width * camera.scale;
    const height = box.height * camera.scale;
    const mark = Math.max(5, height - 3);
    context.fillStyle = colours.fill;
    for (const task of tasks) {
      context.fillRect(
        ((x[task] ?? 0) - camera.x) * camera.scale,
        ((y[task] ?? 0) - camera.y) * camera.scale,
        width,
        height,
      );
    }
    for (const task of tasks) {
      const left = ((x[task] ?? 0) - camera.x) * camera.scale + (width - mark) / 2;
      const top = ((y[task] ?? 0) - camera.y) * camera.scale + (height - mark) / 2;
      drawMarkAt(brush, state, left, top, mark, palette.paper, colours.fill);
    }
  }

  #paintNear(brush: Brush, state: number, tasks: readonly number[]): void {
    const { context, camera, palette } = brush;
    const { x, y, box } = this.#scene.layout;
    const colours = palette.states[state];
    if (colours === undefined) return;
    const { width, height, stripe, mark } = metricsOf(box, camera.scale);
    const bar = Math.max(2, 4 * camera.scale);
    for (const task of tasks) {
      const left = ((x[task] ?? 0) - camera.x) * camera.scale;
      const top = ((y[task] ?? 0) - camera.y) * camera.scale;
      context.fillStyle = colours.tint;
      context.fillRect(left, top, width, height);
      context.strokeStyle = colours.fill;
      context.lineWidth = 1;
      context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
      context.fillStyle = colours.fill;
      context.fillRect(left, top, stripe, height);
      const progress = this.#scene.progress[task] ?? -1;
      if (progress >= 0) {
        context.fillRect(left + stripe, top + height - bar, (width - stripe) * Math.min(1, progress), bar);
      }
      const markLeft = left + stripe + Math.max(3, 6 * camera.scale);
      drawMarkAt(brush, state, markLeft, top + (height - mark) / 2, mark, colours.ink, palette.paper);
    }
  }

  #paintTexts(brush: Brush): void {
    const { context, camera, palette } = brush;
    const { x, y, box } = this.#scene.layout;
    const metrics = metricsOf(box, camera.scale);
    this.#cut(brush, metrics);
    context.textBaseline = 'middle';
    context.textAlign = 'left';
    const isRetried = (task: number) => metrics.hasAttempts && (this.#scene.attempts[task] ?? 0) > 1;
    const labelOf = (task: number) => (isRetried(task) ? this.#shortLabels : this.#labels)[task] ?? '';
    const write = (font: number, colour: string, down: number, textOf: (task: number) => string) => {
      context.font = `${font}px ${palette.font}`;
      context.fillStyle = colour;
      for (const task of this.#found) {
        const left = ((x[task] ?? 0) - camera.x) * camera.scale + metrics.textLeft;
        context.fillText(textOf(task), left, ((y[task] ?? 0) - camera.y) * camera.scale + down);
      }
    };
    write(metrics.label, palette.ink, metrics.labelDown, labelOf);
    if (metrics.hasAction)
      write(metrics.action, palette.faint, metrics.height * 0.72, (task) => this.#actions[task] ?? '');
    if (metrics.hasAttempts) this.#paintAttempts(brush, metrics);
  }

  /** Attempts after the first, in the corner. */
  #paintAttempts({ context, camera, palette }: Brush, metrics: BoxMetrics): void {
    const { x, y } = this.#scene.layout;
    context.textAlign = 'right';
    context.font = `600 ${metrics.action}px ${palette.font}`;
    for (const task of this.#found) {
      const attempts = this.#scene.attempts[task] ?? 0;
      if (attempts < 2) continue;
      context.fillStyle = palette.states[this.#scene.states[task] ?? 0]?.ink ?? palette.ink;
      const right = ((x[task] ?? 0) - camera.x) * camera.scale + metrics.width - 6 * camera.scale;
      context.fillText(`×${attempts}`, right, ((y[task] ?? 0) - camera.y) * camera.scale + metrics.labelDown);
    }
    context.textAlign = 'left';
  }

  /** Cuts the texts of the tasks in view to the room they have, once for each scale. */
  #cut({ context, palette }: Brush, metrics: BoxMetrics): void {
    const room = metrics.width - metrics.textLeft - 5;
    const key = [(room / metrics.label).toFixed(1), metrics.hasAction, palette.font].join(' ');
    if (key !== this.#cutFor) {
      this.#cutFor = key;
      this.#labels = [];
      this.#shortLabels = [];
      this.#actions = [];
    }
    const cut = (texts: string[], font: number, width: number, textOf: (task: number) => string) => {
      context.font = `${font}px ${palette.font}`;
      for (const task of this.#found) texts[task] ??= cutToWidth(context, textOf(task), width);
    };
    const nameOf = (task: number) => this.#scene.names[task] ?? '';
    cut(this.#labels, metrics.label, room, nameOf);
    cut(this.#shortLabels, metrics.label, room - metrics.action * 1.7, nameOf);
    if (metrics.hasAction) cut(this.#actions, metrics.action, room, (task) => this.#scene.actionOf(task));
  }
}
