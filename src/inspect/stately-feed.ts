// Owns the flow of Stately's messages to one viewer, from a live engine or from a trace file, and its pace.
// A live engine is never slowed: what a viewer cannot take is the viewer's loss. A file waits for its viewer.

import type { Clock, TimerService } from '../domain/clock.ts';
import type { ActorTrace } from './actor-trace.ts';
import { StatelyProtocol } from './stately-protocol.ts';
import { readTrace } from './trace-reader.ts';

/** Where the messages for one viewer go. */
export interface StatelySink {
  /** A message as JSON. */
  send(text: string): void;
  /** Resolves when it can take more; for a feed that can wait. */
  drained(): Promise<void>;
}

/** Begins to feed a viewer, with what it must know first; the result ends it. */
export type StatelyFeed = (sink: StatelySink) => () => void;

/** The actors of an engine: those that live now, then everything from then on. */
export function liveFeed(trace: ActorTrace): StatelyFeed {
  return (sink) => {
    const protocol = new StatelyProtocol(trace.startedAtMs);
    return trace.subscribe((entry) => {
      const message = protocol.message(entry);
      if (message !== undefined) sink.send(JSON.stringify(message));
    });
  };
}

export interface ReplayPace {
  /** So many times as fast as it happened; Infinity: as fast as the viewer takes it. */
  readonly speed: number;
  readonly timers: TimerService & Clock;
  /** Each viewer's replay comes to its end once, with the fault if the file has one. */
  readonly onEnd: (error: unknown) => void;
}

/** A recorded trace, from its begin for each viewer. */
export function replayFeed(file: string, pace: ReplayPace): StatelyFeed {
  return (sink) => {
    const stop = new AbortController();
    replay(file, sink, pace, stop.signal).then(
      () => pace.onEnd(undefined),
      (error: unknown) => pace.onEnd(error),
    );
    return () => stop.abort();
  };
}

async function replay(file: string, sink: StatelySink, pace: ReplayPace, stop: AbortSignal): Promise<void> {
  const { timers, speed } = pace;
  let protocol = new StatelyProtocol(0);
  const startMs = timers.monotonicMs();
  for await (const entry of readTrace(file)) {
    if (stop.aborted) return;
    if (entry.kind === 'trace') protocol = new StatelyProtocol(Date.parse(entry.startedAt));
    const message = protocol.message(entry);
    if (message === undefined || !('t' in entry)) continue;
    const dueMs = startMs + entry.t / speed;
    if (dueMs > timers.monotonicMs()) await pause(timers, dueMs - timers.monotonicMs(), stop);
    await sink.drained();
    if (stop.aborted) return;
    sink.send(JSON.stringify(message));
  }
}

function pause(timers: TimerService & Clock, delayMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timers.cancel(timer);
      // A replay pauses often: what each one leaves behind would have to be gone through by the next.
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = timers.schedule(timers.now() + delayMs, end);
    stop.addEventListener('abort', end);
  });
}
