// Owns events for tests of views: numbered and stamped as the engine does it.

import type { RuntimeEvent, RuntimeEventType } from '../../src/domain/events.ts';
import type { RunId } from '../../src/domain/ids.ts';

export const START_MS = Date.UTC(2026, 0, 1);

/** Makes events of one run; times are milliseconds after START_MS. */
export function eventMaker(): (
  type: RuntimeEventType,
  afterMs: number,
  task?: string,
  data?: Readonly<Record<string, unknown>>,
) => RuntimeEvent {
  let seq = 0;
  return (type, afterMs, task, data = {}) => {
    seq += 1;
    return {
      seq,
      at: new Date(START_MS + afterMs).toISOString(),
      type,
      runId: 'run-1' as RunId,
      ...(task === undefined ? {} : { task }),
      data,
    };
  };
}
