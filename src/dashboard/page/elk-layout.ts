// Owns the way to elkjs: graphs are laid out in a web worker, so that the page never waits for it.
// A layout that nobody wants any more takes its worker with it: elkjs cannot be interrupted, and the next must not wait.
// One idle worker is kept, since starting one means reading a megabyte and a half; more are ended when they are done.

import ELK, { type ELK as Elk, type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';

export type { ElkNode } from 'elkjs/lib/elk-api.js';

const IDLE_WORKERS = 1;
const idle: Elk[] = [];

/**
 * Lays a graph out: its nodes come back with places, its edges with sections and their labels with places.
 * @throws AbortError when the signal says so; Error for what elkjs refuses
 */
export async function layoutGraph(graph: ElkNode, signal?: AbortSignal): Promise<ElkNode> {
  signal?.throwIfAborted();
  const elk = idle.pop() ?? new ELK({ workerFactory: () => new Worker(workerUrl) });
  const cancelled = Promise.withResolvers<never>();
  const abort = () => cancelled.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  let isReusable = false;
  try {
    const placed = await Promise.race([elk.layout(graph), cancelled.promise]);
    isReusable = true;
    return placed;
  } finally {
    signal?.removeEventListener('abort', abort);
    if (isReusable && idle.length < IDLE_WORKERS) idle.push(elk);
    else elk.terminateWorker();
  }
}
