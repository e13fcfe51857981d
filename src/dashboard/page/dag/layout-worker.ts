// Owns the worker's end of a layout by levels: one question, one answer, whose arrays are handed over, not copied.

import { layoutQuestion } from './layout-messages.ts';
import { layOutLevels } from './level-layout.ts';

self.onmessage = ({ data }: MessageEvent<unknown>) => {
  const { graph, box, aspect } = layoutQuestion.parse(data);
  const layout = layOutLevels(graph, box, aspect);
  const { x, y, order, columnOffsets, columnLevels, columnBands } = layout;
  const transfer = [x, y, order, columnOffsets, columnLevels, columnBands].map(({ buffer }) => buffer);
  self.postMessage(layout, { transfer });
};
