// Owns the way from a running engine to Stately's inspector: to a viewer elsewhere, as its client, or to one that comes to
// a page of this program's own.

import { RuntimeError } from '../domain/runtime-error.ts';
import { SystemTimers } from '../engine/system-timers.ts';
import { ActorTrace, type TracedEngine } from './actor-trace.ts';
import { connectStately } from './stately-client.ts';
import { liveFeed, type StatelyFeed } from './stately-feed.ts';
import { serveStately } from './stately-server.ts';

export interface StatelyBridgeOptions {
  /** `ws://…` or `wss://…`: a viewer that listens; without it, this program listens itself. */
  readonly url?: string | undefined;
  /** Of the own server; default any free one. */
  readonly port?: number | undefined;
  /** Told once when a viewer elsewhere cannot be reached. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** A bridge to viewers. */
export interface StatelyBridge {
  /** Where to look: of the own page, or the viewer's as it was given. */
  readonly url: string;
  /** Lets go of viewers and of the engine. Harmless when repeated. */
  close(): Promise<void>;
}

/**
 * Shows an engine in Stately's inspector from now on. The engine pays for it while a viewer looks.
 * @throws RuntimeError ARGUMENT_INVALID for a URL that is none of a WebSocket, INSPECT_LISTEN_FAILED
 */
export function openStatelyBridge(engine: TracedEngine, options: StatelyBridgeOptions = {}): Promise<StatelyBridge> {
  return bridgeFor(liveFeed(new ActorTrace(engine)), { ...options, keepsEarly: true });
}

/** The same for any feed; `keepsEarly` as for a client. */
export async function bridgeFor(
  feed: StatelyFeed,
  { url, port, onWarning = () => {}, keepsEarly }: StatelyBridgeOptions & { readonly keepsEarly: boolean },
): Promise<StatelyBridge> {
  // For a server's goodbye and a client's attempts: nothing that keeps a program alive.
  const timers = new SystemTimers({ unref: true });
  if (url === undefined) return await serveStately(feed, { port, timers });
  requireSocketUrl(url);
  const client = connectStately(url, feed, { timers, onWarning, keepsEarly });
  return { url, close: () => client.close() };
}

function requireSocketUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (protocol === 'ws:' || protocol === 'wss:') return;
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `'${url}' is no address of a viewer; give one that begins with ws:// or wss://, or none for a page of this program`,
    { details: { url } },
  );
}
