// Owns the painting of a timeline on canvases: lanes with their labels, bars with the marks of their ends, waiting, gaps,
// the plan behind them, and where the pointer and the keyboard are. Paints what is in view and nothing else.
// Must never measure time nor hold state: the same scene is painted the same.

import { TASK_STATES } from '../../wire.ts';
import { cutToWidth } from '../cut-text.ts';
import type { Palette } from '../dag/palette.ts';
import type { LaneBars, Piece } from './lane-bars.ts';
import { lookOf, RETRY_MARK } from './outcome-looks.ts';
import { type PlanBar, planPieces } from './plan-bars.ts';
import { type TimeView, ticksOf, xOf } from './time-view.ts';

/** A bar by where it is. */
export interface BarPlace {
  readonly lane: number;
  readonly place: number;
}

export interface TimelineScene {
  readonly bars: LaneBars;
  readonly laneLabels: readonly string[];
  readonly names: readonly string[];
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** By lane; empty when the plan is not shown. */
  readonly plan: readonly (readonly PlanBar[])[];
  readonly view: TimeView;
  /** null = it stands still. */
  readonly now: number | null;
  /** Bars of the task that is selected. */
  readonly selected: readonly BarPlace[];
  readonly hovered: BarPlace | null;
  /** Where the keyboard is; null = it is elsewhere. */
  readonly cursor: BarPlace | null;
}

export interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly width: number;
  readonly labelWidth: number;
  readonly laneHeight: number;
  /** What of the lanes is in view, in pixels from the top. */
  readonly top: number;
  readonly bottom: number;
}

export const AXIS_HEIGHT = 24;
const MARK_PX = 10;
const RETRY = new Path2D(RETRY_MARK);

/** Paints the lanes that are in view. */
export function paintLanes(frame: Frame, scene: TimelineScene): void {
  const { context, palette, width, labelWidth, laneHeight, top, bottom } = frame;
  context.fillStyle = palette.paper;
  context.fillRect(0, top, width, bottom - top);
  context.save();
  context.beginPath();
  context.rect(labelWidth, top, width - labelWidth, bottom - top);
  context.clip();
  context.translate(labelWidth, 0);
  paintGrid(frame, scene);
  paintGaps(frame, scene);
  const first = Math.max(0, Math.floor(top / laneHeight));
  const last = Math.min(scene.laneLabels.length, Math.ceil(bottom / laneHeight));
  for (let lane = first; lane < last; lane++) {
    paintPlan(frame, scene, lane);
    paintWaits(frame, scene, lane);
    paintBars(frame, scene, lane);
  }
  for (const place of scene.selected) outline(frame, scene, place, palette.accent, 2);
  if (scene.hovered !== null) outline(frame, scene, scene.hovered, palette.ink, 1);
  if (scene.cursor !== null) outline(frame, scene, scene.cursor, palette.focus, 2.5);
  paintNow(frame, scene);
  context.restore();
  paintLabels(frame, scene, first, last);
}

/** Paints the axis, which stays above the lanes. */
export function paintAxis(frame: Frame, scene: TimelineScene): void {
  const { context, palette, width, labelWidth } = frame;
  const barsWidth = width - labelWidth;
  context.fillStyle = palette.panel;
  context.fillRect(0, 0, width, AXIS_HEIGHT);
  context.fillStyle = palette.line;
  context.fillRect(0, AXIS_HEIGHT - 1, width, 1);
  context.font = `11px ${palette.font}`;
  context.textBaseline = 'middle';
  for (const { at, label } of ticksOf(scene.view, barsWidth)) {
    const x = labelWidth + xOf(scene.view, barsWidth, at);
    const wide = context.measureText(label).width;
    if (x < labelWidth - 0.5 || x + wide / 2 > width) continue;
    context.fillStyle = palette.faint;
    context.textAlign = x - wide / 2 < labelWidth ? 'left' : 'center';
    context.fillText(label, x, AXIS_HEIGHT / 2);
  }
}

function paintGrid(
  { context, palette, width, labelWidth, laneHeight, top, bottom }: Frame,
  scene: TimelineScene,
): void {
  const barsWidth = width - labelWidth;
  context.fillStyle = palette.line;
  context.globalAlpha = 0.7;
  for (const { at } of ticksOf(scene.view, barsWidth)) {
    context.fillRect(Math.round(xOf(scene.view, barsWidth, at)), top, 1, bottom - top);
  }
  for (let lane = Math.floor(top / laneHeight); lane * laneHeight < bottom; lane++) {
    context.fillRect(0, (lane + 1) * laneHeight - 1, barsWidth, 1);
  }
  context.globalAlpha = 1;
}

function paintGaps({ context, palette, width, labelWidth, top, bottom }: Frame, { gaps, view }: TimelineScene): void {
  const barsWidth = width - labelWidth;
  for (const { from, to } of gaps) {
    const [left, right] = [xOf(view, barsWidth, from), xOf(view, barsWidth, to)];
    if (right < 0 || left > barsWidth) continue;
    const [x, end] = [Math.max(-1, left), Math.min(barsWidth + 1, Math.max(right, left + 2))];
    context.fillStyle = palette.panel;
    context.fillRect(x, top, end - x, bottom - top);
    hatch(context, palette.lineStrong, { x, y: top, width: end - x, height: bottom - top }, 9);
  }
}

function paintPlan(
  { context, palette, width, labelWidth, laneHeight }: Frame,
  scene: TimelineScene,
  lane: number,
): void {
  const barsWidth = width - labelWidth;
  context.strokeStyle = palette.lineStrong;
  context.lineWidth = 1;
  context.setLineDash([3, 2]);
  context.beginPath();
  for (const { x, width: wide } of planPieces(scene.plan[lane] ?? [], scene.view, barsWidth)) {
    const left = Math.max(-2, x);
    const right = Math.min(barsWidth + 2, x + wide);
    context.rect(Math.round(left) + 0.5, lane * laneHeight + 1.5, Math.max(1, right - left - 1), laneHeight - 5);
  }
  context.stroke();
  context.setLineDash([]);
}

function paintWaits(
  { context, palette, width, labelWidth, laneHeight }: Frame,
  scene: TimelineScene,
  lane: number,
): void {
  const barsWidth = width - labelWidth;
  const height = laneHeight >= 16 ? 4 : 2;
  const y = (lane + 1) * laneHeight - height - 1;
  for (const { from, to } of scene.bars.waits(lane, scene.view)) {
    const x = Math.max(-1, xOf(scene.view, barsWidth, from));
    const end = Math.min(barsWidth + 1, xOf(scene.view, barsWidth, to));
    if (end - x >= 0.5) hatch(context, palette.faint, { x, y, width: end - x, height }, 4);
  }
}

function paintBars(frame: Frame, scene: TimelineScene, lane: number): void {
  const { context, palette, width, labelWidth } = frame;
  const barsWidth = width - labelWidth;
  const { y, height } = barBand(frame, lane);
  for (const piece of scene.bars.pieces(lane, scene.view, barsWidth)) {
    const { x, width: wide, cover, outcome, worst, count } = piece;
    const colours = palette.states[TASK_STATES.indexOf(lookOf(outcome).state)];
    // In the ink of the state: names upon it in the colour of the paper have its contrast.
    context.fillStyle = colours?.ink ?? palette.faint;
    if (wide < 2 || count > 1) {
      context.globalAlpha = 0.35 + 0.65 * cover;
      context.fillRect(x, y, Math.max(1, wide), height);
      context.globalAlpha = 1;
      if (worst !== 'completed' && worst !== 'running') paintNotch(frame, x, y, height, worst);
      continue;
    }
    const [left, right] = [Math.max(-4, x), Math.min(barsWidth + 4, x + wide)];
    context.fillRect(left, y, right - left - (wide > 4 ? 1 : 0), height);
    paintBarMarks(frame, scene, lane, piece, left, right);
  }
}

// A fault too narrow for its mark sticks out above and below the bars of the lane.
function paintNotch({ context, palette }: Frame, x: number, y: number, height: number, worst: Piece['worst']): void {
  context.fillStyle = palette.states[TASK_STATES.indexOf(lookOf(worst).state)]?.ink ?? palette.ink;
  context.fillRect(x - 0.5, y - 2, 2, height + 4);
}

function paintBarMarks(
  frame: Frame,
  scene: TimelineScene,
  lane: number,
  piece: Piece,
  left: number,
  right: number,
): void {
  const { context, palette } = frame;
  const { y, height } = barBand(frame, lane);
  const { mark } = lookOf(piece.worst);
  const isFault = mark !== null && piece.worst !== 'running';
  let room = right - left;
  let textAt = Math.max(0, left) + 4;
  if (isFault && room < MARK_PX + 4) paintNotch(frame, Math.max(left, right - 2), y, height, piece.worst);
  if (height < MARK_PX || room < MARK_PX + 4) return;
  const bar = scene.bars.at(lane, piece.place);
  if (bar === undefined) return;
  const markY = y + (height - MARK_PX) / 2;
  if (bar.attempt > 1) {
    strokeMark(context, RETRY, textAt - 1, markY, palette.paper);
    textAt += MARK_PX + 3;
    room -= MARK_PX + 3;
  }
  if (mark !== null && room >= MARK_PX + 4) {
    strokeMark(context, new Path2D(mark), right - MARK_PX - 3, markY, palette.paper);
    right -= MARK_PX + 4;
  }
  const free = right - textAt - 4;
  if (free < 24) return;
  context.font = `11px ${palette.font}`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillStyle = palette.paper;
  context.fillText(cutToWidth(context, scene.names[bar.task] ?? '', free), textAt, y + height / 2 + 0.5);
}

function strokeMark(context: CanvasRenderingContext2D, path: Path2D, x: number, y: number, colour: string): void {
  context.save();
  context.translate(x, y);
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.stroke(path);
  context.restore();
}

function outline(frame: Frame, scene: TimelineScene, at: BarPlace, colour: string, thick: number): void {
  const { context, width, labelWidth } = frame;
  const bar = scene.bars.at(at.lane, at.place);
  if (bar === undefined) return;
  const barsWidth = width - labelWidth;
  const { y, height } = barBand(frame, at.lane);
  const left = Math.max(-4, xOf(scene.view, barsWidth, bar.start));
  const right = Math.min(barsWidth + 4, xOf(scene.view, barsWidth, bar.end));
  if (right < -4 || left > barsWidth + 4) return;
  context.strokeStyle = colour;
  context.lineWidth = thick;
  context.strokeRect(left - 1, y - 1.5, Math.max(3, right - left + 1), height + 3);
  // How long it waited, however many others waited on the lane meanwhile.
  const waited = Math.max(-4, xOf(scene.view, barsWidth, bar.ready));
  if (left - waited < 2) return;
  context.fillStyle = colour;
  context.fillRect(waited, y + height + 2, left - waited, 2);
}

function paintNow({ context, palette, width, labelWidth, top, bottom }: Frame, { now, view }: TimelineScene): void {
  if (now === null) return;
  const x = xOf(view, width - labelWidth, now);
  context.fillStyle = palette.accent;
  context.fillRect(Math.round(x), top, 1.5, bottom - top);
}

function paintLabels(frame: Frame, scene: TimelineScene, first: number, last: number): void {
  const { context, palette, labelWidth, laneHeight, top, bottom } = frame;
  context.fillStyle = palette.panel;
  context.fillRect(0, top, labelWidth - 1, bottom - top);
  context.fillStyle = palette.line;
  context.fillRect(labelWidth - 1, top, 1, bottom - top);
  context.font = `11px ${palette.font}`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  // Lanes may be lower than text: then every second, third … has its label.
  const every = Math.ceil(13 / laneHeight);
  for (let lane = first; lane < last; lane++) {
    context.fillStyle = palette.line;
    context.fillRect(0, (lane + 1) * laneHeight - 1, labelWidth, 1);
    if (lane % every !== 0) continue;
    context.fillStyle = palette.ink;
    context.fillText(cutToWidth(context, scene.laneLabels[lane] ?? '', labelWidth - 12), 8, (lane + 0.5) * laneHeight);
  }
}

function barBand({ laneHeight }: Frame, lane: number): { y: number; height: number } {
  // What is left above and below shows the outlines of the plan; the strip below the bar is for waiting.
  const inset = laneHeight >= 24 ? 4 : laneHeight >= 16 ? 3 : 1;
  const strip = laneHeight >= 16 ? 4 : 2;
  return { y: lane * laneHeight + inset, height: Math.max(2, laneHeight - 2 * inset - strip) };
}

/** Slanted lines in a rectangle, `apart` pixels from each other. */
function hatch(
  context: CanvasRenderingContext2D,
  colour: string,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  apart: number,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  // From a multiple of the distance, so that the lines stand still while the edge moves.
  for (let at = Math.floor((x - height) / apart) * apart; at < x + width; at += apart) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}
