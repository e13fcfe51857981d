// Owns which attempts of a timeline took longest. One pass, since there may be tens of thousands of them.

import type { TimelineBar, TimelineDocument } from '../../wire.ts';

export const SLOWEST_SHOWN = 20;

/** The attempts that took longest, the longest first; those that still run as of `end`. */
export function slowestOf(timeline: Pick<TimelineDocument, 'bars' | 'end'>, count = SLOWEST_SHOWN): TimelineBar[] {
  const took = (bar: TimelineBar) => (bar[6] < 0 ? timeline.end : bar[6]) - bar[5];
  const slowest: TimelineBar[] = [];
  for (const bar of timeline.bars) {
    const last = slowest.at(-1);
    if (slowest.length >= count && last !== undefined && took(bar) <= took(last)) continue;
    const place = slowest.findIndex((other) => took(other) < took(bar));
    slowest.splice(place < 0 ? slowest.length : place, 0, bar);
    if (slowest.length > count) slowest.pop();
  }
  return slowest;
}
