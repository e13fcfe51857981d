// Owns the start of the page: makes the parts that touch the browser and puts the page up.

import { render } from 'preact';
import { ApiClient } from './api-client.ts';
import { App } from './app.tsx';
import { browserStream } from './browser-stream.tsx';
import { LiveStream } from './live-stream.ts';
import { ServerClock } from './server-clock.tsx';
import { followTheme } from './theme.ts';

// A page nobody looks at gives its connection back after this: browsers have six to a server, for all pages together.
const HIDDEN_PAUSE_MS = 20_000;

followTheme();
const api = new ApiClient((url, init) => fetch(url, init));
const clock = new ServerClock();
const stream = new LiveStream(browserStream(api, clock));

let pauseTimer: ReturnType<typeof setTimeout> | undefined;
document.addEventListener('visibilitychange', () => {
  clearTimeout(pauseTimer);
  if (document.visibilityState === 'hidden') {
    pauseTimer = setTimeout(() => stream.pause(), HIDDEN_PAUSE_MS);
    return;
  }
  stream.resume();
  // Whoever comes back may have opened the new address in another tab, which lets this one in too.
  stream.retry();
});
addEventListener('online', () => stream.retry());

const root = document.getElementById('app');
if (root !== null) render(<App api={api} clock={clock} stream={stream} />, root);
