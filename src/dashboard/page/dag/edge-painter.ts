// Owns how arrows are painted: those in view only, faint where they are many, in full for the task that stands out, and
// the critical path above all of them. The number of lines in one frame is bounded, whatever the graph has.

import { type Brush, type Emphasis, onScreen } from './brush.ts';
import { visibleWorld } from './camera.ts';
import type { Bundle, Cluster } from './clusters.ts';
import type { Rect } from './graph-layout.ts';
import type { Scene } from './scene.ts';

/** More lines than this show where the graph is dense, not each arrow: every second, fourth … of them does as well. */
const MAX_LINES = 1_500;
/** More are drawn straight and faint, without heads. */
const MANY_LINES = 400;
const MAX_EMPHASISED = 2_000;
const MAX_BUNDLES = 400;
/** Below this many pixels a box, heads are dots. */
const HEADS_FROM_PX = 18;
const CORNER_PX = 7;

type Path = Pick<CanvasRenderingContext2D, 'moveTo' | 'lineTo' | 'bezierCurveTo' | 'arcTo'>;

/** Of more edges than this only every second, fourth … is asked for: a frame must not wait for half a million. */
const MAX_ASKED = 65_536;

/** Rows of the edges that may be seen: a question to each, which for tens of thousands is a part of a millisecond. */
export function visibleEdges(scene: Pick<Scene, 'graph' | 'layout'>, seen: Rect): number[] {
  const count = scene.graph.dependencies.length;
  const stride = strideOf(count);
  const rows: number[] = [];
  for (let row = 0; row < count; row += stride) {
    if (mayBeSeen(scene, row, seen)) rows.push(row);
  }
  return rows;
}

function strideOf(count: number): number {
  let stride = 1;
  while (count / stride > MAX_ASKED) stride *= 2;
  return stride;
}

/** False only for an edge that is wholly outside; routed ones are few, and always asked to be drawn. */
function mayBeSeen({ graph, layout }: Pick<Scene, 'graph' | 'layout'>, row: number, seen: Rect): boolean {
  if (layout.routes !== null) return true;
  const { x, y, box } = layout;
  const from = graph.dependencies[row] ?? 0;
  const to = graph.targets[row] ?? 0;
  const startX = (x[from] ?? 0) + box.width;
  const endX = x[to] ?? 0;
  const startY = y[from] ?? 0;
  const endY = y[to] ?? 0;
  // A curve that goes back swings out on both sides.
  const swing = endX < startX ? box.width : 0;
  return (
    Math.min(startX, endX) - swing <= seen.x + seen.width &&
    Math.max(startX, endX) + swing >= seen.x &&
    Math.min(startY, endY) <= seen.y + seen.height &&
    Math.max(startY, endY) + box.height >= seen.y
  );
}

/** All arrows in view, the critical ones left out. */
export function paintEdges(brush: Brush, scene: Scene): void {
  const { context, palette, camera } = brush;
  const rows = visibleEdges(scene, visibleWorld(camera, brush.view));
  let step = 1;
  while (rows.length / step > MAX_LINES) step *= 2;
  const isMany = rows.length > MANY_LINES;
  const boxHeight = scene.layout.box.height * camera.scale;
  context.beginPath();
  // Which rows are drawn goes by their numbers, so that the same lines stay while one pans.
  const stride = step * strideOf(scene.graph.dependencies.length);
  for (const row of rows) {
    if (row % stride !== 0 || scene.graph.isCriticalEdge[row] === 1) continue;
    traceEdge(context, brush, scene, row, isMany && scene.layout.routes === null);
  }
  context.strokeStyle = palette.lineStrong;
  context.lineWidth = isMany ? 0.75 : 1.1;
  context.globalAlpha = isMany ? 0.35 : 0.8;
  context.stroke();
  context.globalAlpha = 1;
  if (isMany || boxHeight < HEADS_FROM_PX) return;
  paintHeads(brush, scene, rows, palette.lineStrong);
}

/** The arrows of the tasks that stand out. */
export function paintEmphasisedEdges(brush: Brush, scene: Scene, emphasis: Emphasis): void {
  const { context, palette, camera } = brush;
  const rows: number[] = [];
  for (const task of new Set([emphasis.selected, emphasis.hovered])) {
    if (task >= 0) collectEdgesOf(scene, task, rows);
  }
  if (rows.length === 0) return;
  context.beginPath();
  for (const row of rows) traceEdge(context, brush, scene, row, false);
  context.strokeStyle = palette.accent;
  context.lineWidth = 1.75;
  context.stroke();
  if (scene.layout.box.height * camera.scale >= HEADS_FROM_PX) paintHeads(brush, scene, rows, palette.accent);
}

function collectEdgesOf(scene: Scene, task: number, rows: number[]): void {
  const { graph } = scene;
  const end = graph.offsets[task + 1] ?? 0;
  for (let row = graph.offsets[task] ?? end; row < end && rows.length < MAX_EMPHASISED; row++) rows.push(row);
  const last = graph.dependentOffsets[task + 1] ?? 0;
  for (let at = graph.dependentOffsets[task] ?? last; at < last && rows.length < MAX_EMPHASISED; at++) {
    const dependent = graph.dependents[at] ?? 0;
    const stop = graph.offsets[dependent + 1] ?? 0;
    for (let row = graph.offsets[dependent] ?? stop; row < stop; row++) {
      if (graph.dependencies[row] === task) rows.push(row);
    }
  }
}

/** The critical path along its arrows, from near. */
export function paintCriticalEdges(brush: Brush, scene: Scene): void {
  const { context, palette, camera, view } = brush;
  const seen = visibleWorld(camera, view);
  const rows = scene.criticalRows.filter((row) => mayBeSeen(scene, row, seen));
  context.beginPath();
  for (const row of rows) traceEdge(context, brush, scene, row, false);
  context.strokeStyle = palette.critical;
  context.lineWidth = 2.5;
  context.stroke();
  if (scene.layout.box.height * camera.scale >= HEADS_FROM_PX) paintHeads(brush, scene, rows, palette.critical);
}

/** The critical path from afar: from task to task. */
export function paintCriticalLine({ context, palette, camera }: Brush, scene: Scene): void {
  const { x, y, box } = scene.layout;
  context.beginPath();
  for (const task of scene.graph.criticalPath) {
    context.lineTo(
      ((x[task] ?? 0) + box.width / 2 - camera.x) * camera.scale,
      ((y[task] ?? 0) + box.height / 2 - camera.y) * camera.scale,
    );
  }
  context.lineJoin = 'round';
  context.strokeStyle = palette.critical;
  context.lineWidth = 2;
  context.stroke();
}

/** Bundles of arrows between clusters, thicker the more arrows they hold. */
export function paintBundles(brush: Brush, clusters: readonly Cluster[], bundles: readonly Bundle[]): void {
  const { context, palette, camera } = brush;
  context.strokeStyle = palette.lineStrong;
  context.globalAlpha = 0.4;
  for (const { from, to, count } of bundles.slice(0, MAX_BUNDLES)) {
    const source = clusters[from];
    const target = clusters[to];
    if (source === undefined || target === undefined) continue;
    context.beginPath();
    traceBundle(context, onScreen(camera, source), onScreen(camera, target));
    context.lineWidth = Math.min(7, 0.75 + Math.log2(count + 1) / 2);
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** From side to side; from bottom to top where the target is not further right, as in a band below. */
function traceBundle(path: Path, source: Rect, target: Rect): void {
  if (target.x < source.x + source.width) {
    path.moveTo(source.x + source.width / 2, source.y + source.height);
    path.lineTo(target.x + target.width / 2, target.y);
    return;
  }
  const startX = source.x + source.width;
  const startY = source.y + source.height / 2;
  const endY = target.y + target.height / 2;
  const bend = Math.max(12, (target.x - startX) / 2);
  path.moveTo(startX, startY);
  path.bezierCurveTo(startX + bend, startY, target.x - bend, endY, target.x, endY);
}

function traceEdge(path: Path, { camera }: Brush, scene: Scene, row: number, isStraight: boolean): void {
  const { x, y, box, routes } = scene.layout;
  if (routes !== null && (routes.offsets[row + 1] ?? 0) - (routes.offsets[row] ?? 0) >= 2) {
    traceRoute(
      path,
      camera,
      routes.points.subarray((routes.offsets[row] ?? 0) * 2, (routes.offsets[row + 1] ?? 0) * 2),
    );
    return;
  }
  const from = scene.graph.dependencies[row] ?? 0;
  const to = scene.graph.targets[row] ?? 0;
  const startX = ((x[from] ?? 0) + box.width - camera.x) * camera.scale;
  const startY = ((y[from] ?? 0) + box.height / 2 - camera.y) * camera.scale;
  const endX = ((x[to] ?? 0) - camera.x) * camera.scale;
  const endY = ((y[to] ?? 0) + box.height / 2 - camera.y) * camera.scale;
  path.moveTo(startX, startY);
  if (isStraight) {
    path.lineTo(endX, endY);
    return;
  }
  const bend = Math.min(Math.max(20 * camera.scale, Math.abs(endX - startX) / 2), box.width * camera.scale);
  path.bezierCurveTo(startX + bend, startY, endX - bend, endY, endX, endY);
}

/** Straight pieces with rounded corners. */
function traceRoute(path: Path, camera: Brush['camera'], points: Float32Array): void {
  const across = (at: number) => ((points[at * 2] ?? 0) - camera.x) * camera.scale;
  const down = (at: number) => ((points[at * 2 + 1] ?? 0) - camera.y) * camera.scale;
  const last = points.length / 2 - 1;
  path.moveTo(across(0), down(0));
  for (let at = 1; at < last; at++) {
    const before = Math.hypot(across(at) - across(at - 1), down(at) - down(at - 1));
    const after = Math.hypot(across(at + 1) - across(at), down(at + 1) - down(at));
    path.arcTo(
      across(at),
      down(at),
      across(at + 1),
      down(at + 1),
      Math.min(CORNER_PX * camera.scale, before / 2, after / 2),
    );
  }
  path.lineTo(across(last), down(last));
}

/** Arrows arrive from the left, whichever way they came. */
function paintHeads({ context, camera }: Brush, scene: Scene, rows: readonly number[], colour: string): void {
  const { x, y, box, routes } = scene.layout;
  const length = Math.min(8, 8 * camera.scale + 1);
  context.beginPath();
  for (const row of rows) {
    const to = scene.graph.targets[row] ?? 0;
    const end = (routes?.offsets[row + 1] ?? 0) * 2;
    const tipX = ((routes?.points[end - 2] ?? x[to] ?? 0) - camera.x) * camera.scale;
    const tipY = ((routes?.points[end - 1] ?? (y[to] ?? 0) + box.height / 2) - camera.y) * camera.scale;
    context.moveTo(tipX, tipY);
    context.lineTo(tipX - length, tipY - length * 0.45);
    context.lineTo(tipX - length, tipY + length * 0.45);
  }
  context.fillStyle = colour;
  context.fill();
}
