// Owns the heap figure of tests that assert flat memory: collects first, so that only what is still held counts.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of the heap that are still reachable. */
export function heapUsedAfterCollection(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
