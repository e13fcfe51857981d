// Owns what the stream needs of the browser: an EventSource, timers, and a question to see who is there.

import { type ApiClient, ApiFault } from './api-client.ts';
import type { StreamPort } from './live-stream.ts';
import type { ServerClock } from './server-clock.tsx';

const PROBE_TIMEOUT_MS = 5_000;

/** The browser's side of the stream. */
export function browserStream(api: ApiClient, clock: ServerClock): StreamPort {
  return {
    open(url, names, hear, fail) {
      const source = new EventSource(url);
      for (const name of names) {
        source.addEventListener(name, (event: Event) => {
          // The browser has an event named `open` of its own, which is no message.
          if (event instanceof MessageEvent) hear(name, String(event.data));
        });
      }
      source.addEventListener('error', fail, { once: true });
      return () => source.close();
    },
    async probe() {
      try {
        await api.welcome(AbortSignal.timeout(PROBE_TIMEOUT_MS));
        return 'welcome';
      } catch (fault) {
        return fault instanceof ApiFault && fault.status === 401 ? 'refused' : 'unreachable';
      }
    },
    later(call, delayMs) {
      const timer = setTimeout(call, delayMs);
      return () => clearTimeout(timer);
    },
    tellTime: (now) => clock.set(now),
  };
}
