// Owns the showing of a recorded trace in Stately's inspector, at the pace at which it happened or another. Each viewer is
// shown all of it from the begin; the file is read as far as viewers have come, and never held.

import { RuntimeError } from '../domain/runtime-error.ts';
import { SystemTimers } from '../engine/system-timers.ts';
import { bridgeFor, type StatelyBridge } from './stately-bridge.ts';
import { replayFeed } from './stately-feed.ts';
import { readTrace } from './trace-reader.ts';

export interface TraceReplayOptions {
  /** `ws://…` or `wss://…`: a viewer that listens; without it, this program listens itself. */
  readonly url?: string | undefined;
  readonly port?: number | undefined;
  /** Default 1: as it happened. Infinity: as fast as the viewer takes it. */
  readonly speed?: number | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
}

export interface TraceReplay extends StatelyBridge {
  /** Resolves when one viewer has been shown all, or has gone; rejects with the file's fault. */
  readonly done: Promise<void>;
}

/**
 * Shows a trace file in Stately's inspector.
 * @throws RuntimeError FILE_NOT_FOUND, TRACE_INVALID for a file that is no trace, ARGUMENT_INVALID, INSPECT_LISTEN_FAILED
 */
export async function replayToStately(file: string, options: TraceReplayOptions = {}): Promise<TraceReplay> {
  const { speed = 1, ...where } = options;
  if (!(speed > 0)) throw new RuntimeError('ARGUMENT_INVALID', `a replay's speed is above 0, not ${speed}`);
  await requireTrace(file);
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  // Whoever does not wait for the end need not hear of a fault.
  done.catch(() => {});
  const feed = replayFeed(file, {
    speed,
    timers: new SystemTimers(),
    onEnd: (error) => (error === undefined ? resolve() : reject(error)),
  });
  const bridge = await bridgeFor(feed, { ...where, keepsEarly: false });
  return {
    url: bridge.url,
    done,
    close: async () => {
      await bridge.close();
      resolve();
    },
  };
}

// Its first line is enough to be told now, and not in the middle of a viewer's look.
async function requireTrace(file: string): Promise<void> {
  for await (const _ of readTrace(file)) return;
}
