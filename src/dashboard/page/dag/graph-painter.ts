// Owns what is painted at which distance: clusters from afar, boxes with marks in the middle, names from near; arrows
// beneath, the critical path and what stands out above. Knows nothing of events: one call, one picture.

import type { Brush, Emphasis } from './brush.ts';
import type { Camera, Point } from './camera.ts';
import { toWorld } from './camera.ts';
import { paintClusterAreas, paintClusterWords, placeClusters } from './cluster-painter.ts';
import { type Bundle, bundlesOf, type Cluster, clustersOf } from './clusters.ts';
import {
  paintBundles,
  paintCriticalEdges,
  paintCriticalLine,
  paintEdges,
  paintEmphasisedEdges,
} from './edge-painter.ts';
import type { Scene } from './scene.ts';
import { TaskPainter } from './task-painter.ts';

/** Below this many pixels a box no mark can be told from another: clusters take their place. */
const TASKS_FROM_PX = 7;
/** Clusters are made for half-octaves of scale, so that they stay the same while one zooms a little. */
const STEPS_PER_OCTAVE = 2;
/** Steps that are kept: clusters of one step cost a walk over all arrows. */
const MAX_STEPS = 6;

interface Clustering {
  readonly clusters: readonly Cluster[];
  readonly bundles: readonly Bundle[];
}

export class GraphPainter {
  readonly #scene: Scene;
  readonly #tasks: TaskPainter;
  readonly #steps = new Map<number, Clustering>();

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#tasks = new TaskPainter(scene);
  }

  /** Whether single tasks are seen. */
  isFar({ scale }: Camera): boolean {
    return this.#scene.layout.box.height * scale < TASKS_FROM_PX;
  }

  /** The scale from which single tasks are seen. */
  get taskScale(): number {
    return TASKS_FROM_PX / this.#scene.layout.box.height;
  }

  /** Index of the cluster at a point of the screen, from afar; -1 = none. */
  clusterAt(camera: Camera, at: Point): number {
    const point = toWorld(camera, at);
    return this.clusters(camera).findIndex(
      ({ x, y, width, height }) => point.x >= x && point.x <= x + width && point.y >= y && point.y <= y + height,
    );
  }

  clusters(camera: Camera): readonly Cluster[] {
    return this.#clustering(camera).clusters;
  }

  paint(brush: Brush, emphasis: Emphasis, hoveredCluster: number): void {
    const { context, palette, view, camera } = brush;
    context.fillStyle = palette.paper;
    context.fillRect(0, 0, view.width, view.height);
    if (this.isFar(camera)) {
      const { clusters, bundles } = this.#clustering(camera);
      paintBundles(brush, clusters, bundles);
      const placed = placeClusters(brush, this.#scene, clusters, hoveredCluster);
      paintClusterAreas(brush, placed);
      // Through wrapped levels it goes to and fro, over everything: its clusters are marked instead.
      if (!this.#scene.isWrapped) paintCriticalLine(brush, this.#scene);
      paintClusterWords(brush, placed);
      this.#pin(brush, emphasis.selected, palette.accent);
      this.#pin(brush, emphasis.cursor, palette.focus);
      return;
    }
    paintEdges(brush, this.#scene);
    paintCriticalEdges(brush, this.#scene);
    paintEmphasisedEdges(brush, this.#scene, emphasis);
    this.#tasks.paint(brush);
    this.#tasks.paintFrames(brush, emphasis);
  }

  /** Where a task is, in a cluster that does not show it. */
  #pin({ context, camera, palette }: Brush, task: number, colour: string): void {
    if (task < 0) return;
    const { x, y, box } = this.#scene.layout;
    const left = ((x[task] ?? 0) + box.width / 2 - camera.x) * camera.scale;
    const top = ((y[task] ?? 0) + box.height / 2 - camera.y) * camera.scale;
    context.beginPath();
    context.arc(left, top, 6, 0, 2 * Math.PI);
    context.fillStyle = palette.paper;
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = 3;
    context.stroke();
  }

  #clustering({ scale }: Camera): Clustering {
    const step = Math.round(Math.log2(scale) * STEPS_PER_OCTAVE);
    const known = this.#steps.get(step);
    if (known !== undefined) return known;
    const clusters = clustersOf(this.#scene.layout, this.#scene.bounds, 2 ** (step / STEPS_PER_OCTAVE));
    const made = { clusters, bundles: bundlesOf(this.#scene, clusters) };
    if (this.#steps.size >= MAX_STEPS) this.#steps.clear();
    this.#steps.set(step, made);
    return made;
  }
}
