// Owns how clusters are painted: a head that says which levels and how many tasks, and a bar stacked of its states in
// proportion, each with mark and count where there is room. A state that any task has is always seen, however few have it.

import { TASK_STATES } from '../../wire.ts';
import { countText } from '../figures.ts';
import { type Brush, drawMarkAt, isInView, onScreen } from './brush.ts';
import { type Cluster, countsOf } from './clusters.ts';
import type { Rect } from './graph-layout.ts';
import type { Palette } from './palette.ts';
import type { Scene } from './scene.ts';

const HEAD_PX = 18;
/** A state that few tasks have is still seen; where there is room, its mark is as well. */
const MIN_SEGMENT_PX = 3;
const MIN_MARKED_PX = 11;
const LONG_BAR_PX = 160;
const STRIPE_PX = 7;
const CRITICAL_PX = 3;
const MARK_PX = 12;
/** Room that mark and count need. */
const TEXT_HIGH_PX = 15;
const TEXT_WIDE_PX = 58;
/** As a run goes on: what has ended first, what waits last. */
const STACKED = (
  [
    'completed',
    'skipped',
    'cancelled',
    'failed',
    'cancelling',
    'retrying',
    'running',
    'ready',
    'blocked',
    'pending',
  ] as const
).map((state) => TASK_STATES.indexOf(state));
/** One for all frames: making one takes longer than all else of a cluster. */

/** A cluster in words, for its head and tooltips. */
export function clusterTitle(cluster: Pick<Cluster, 'fromLevel' | 'toLevel'>): string {
  const from = cluster.fromLevel + 1;
  return cluster.fromLevel === cluster.toLevel ? `Level ${from}` : `Levels ${from}–${cluster.toLevel + 1}`;
}

/** One part of a stacked bar. */
export interface StackedPart {
  readonly state: number;
  /** Pixels from the bar's start. */
  readonly start: number;
  readonly length: number;
}

/** The parts of a bar of `length` pixels, in proportion; together they fill it, and no state that is there is left out. */
export function stackedParts(counts: ArrayLike<number>, length: number): StackedPart[] {
  const present = STACKED.filter((state) => (counts[state] ?? 0) > 0);
  const total = present.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  const wanted = length >= LONG_BAR_PX ? MIN_MARKED_PX : MIN_SEGMENT_PX;
  const least = Math.min(wanted, length / Math.max(1, present.length));
  const isSmall = (state: number) => ((counts[state] ?? 0) / total) * length < least;
  const large = present.filter((state) => !isSmall(state));
  const room = length - (present.length - large.length) * least;
  const shared = large.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  let start = 0;
  return present.map((state) => {
    const part = { state, start, length: isSmall(state) ? least : ((counts[state] ?? 0) / shared) * room };
    start += part.length;
    return part;
  });
}

interface PaintedPart {
  readonly state: number;
  readonly count: number;
  readonly place: Rect;
}

/** A cluster in view, and where it is on the screen. */
interface PlacedCluster {
  readonly cluster: Cluster;
  readonly place: Rect;
  readonly hasHead: boolean;
  readonly isHovered: boolean;
  readonly isDown: boolean;
  /** The critical path leads through it, and is not drawn as a line. */
  readonly isCritical: boolean;
  readonly parts: readonly PaintedPart[];
}

/** The clusters in view, placed. */
export function placeClusters(
  brush: Brush,
  scene: Scene,
  clusters: readonly Cluster[],
  hovered: number,
): PlacedCluster[] {
  return clusters.flatMap((cluster, index) => {
    const place = onScreen(brush.camera, cluster);
    if (!isInView(place, brush.view)) return [];
    const hasHead = place.width >= 44 && place.height >= HEAD_PX * 2;
    const body = hasHead ? { ...place, y: place.y + HEAD_PX, height: place.height - HEAD_PX } : place;
    const isDown = body.height > body.width * 0.7;
    const counts = countsOf(cluster, scene.tally);
    const parts = stackedParts(counts, isDown ? body.height : body.width).map(({ state, start, length }) => ({
      state,
      count: counts[state] ?? 0,
      place: isDown ? { ...body, y: body.y + start, height: length } : { ...body, x: body.x + start, width: length },
    }));
    const isCritical =
      scene.isWrapped && scene.isCriticalColumn.subarray(cluster.fromColumn, cluster.toColumn).includes(1);
    return [{ cluster, place, hasHead, isHovered: index === hovered, isDown, isCritical, parts }];
  });
}

/** Paints the areas: what words and the critical path come upon. */
export function paintClusterAreas({ context, palette }: Brush, placed: readonly PlacedCluster[]): void {
  for (const { place, parts, hasHead, isDown, isHovered, isCritical } of placed) {
    if (hasHead) {
      context.fillStyle = palette.panel;
      context.fillRect(place.x, place.y, place.width, HEAD_PX);
    }
    for (const part of parts) paintArea(context, palette, part, isDown);
    context.strokeStyle = isHovered ? palette.ink : palette.lineStrong;
    context.lineWidth = isHovered ? 2 : 1;
    context.strokeRect(place.x, place.y, place.width, place.height);
    if (!isCritical) continue;
    context.fillStyle = palette.critical;
    context.fillRect(place.x, place.y + place.height - CRITICAL_PX, place.width, CRITICAL_PX);
  }
}

/** Paints heads, marks and counts. */
export function paintClusterWords(brush: Brush, placed: readonly PlacedCluster[]): void {
  brush.context.textBaseline = 'middle';
  for (const { cluster, place, parts, hasHead, isDown } of placed) {
    if (hasHead) paintHead(brush, cluster, place);
    for (const part of parts) paintCount(brush, part, isDown);
  }
}

function hasText({ place }: PaintedPart): boolean {
  return place.height >= TEXT_HIGH_PX && place.width >= TEXT_WIDE_PX;
}

function paintArea(context: CanvasRenderingContext2D, palette: Palette, part: PaintedPart, isDown: boolean): void {
  const { place } = part;
  const colours = palette.states[part.state];
  if (colours === undefined) return;
  context.fillStyle = hasText(part) ? colours.tint : colours.fill;
  context.fillRect(place.x, place.y, place.width, place.height);
  if (!hasText(part)) return;
  context.fillStyle = colours.fill;
  if (isDown) context.fillRect(place.x, place.y, STRIPE_PX, place.height);
  else context.fillRect(place.x, place.y, place.width, Math.min(STRIPE_PX, place.height - TEXT_HIGH_PX + 2));
}

function paintCount(brush: Brush, part: PaintedPart, isDown: boolean): void {
  const { context, palette } = brush;
  const { place, state, count } = part;
  const colours = palette.states[state];
  if (colours === undefined) return;
  if (!hasText(part)) {
    const size = Math.min(MARK_PX, place.height - 2, place.width - 2);
    if (size < 7) return;
    const left = isDown
      ? place.x + Math.min(STRIPE_PX + 6, (place.width - size) / 2)
      : place.x + (place.width - size) / 2;
    drawMarkAt(brush, state, left, place.y + (place.height - size) / 2, size, palette.paper, colours.fill);
    return;
  }
  const left = place.x + (isDown ? STRIPE_PX : 0) + 6;
  const middle = isDown ? place.y + Math.min(place.height / 2, 14) : place.y + place.height / 2 + 2;
  drawMarkAt(brush, state, left, middle - MARK_PX / 2, MARK_PX, colours.ink, palette.paper);
  context.font = `12px ${palette.font}`;
  context.textAlign = 'left';
  context.fillStyle = colours.ink;
  context.fillText(countText(count), left + MARK_PX + 4, middle + 0.5);
}

function paintHead({ context, palette }: Brush, cluster: Cluster, place: Rect): void {
  const title = clusterTitle(cluster);
  const count = countText(cluster.size);
  context.font = `600 11px ${palette.font}`;
  context.textAlign = 'left';
  context.fillStyle = palette.ink;
  const middle = place.y + HEAD_PX / 2 + 0.5;
  const width = context.measureText(title).width;
  context.fillText(
    width <= place.width - 12 ? title : title.replace(/Levels? /, 'L'),
    place.x + 6,
    middle,
    place.width - 10,
  );
  if (width + context.measureText(count).width + 24 > place.width) return;
  context.font = `11px ${palette.font}`;
  context.textAlign = 'right';
  context.fillStyle = palette.faint;
  context.fillText(count, place.x + place.width - 6, middle);
  context.textAlign = 'left';
}
