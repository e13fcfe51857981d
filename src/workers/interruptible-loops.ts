// Owns one setting of the JavaScript engine without which threads cannot be ended reliably. It must be made before the
// first thread starts, and it holds for the whole process.

import { setFlagsFromString } from 'node:v8';

/** Engine versions that know the flag; to others it would be a complaint on stderr. */
const FIRST_V8 = 12;
const LAST_V8 = 14;

/**
 * Keeps every optimised loop interruptible. V8 13.6 (Node 24) drops the interrupt check of an endless loop around an
 * unrolled one, such as `for (;;) kept.push(new Array(1000).fill(0))`: Worker.terminate() then never ends it, and at its
 * heap limit it takes the whole process down instead of failing alone. Without loop unrolling the check stays. The price
 * is some speed of tiny counting loops; a task that cannot be stopped costs more.
 */
export function keepLoopsInterruptible(): void {
  const version = Number.parseInt(process.versions.v8, 10);
  if (version >= FIRST_V8 && version <= LAST_V8) setFlagsFromString('--no-turboshaft-loop-unrolling');
}
