// Owns what crosses between the page and the worker that lays out large graphs, both ways.

import * as z from 'zod/mini';

const columns32 = z.instanceof(Uint32Array);
const boxSize = z.object({ width: z.number(), height: z.number() });

/** What the worker is asked. */
export const layoutQuestion = z.object({
  graph: z.object({
    size: z.number(),
    offsets: columns32,
    dependencies: columns32,
    targets: columns32,
    dependentOffsets: columns32,
    dependents: columns32,
    levels: columns32,
    levelCount: z.number(),
    criticalPath: columns32,
    isCriticalEdge: z.instanceof(Uint8Array),
  }),
  box: boxSize,
  aspect: z.number(),
});

/** What it answers. */
export const layoutAnswer = z.object({
  box: boxSize,
  width: z.number(),
  height: z.number(),
  x: z.instanceof(Float32Array),
  y: z.instanceof(Float32Array),
  order: columns32,
  columnOffsets: columns32,
  columnLevels: columns32,
  columnBands: columns32,
  routes: z.null(),
});
