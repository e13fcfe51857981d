// Owns the page of the bridge: the inspector of stately.ai in a frame, and the script that passes messages on to it. The
// inspector says that it is there, and says it again when it was loaded anew; each time the stream is opened afresh, which
// begins with the actors that live. Nothing is kept in the page.

export interface BridgeFile {
  readonly type: string;
  readonly body: string;
}

const VIEWER = 'https://stately.ai/inspect';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Yardmaster in Stately's inspector</title>
<link rel="stylesheet" href="bridge.css">
</head>
<body>
<header>
<p><strong>Stately's inspector</strong>, loaded from stately.ai: this page needs the network. The dashboard
(<code>--dashboard</code>) does not.</p>
<p id="state" role="status">Waiting for the inspector of stately.ai…</p>
</header>
<iframe id="viewer" title="Stately's inspector" src="${VIEWER}"></iframe>
<script src="bridge.js"></script>
</body>
</html>
`;

const STYLE = `:root { color-scheme: light dark; }
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; font: 13px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 0 2rem; justify-content: space-between; padding: 0.4rem 0.8rem; }
header p { margin: 0; }
iframe { flex: 1; width: 100%; border: 0; border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
`;

const SCRIPT = `'use strict';
const OF_STATELY = /^https:\\/\\/(?:[a-z0-9-]+\\.)?stately\\.ai$/;
const frame = document.getElementById('viewer');
const state = document.getElementById('state');
const say = (text) => { state.textContent = text; };
let current;
let attempts = 0;

function connect(origin) {
  const socket = new WebSocket(new URL('stream', location.href.replace(/^http/, 'ws')));
  const before = current;
  current = socket;
  if (before) before.close();
  socket.onopen = () => {
    attempts = 0;
    say('Connected.');
  };
  socket.onmessage = ({ data }) => frame.contentWindow.postMessage(JSON.parse(data), origin);
  socket.onclose = () => {
    if (current !== socket) return;
    if (attempts >= 5) {
      say('The program has ended, or closed this view. Start it again and open the new address.');
      return;
    }
    say('The connection was lost; trying again…');
    setTimeout(() => { if (current === socket) connect(origin); }, 500 * 2 ** attempts++);
  };
}

addEventListener('message', ({ source, origin, data }) => {
  if (source !== frame.contentWindow || !OF_STATELY.test(origin)) return;
  if (data && data.type === '@statelyai.connected') connect(origin);
});

setTimeout(() => {
  if (!current) say('The inspector of stately.ai has not answered. Without the network, use the dashboard: --dashboard.');
}, 10000);
`;

/** What the bridge serves, by path below its token. */
export const BRIDGE_FILES: Readonly<Record<string, BridgeFile>> = Object.freeze(
  Object.assign(Object.create(null), {
    '': { type: 'text/html; charset=utf-8', body: PAGE },
    'bridge.js': { type: 'text/javascript; charset=utf-8', body: SCRIPT },
    'bridge.css': { type: 'text/css; charset=utf-8', body: STYLE },
  }),
);

/** What the page may load and speak to: its own files, its own stream, and the frame. */
export function bridgePolicy(port: number): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'frame-src https://stately.ai https://*.stately.ai',
    `connect-src ws://127.0.0.1:${port} ws://localhost:${port}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
