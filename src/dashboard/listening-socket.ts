// Owns the socket that the dashboard listens on: this machine alone, bounds on what a client may hold, the port where the
// usual one is taken, and the end.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { Clock, TimerService } from '../domain/clock.ts';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';

export const DASHBOARD_PORT = 7331;
/** The one address: other machines have no way to it. */
export const HOST = '127.0.0.1';
/** Ports from the usual one on that are tried while others have them. */
const TRIED_PORTS = 20;
/** Connections at once; more are closed as they come. */
export const MOST_CONNECTIONS = 64;
const MOST_HEADER_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** For the whole request to arrive; a stream may go on for ever. */
const REQUEST_TIMEOUT_MS = 30_000;
const CHECK_INTERVAL_MS = 1_000;
/** How long answers that are under way may take when the server closes. */
const LAST_ANSWERS_MS = 1_000;

export interface SocketOptions {
  /** 0: any free one. Default 7331, or the next free one of 20. */
  readonly port?: number | undefined;
  readonly headersTimeoutMs?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** Told of faults after it listens: no descriptor left, say. They cost a connection and not the server. */
  readonly onError: (error: unknown) => void;
}

/** A socket that listens; it answers from `answer` on. */
export interface ListeningSocket {
  readonly port: number;
  /** To be called in the same turn in which the socket is got: until then requests go nowhere. */
  answer(listener: RequestListener): void;
  /** Takes no more, lets answers end for a moment, then ends every connection. */
  close(timers: TimerService & Clock): Promise<void>;
}

/** @throws RuntimeError DASHBOARD_LISTEN_FAILED */
export async function listenLocally(options: SocketOptions): Promise<ListeningSocket> {
  const server = createServer({
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS,
    requestTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  });
  server.maxConnections = MOST_CONNECTIONS;
  const port = await listen(server, options.port);
  server.on('error', options.onError);
  return {
    port,
    answer: (listener) => void server.on('request', listener),
    close: (timers) => closeServer(server, timers),
  };
}

// Whoever names a port wants that one; the usual one may be taken by another dashboard.
async function listen(server: Server, wanted: number | undefined): Promise<number> {
  const first = wanted ?? DASHBOARD_PORT;
  const last = wanted === undefined ? first + TRIED_PORTS - 1 : first;
  for (let port = first; ; port++) {
    try {
      return await listenOn(server, port);
    } catch (error) {
      const isTaken = isRuntimeError(error) && error.details.cause === 'EADDRINUSE';
      if (!isTaken || port >= last) throw error;
    }
  }
}

function listenOn(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const fail = (cause: NodeJS.ErrnoException): void => {
    const message = `the dashboard cannot listen on ${HOST}:${port}: ${cause.message}; choose another (--port, or --dashboard=<port> of a run), or 0 for any free one`;
    reject(
      new RuntimeError('DASHBOARD_LISTEN_FAILED', message, { cause, details: { port, cause: cause.code ?? null } }),
    );
  };
  server.once('error', fail);
  server.listen(port, HOST, () => {
    server.off('error', fail);
    const address = server.address();
    resolve(typeof address === 'object' && address !== null ? address.port : port);
  });
  return promise;
}

async function closeServer(server: Server, timers: TimerService & Clock): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  const timer = timers.schedule(timers.now() + LAST_ANSWERS_MS, () => server.closeAllConnections());
  await ended;
  timers.cancel(timer);
}
