// Owns the outgoing side of one WebSocket to a viewer: a bound on what it has not taken. Whoever is too slow is let go of.

import type { WebSocket } from 'ws';
import type { StatelyFeed } from './stately-feed.ts';

/** Bytes that may wait in a connection. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** Up to here a feed that can wait goes on. */
const EASY_BYTES = 1024 * 1024;
const TRY_AGAIN_LATER = 1013;

/** Feeds a connected viewer until it goes, or is too slow; the result ends the feed and lets the rest go out. */
export function feedSocket(socket: WebSocket, feed: StatelyFeed): () => void {
  const waiters: (() => void)[] = [];
  const wake = () => {
    if (socket.bufferedAmount > EASY_BYTES && socket.readyState === socket.OPEN) return;
    for (const waiter of waiters.splice(0)) waiter();
  };
  let stop = (): void => {};
  let hasEnded = false;
  const end = () => {
    if (hasEnded) return;
    hasEnded = true;
    stop();
    for (const waiter of waiters.splice(0)) waiter();
  };
  socket.on('close', end);
  stop = feed({
    send: (text) => {
      if (hasEnded || socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > MAX_WAITING_BYTES) {
        end();
        socket.close(TRY_AGAIN_LATER, 'too slow');
        // Its answer would stand behind all that it has not taken.
        socket.terminate();
        return;
      }
      socket.send(text, wake);
    },
    drained: () =>
      hasEnded || socket.bufferedAmount <= EASY_BYTES
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push(resolve)),
  });
  if (hasEnded) stop();
  return end;
}
