// Owns how a moment of a run reads in lists: the time of day of the reader's own time zone, to the millisecond.

/** `08:05:09.123` */
export function timeOfDayText(epochMs: number): string {
  const time = new Date(epochMs);
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0'));
  return `${clock.join(':')}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
