// Owns serving over stdin and stdout: one client, both eras of the protocol, until the client leaves or the server is
// stopped. What is still asked for when the client sends no more is answered for a moment, then the connection ends; runs
// that go on by then stay on record and go on with the next engine.

import type { Readable, Writable } from 'node:stream';
import { serveStdio as serveConnection } from '@modelcontextprotocol/server/stdio';
import type { Clock, TimerService } from '../domain/clock.ts';
import { LineTransport } from './line-transport.ts';
import { createMcpServer, type ServerParts } from './mcp-server.ts';

/** How long requests of a client that sends no more are still answered. */
const LAST_ANSWERS_MS = 1_000;
const GREETINGS: ReadonlySet<string> = new Set(['server/discover', 'initialize', 'ping']);

export interface StdioServerOptions {
  readonly input: Readable;
  /** Nobody else may write to it. */
  readonly output: Writable;
  readonly timers: TimerService & Clock;
  /**
   * Told once, when the client wants more than to know who is there. Some start a server only to ask which protocol it
   * speaks and end it at once: nothing dear should be done for those.
   */
  readonly onUse?: () => void;
  /** Told of what went wrong on the connection; never of what a tool did. */
  readonly onError?: (error: Error) => void;
}

export interface StdioServer {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Answers what it can within a moment and ends the connection. */
  stop(): Promise<void>;
}

/** Serves one client over a pair of streams. */
export function serveStdio(parts: ServerParts, options: StdioServerOptions): StdioServer {
  const { input, output, timers, onError, onUse } = options;
  const transport = new LineTransport(input, output);
  const connection = serveConnection(({ era }) => createMcpServer(parts, { era, notifies: true }), {
    transport,
    ...(onError === undefined ? {} : { onerror: onError }),
  });
  tellOfUse(transport, onUse);
  let stopping: Promise<void> | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await answersWithin(transport, timers, LAST_ANSWERS_MS);
      await connection.close();
      resolve();
    })();
    return stopping;
  };
  transport.onend = () => void stop();
  return { ended, stop };
}

function tellOfUse(transport: LineTransport, onUse: (() => void) | undefined): void {
  const deliver = transport.onmessage;
  if (onUse === undefined || deliver === undefined) return;
  transport.onmessage = (message) => {
    if ('method' in message && !GREETINGS.has(message.method)) {
      transport.onmessage = deliver;
      onUse();
    }
    deliver(message);
  };
}

async function answersWithin(transport: LineTransport, timers: TimerService & Clock, limitMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = timers.schedule(timers.now() + limitMs, resolve);
  await Promise.race([transport.whenAnswered(), late]);
  timers.cancel(timer);
}
