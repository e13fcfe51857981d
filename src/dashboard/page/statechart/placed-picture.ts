// Owns pictures of machines that have their places: asked of elkjs once for each machine and direction, in a worker, and
// kept. Must never lay out anew because an event came.

import { useEffect, useState } from 'preact/hooks';
import type { StatechartDocument } from '../../wire.ts';
import { layoutGraph } from '../elk-layout.ts';
import type { StatechartArrow } from './statechart-arrows.ts';
import {
  type FlowDirection,
  layoutRequest,
  type MeasureText,
  pictureOf,
  type StatechartPicture,
} from './statechart-layout.ts';

/** Text is 12 pixels high: below this it could not be read. */
export const LEAST_SCALE = 11 / 12;
/** From this width on it may run from left to right. */
const WIDE_PX = 800;
const CACHED_PICTURES = 32;
/** By machine and direction; the first in is the first out. */
const pictures = new Map<string, Promise<StatechartPicture>>();

/** The picture of a machine for so much width, and why there is none; both null until it has its places. */
export function usePicture(
  chart: StatechartDocument,
  arrows: readonly StatechartArrow[],
  width: number,
): [picture: StatechartPicture | null, fault: string | null] {
  const [picture, setPicture] = useState<StatechartPicture | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    if (width === 0) return undefined;
    let isWanted = true;
    fittingPicture(chart, arrows, width).then(
      (placed) => {
        if (isWanted) setPicture(placed);
      },
      (error: unknown) => {
        if (isWanted) setFault(`The picture could not be laid out (${String(error)}); the words below tell the same.`);
      },
    );
    return () => {
      isWanted = false;
    };
  }, [chart, arrows, width]);
  return [picture, fault];
}

/** From left to right where that can be read without scrolling; from top to bottom otherwise. */
async function fittingPicture(
  chart: StatechartDocument,
  arrows: readonly StatechartArrow[],
  width: number,
): Promise<StatechartPicture> {
  const wide = width < WIDE_PX ? null : await placedPicture(chart, arrows, 'RIGHT');
  return wide !== null && wide.width * LEAST_SCALE <= width ? wide : placedPicture(chart, arrows, 'DOWN');
}

function placedPicture(
  chart: StatechartDocument,
  arrows: readonly StatechartArrow[],
  direction: FlowDirection,
): Promise<StatechartPicture> {
  const key = JSON.stringify([chart.name, direction, chart.states, chart.transitions]);
  const known = pictures.get(key);
  if (known !== undefined) return known;
  const placed = layoutGraph(layoutRequest(chart, arrows, direction, measureText())).then((graph) =>
    pictureOf(chart, arrows, graph),
  );
  pictures.set(key, placed);
  placed.catch(() => pictures.delete(key));
  const oldest = pictures.size > CACHED_PICTURES ? pictures.keys().next().value : undefined;
  if (oldest !== undefined) pictures.delete(oldest);
  return placed;
}

/** With the font of the page; by a guess where there is no canvas. */
function measureText(): MeasureText {
  const context = document.createElement('canvas').getContext('2d');
  const family = getComputedStyle(document.body).fontFamily;
  return (text, kind) => {
    if (context === null) return text.length * 7.2;
    context.font = kind === 'state' ? `600 13px ${family}` : `12px ${family}`;
    return context.measureText(text).width;
  };
}
