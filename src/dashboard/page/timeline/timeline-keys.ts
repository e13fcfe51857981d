// Owns what keys do to a timeline: arrows go from bar to bar and from lane to lane, others zoom and move the view.

import type { BarPlace } from './timeline-painter.ts';
import type { TimelineStage } from './timeline-stage.ts';

const PAN_SHARE = 0.25;

/** Does what a key says; false for a key that says nothing here. Enter and Escape are the component's. */
export function pressKey(stage: TimelineStage, key: string, isShift: boolean): boolean {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowRight': {
      const direction = key === 'ArrowLeft' ? -1 : 1;
      if (isShift) stage.pan(direction * stage.barsWidth * PAN_SHARE);
      else step(stage, direction);
      return true;
    }
    case 'ArrowUp':
    case 'ArrowDown':
      changeLane(stage, key === 'ArrowUp' ? -1 : 1);
      return true;
    case 'Home':
    case 'End':
      toEnd(stage, key === 'Home');
      return true;
    case '+':
    case '=':
    case '-':
      stage.zoom(key === '-' ? 1.5 : 1 / 1.5, middleOfCursor(stage));
      return true;
    case '0':
      stage.showHome();
      return true;
    default:
      return false;
  }
}

function step(stage: TimelineStage, direction: number): void {
  const { cursor } = stage;
  if (cursor === null) {
    first(stage);
    return;
  }
  const place = cursor.place + direction;
  if (stage.bars.at(cursor.lane, place) !== undefined) stage.moveTo({ lane: cursor.lane, place });
}

/** To the bar that is nearest to the middle of the view. */
function first(stage: TimelineStage): void {
  const middle = (stage.view.from + stage.view.to) / 2;
  let best: BarPlace | null = null;
  let bestAway = Number.POSITIVE_INFINITY;
  for (let lane = 0; lane < stage.bars.laneCount; lane++) {
    const place = stage.bars.nearest(lane, middle);
    const bar = place === undefined ? undefined : stage.bars.at(lane, place);
    if (place === undefined || bar === undefined) continue;
    const away = Math.max(0, bar.start - middle, middle - bar.end);
    if (away < bestAway) [best, bestAway] = [{ lane, place }, away];
  }
  if (best !== null) stage.moveTo(best);
}

function changeLane(stage: TimelineStage, direction: number): void {
  const { cursor } = stage;
  const bar = stage.barAt(cursor);
  if (cursor === null || bar === undefined) {
    first(stage);
    return;
  }
  for (let lane = cursor.lane + direction; lane >= 0 && lane < stage.bars.laneCount; lane += direction) {
    const place = stage.bars.nearest(lane, bar.start);
    if (place !== undefined) {
      stage.moveTo({ lane, place });
      return;
    }
  }
}

function toEnd(stage: TimelineStage, isFirst: boolean): void {
  const { cursor } = stage;
  if (cursor === null) first(stage);
  else stage.moveTo({ lane: cursor.lane, place: isFirst ? 0 : stage.bars.size(cursor.lane) - 1 });
}

/** Where to zoom: the bar of the keyboard, if it is in view. */
function middleOfCursor(stage: TimelineStage): number | undefined {
  const bar = stage.barAt(stage.cursor);
  if (bar === undefined) return undefined;
  const { from, to } = stage.view;
  const at = (bar.start + bar.end) / 2;
  return at < from || at > to ? undefined : ((at - from) / (to - from)) * stage.barsWidth;
}
