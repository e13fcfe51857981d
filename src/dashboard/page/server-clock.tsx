// Owns time on the page: the server's clock, which may be another than the browser's, and figures that tick.

import { useEffect, useState } from 'preact/hooks';

/** The server's clock, as it last told it. */
export class ServerClock {
  #aheadMs = 0;

  /** Epoch milliseconds. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  set(serverNow: number): void {
    this.#aheadMs = serverNow - Date.now();
  }
}

/** The server's time, anew every `periodMs`; null = it stands still. */
export function useNow(clock: ServerClock, periodMs: number | null): number {
  const [now, setNow] = useState(clock.now());
  useEffect(() => {
    if (periodMs === null) return;
    setNow(clock.now());
    const timer = setInterval(() => setNow(clock.now()), periodMs);
    return () => clearInterval(timer);
  }, [clock, periodMs]);
  return now;
}
