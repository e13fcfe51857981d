// Owns the living picture: canvas, camera, what is hovered and selected, and when to paint. It paints in an animation
// frame, once, and only when something changed. The component around it tells it what to show and hears what was touched.
// Must never hold the run: it is given scenes, and says indexes of tasks.

import type { RunDocument } from '../../wire.ts';
import { onThemeChange } from '../theme.ts';
import type { Brush, Emphasis } from './brush.ts';
import {
  between,
  type Camera,
  centredAt,
  confined,
  fitCamera,
  isSameCamera,
  type Point,
  panned,
  type Size,
  toWorld,
  visibleWorld,
  zoomedAt,
} from './camera.ts';
import { type Cluster, countsOf } from './clusters.ts';
import { listenToGestures } from './gestures.ts';
import { GraphPainter } from './graph-painter.ts';
import { MarkSprites } from './mark-sprites.ts';
import { Minimap } from './minimap.ts';
import { type Palette, readPalette } from './palette.ts';
import type { Scene } from './scene.ts';

/** What the pointer is over. */
export type Hover =
  | { readonly kind: 'task'; readonly task: number; readonly at: Point }
  | { readonly kind: 'cluster'; readonly cluster: Cluster; readonly counts: Uint32Array; readonly at: Point };

export interface GraphViewEvents {
  /** -1: beside every task. */
  picked(task: number): void;
  hovered(hover: Hover | null): void;
}

const FLIGHT_MS = 320;
/** Jumps come at least as near as this. */
const JUMP_SCALE = 0.75;
const MARGIN_PX = 8;
const NOBODY: Emphasis = { selected: -1, hovered: -1, cursor: -1 };

interface Flight {
  readonly from: Camera;
  readonly to: Camera;
  /** Time of its first frame; null before. */
  startedAt: number | null;
}

export class GraphView {
  readonly #canvas: HTMLCanvasElement;
  readonly #minimapCanvas: HTMLCanvasElement;
  readonly #events: GraphViewEvents;
  readonly #sprites = new MarkSprites();
  readonly #end = new AbortController();
  readonly #observers: (() => void)[] = [];
  #palette: Palette;
  #scene: Scene | null = null;
  #painter: GraphPainter | null = null;
  #minimap: Minimap | null = null;
  #camera: Camera = { x: 0, y: 0, scale: 1 };
  #size: Size = { width: 0, height: 0 };
  #flight: Flight | null = null;
  #emphasis: Emphasis = NOBODY;
  #hoveredCluster = -1;
  /** Nobody has moved the camera yet: it follows the size of the view. */
  #isFitted = true;
  #frame = 0;

  constructor(canvas: HTMLCanvasElement, minimapCanvas: HTMLCanvasElement, events: GraphViewEvents) {
    this.#canvas = canvas;
    this.#minimapCanvas = minimapCanvas;
    this.#events = events;
    this.#palette = readPalette(canvas);
    this.#size = { width: canvas.clientWidth, height: canvas.clientHeight };
    this.#observe();
    listenToGestures(
      canvas,
      {
        dragged: (deltaX, deltaY) => this.panBy(deltaX, deltaY),
        zoomed: (factor, at) => this.zoomBy(factor, at),
        tapped: (at) => this.#tap(at),
        hovered: (at) => this.#hover(at),
      },
      this.#end.signal,
    );
    this.#listenToMinimap();
  }

  /** Shows another graph, all of it. */
  show(scene: Scene | null, hasMinimap: boolean): void {
    this.#scene = scene;
    this.#painter = scene === null ? null : new GraphPainter(scene);
    this.#minimap = scene === null || !hasMinimap ? null : new Minimap(this.#minimapCanvas, scene);
    this.#emphasis = NOBODY;
    this.#hoveredCluster = -1;
    this.#setHover(null);
    this.fit(false);
  }

  /** Takes over new states; paints only when one is new. */
  update(tasks: RunDocument['tasks']): void {
    if (this.#scene === null || !this.#scene.update(tasks)) return;
    this.#minimap?.invalidate();
    this.#invalidate();
  }

  /** Marks tasks; -1 marks none. */
  emphasise(emphasis: Partial<Emphasis>): void {
    this.#emphasis = { ...this.#emphasis, ...emphasis };
    this.#invalidate();
  }

  /** The whole graph. */
  fit(isSmooth = true): void {
    if (this.#scene === null) return;
    const { width, height } = this.#scene.layout;
    this.#flyTo(fitCamera({ x: 0, y: 0, width, height }, this.#size), isSmooth);
    this.#isFitted = true;
  }

  /** A task in the middle, near enough to read its name. */
  jumpTo(task: number): void {
    if (this.#scene === null || task < 0) return;
    this.#flyTo(centredAt(this.#middleOf(task), this.#size, Math.max(JUMP_SCALE, this.#camera.scale)), true);
  }

  /** A task anywhere in view, moved as little as it takes. */
  reveal(task: number): void {
    if (this.#scene === null || task < 0 || this.#isSeen(task)) return;
    this.#flyTo(centredAt(this.#middleOf(task), this.#size, (this.#flight?.to ?? this.#camera).scale), true);
  }

  zoomBy(factor: number, at: Point = { x: this.#size.width / 2, y: this.#size.height / 2 }): void {
    if (this.#scene === null) return;
    this.#moveTo(zoomedAt(this.#camera, factor, at, this.#scene.layout, this.#size));
  }

  panBy(deltaX: number, deltaY: number): void {
    this.#moveTo(panned(this.#camera, deltaX, deltaY));
  }

  /** Lets go of everything. */
  close(): void {
    this.#end.abort();
    for (const stop of this.#observers) stop();
    cancelAnimationFrame(this.#frame);
    this.#scene = null;
  }

  #observe(): void {
    const resized = new ResizeObserver(() => this.#resize());
    resized.observe(this.#canvas);
    this.#observers.push(
      () => resized.disconnect(),
      onThemeChange(() => this.#readColours()),
    );
  }

  #readColours(): void {
    this.#palette = readPalette(this.#canvas);
    this.#minimap?.invalidate();
    this.#invalidate();
  }

  #resize(): void {
    const before = this.#size;
    const size = { width: this.#canvas.clientWidth, height: this.#canvas.clientHeight };
    const { selected } = this.#emphasis;
    const wasSeen = selected >= 0 && this.#isSeen(selected);
    const resized = (camera: Camera) =>
      centredAt(toWorld(camera, { x: before.width / 2, y: before.height / 2 }), size, camera.scale);
    this.#size = size;
    if (this.#isFitted || before.width === 0) this.fit(false);
    else if (this.#flight !== null) this.#flight = { ...this.#flight, to: resized(this.#flight.to) };
    else this.#camera = resized(this.#camera);
    if (before.width === 0 && selected >= 0) this.jumpTo(selected);
    // A panel that opened beside the view must not push out what it tells of.
    if (wasSeen) this.reveal(selected);
    // Something else is under the pointer now: it says anew where it is.
    this.#setHover(null);
    this.#invalidate();
  }

  #listenToMinimap(): void {
    const { signal } = this.#end;
    const move = (event: PointerEvent) => {
      if (this.#minimap === null || event.buttons === 0) return;
      const { left, top } = this.#minimapCanvas.getBoundingClientRect();
      const point = this.#minimap.worldAt({ x: event.clientX - left, y: event.clientY - top });
      this.#moveTo(centredAt(point, this.#size, this.#camera.scale));
    };
    const press = (event: PointerEvent) => {
      this.#minimapCanvas.setPointerCapture(event.pointerId);
      move(event);
    };
    this.#minimapCanvas.addEventListener('pointerdown', press, { signal });
    this.#minimapCanvas.addEventListener('pointermove', move, { signal });
  }

  /** Whether all of a task's box is in view, or will be. */
  #isSeen(task: number): boolean {
    const camera = this.#flight?.to ?? this.#camera;
    const { width, height } = this.#scene?.layout.box ?? { width: 0, height: 0 };
    const { x, y } = this.#middleOf(task);
    const seen = visibleWorld(camera, this.#size);
    const [across, down] = [width / 2 + MARGIN_PX / camera.scale, height / 2 + MARGIN_PX / camera.scale];
    return (
      x > seen.x + across && x < seen.x + seen.width - across && y > seen.y + down && y < seen.y + seen.height - down
    );
  }

  #middleOf(task: number): Point {
    const { x = [], y = [], box = { width: 0, height: 0 } } = this.#scene?.layout ?? {};
    return { x: (x[task] ?? 0) + box.width / 2, y: (y[task] ?? 0) + box.height / 2 };
  }

  #moveTo(camera: Camera): void {
    if (this.#scene === null) return;
    const { layout } = this.#scene;
    this.#flight = null;
    this.#isFitted = false;
    const next = confined(camera, layout, this.#size);
    if (isSameCamera(next, this.#camera)) return;
    this.#camera = next;
    this.#setHover(null);
    this.#invalidate();
  }

  #flyTo(camera: Camera, isSmooth: boolean): void {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#isFitted = false;
    this.#flight = isSmooth && !isCalm ? { from: this.#camera, to: camera, startedAt: null } : null;
    if (this.#flight === null) this.#camera = camera;
    this.#setHover(null);
    this.#invalidate();
  }

  #tap(at: Point): void {
    if (this.#scene === null || this.#painter === null) return;
    if (!this.#painter.isFar(this.#camera)) {
      const { x, y } = toWorld(this.#camera, at);
      this.#events.picked(this.#scene.grid.taskAt(x, y));
      return;
    }
    const cluster = this.#painter.clusters(this.#camera)[this.#painter.clusterAt(this.#camera, at)];
    if (cluster === undefined) return;
    // As much of the cluster as fits while its tasks are seen, around where it was pressed.
    const fitted = fitCamera(cluster, this.#size);
    const near = this.#painter.taskScale * 1.3;
    this.#flyTo(fitted.scale >= near ? fitted : centredAt(toWorld(this.#camera, at), this.#size, near), true);
  }

  #hover(at: Point | null): void {
    if (this.#scene === null || this.#painter === null) return;
    if (at === null) {
      this.#setHover(null);
      return;
    }
    if (!this.#painter.isFar(this.#camera)) {
      const { x, y } = toWorld(this.#camera, at);
      const task = this.#scene.grid.taskAt(x, y);
      this.#setHover(task < 0 ? null : { kind: 'task', task, at });
      return;
    }
    const index = this.#painter.clusterAt(this.#camera, at);
    const cluster = this.#painter.clusters(this.#camera)[index];
    if (cluster === undefined) this.#setHover(null);
    else this.#setHover({ kind: 'cluster', cluster, counts: countsOf(cluster, this.#scene.tally), at }, index);
  }

  #setHover(hover: Hover | null, cluster = -1): void {
    const task = hover?.kind === 'task' ? hover.task : -1;
    this.#events.hovered(hover);
    this.#canvas.style.cursor = hover === null ? '' : 'pointer';
    if (task === this.#emphasis.hovered && cluster === this.#hoveredCluster) return;
    this.#emphasis = { ...this.#emphasis, hovered: task };
    this.#hoveredCluster = cluster;
    this.#invalidate();
  }

  #invalidate(): void {
    if (this.#frame !== 0 || this.#end.signal.aborted) return;
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = 0;
      this.#advance(now);
      this.#paint();
    });
  }

  #advance(now: number): void {
    const flight = this.#flight;
    if (flight === null) return;
    flight.startedAt ??= now;
    const fraction = Math.min(1, (now - flight.startedAt) / FLIGHT_MS);
    this.#camera = fraction === 1 ? flight.to : between(flight.from, flight.to, fraction, this.#size);
    if (fraction === 1) this.#flight = null;
    else this.#invalidate();
  }

  #paint(): void {
    const context = this.#canvas.getContext('2d', { alpha: false });
    const { width, height } = this.#size;
    if (context === null || width === 0 || height === 0) return;
    const pixelRatio = devicePixelRatio;
    const pixels = { width: Math.round(width * pixelRatio), height: Math.round(height * pixelRatio) };
    if (this.#canvas.width !== pixels.width) this.#canvas.width = pixels.width;
    if (this.#canvas.height !== pixels.height) this.#canvas.height = pixels.height;
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    const brush: Brush = {
      context,
      pixelRatio,
      camera: this.#camera,
      view: this.#size,
      palette: this.#palette,
      sprites: this.#sprites,
    };
    if (this.#painter === null) {
      context.fillStyle = this.#palette.paper;
      context.fillRect(0, 0, width, height);
      return;
    }
    this.#painter.paint(brush, this.#emphasis, this.#hoveredCluster);
    this.#minimap?.paint(this.#palette, this.#camera, this.#size, pixelRatio);
  }
}
