// Owns which layout a graph gets and where it is computed: small ones by elkjs in its worker, large ones by levels in a
// worker of ours, those between at once. A layout that is not wanted any more ends with its worker.

import { layoutGraph } from '../elk-layout.ts';
import type { GraphColumns } from './graph-columns.ts';
import { type BoxSize, boxSizeFor, type GraphLayout } from './graph-layout.ts';
import { elkGraphOf, isForElk, layoutOfElk } from './layered-layout.ts';
import { layoutAnswer } from './layout-messages.ts';
import { layOutLevels } from './level-layout.ts';

/** Up to here a layout by levels takes a few milliseconds: less than starting a worker. */
const MAX_INLINE_TASKS = 2_000;

/**
 * Lays a graph out, away from the main thread where it takes time; `aspect` is the view's width to height.
 * @throws AbortError when the signal says so
 */
export async function layOut(
  graph: GraphColumns,
  names: readonly string[],
  aspect: number,
  signal: AbortSignal,
): Promise<GraphLayout> {
  const box = boxSizeFor(names);
  if (isForElk(graph)) {
    try {
      return layoutOfElk(graph, box, await layoutGraph(elkGraphOf(graph, box), signal));
    } catch {
      // A graph that elkjs cannot take is drawn by levels; a layout that nobody wants is not.
      signal.throwIfAborted();
    }
  }
  if (graph.size > MAX_INLINE_TASKS) {
    try {
      return await inWorker(graph, box, aspect, signal);
    } catch {
      // Where no worker can be started the page waits a moment: better than no graph.
      signal.throwIfAborted();
    }
  }
  return layOutLevels(graph, box, aspect);
}

async function inWorker(graph: GraphColumns, box: BoxSize, aspect: number, signal: AbortSignal): Promise<GraphLayout> {
  const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
  const answer = Promise.withResolvers<GraphLayout>();
  const abort = () => answer.reject(signal.reason);
  worker.onmessage = ({ data }: MessageEvent<unknown>) => {
    const parsed = layoutAnswer.safeParse(data);
    if (parsed.success) answer.resolve(parsed.data);
    else answer.reject(parsed.error);
  };
  worker.onerror = (event) => answer.reject(new Error(`the layout failed: ${event.message}`));
  signal.addEventListener('abort', abort, { once: true });
  try {
    worker.postMessage({ graph, box, aspect });
    return await answer.promise;
  } finally {
    signal.removeEventListener('abort', abort);
    worker.terminate();
  }
}
