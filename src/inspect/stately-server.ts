// Owns the bridge for Stately's inspector in a browser: a page of its own on 127.0.0.1, which holds the inspector of
// stately.ai in a frame and passes messages on to it, and a WebSocket that the page, or any viewer of the protocol, reads.
//
// Who may read is who knows the token in the path, under a name of this machine, from no other page than its own: what
// runs here is in the messages. Nothing that a viewer sends is read.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock, TimerService } from '../domain/clock.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { newSecret, SecretDigest } from '../engine/local-callers.ts';
import type { StatelyFeed } from './stately-feed.ts';
import { BRIDGE_FILES, type BridgeFile, bridgePolicy } from './stately-page.ts';
import { feedSocket } from './stately-socket.ts';

const HOST = '127.0.0.1';
const STREAM = 'stream';
const MAX_VIEWERS = 8;
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 16 * 1024;
/** Nobody has anything to say to it. */
const MAX_INCOMING_BYTES = 1_024;
const GOING_AWAY = 1001;
/** How long a viewer may take to read what is under way when the bridge closes. */
const GOODBYE_MS = 1_000;

export interface StatelyServerOptions {
  /** 0 (default): any free one. */
  readonly port?: number | undefined;
  readonly timers: TimerService & Clock;
}

/** A bridge that listens. */
export interface StatelyServer {
  /** Of the page; a viewer of the protocol reads `stream` below it. */
  readonly url: string;
  readonly viewers: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 alone. @throws RuntimeError INSPECT_LISTEN_FAILED */
export async function serveStately(
  feed: StatelyFeed,
  { port = 0, timers }: StatelyServerOptions,
): Promise<StatelyServer> {
  const door = new BridgeDoor(feed);
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) =>
    door.answer(request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('upgrade', (request, socket, head) => door.upgrade(request, socket, head));
  door.port = await listen(server, port);
  let closing: Promise<void> | undefined;
  return {
    url: `http://${HOST}:${door.port}/${door.token}/`,
    get viewers() {
      return door.viewers;
    },
    close: () => {
      closing ??= closeServer(server, door, timers);
      return closing;
    },
  };
}

class BridgeDoor {
  readonly token = newSecret();
  readonly #secret = new SecretDigest(this.token);
  port = 0;
  readonly #feed: StatelyFeed;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_INCOMING_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  });

  constructor(feed: StatelyFeed) {
    this.#feed = feed;
  }

  get viewers(): number {
    return this.#sockets.clients.size;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const path = this.#pathOf(request);
    const file = path === undefined ? undefined : BRIDGE_FILES[path];
    if (path === undefined)
      refuse(response, 403, 'this address is for the page that the program printed, and no other');
    else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(response, 405, 'only GET');
    else if (file === undefined) refuse(response, 404, 'there is nothing here');
    else this.#give(response, file);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const path = this.#pathOf(request);
    if (path !== STREAM) end(socket, path === undefined ? '403 Forbidden' : '404 Not Found');
    else if (this.viewers >= MAX_VIEWERS) end(socket, '503 Service Unavailable');
    else this.#sockets.handleUpgrade(request, socket, head, (viewer) => this.#welcome(viewer));
  }

  closeViewers(): void {
    for (const viewer of this.#sockets.clients) viewer.close(GOING_AWAY, 'the engine has ended');
    this.#sockets.close();
  }

  dropViewers(): void {
    for (const viewer of this.#sockets.clients) viewer.terminate();
  }

  #welcome(viewer: WebSocket): void {
    viewer.on('error', () => viewer.terminate());
    feedSocket(viewer, this.#feed);
  }

  #give(response: ServerResponse, { type, body }: BridgeFile): void {
    response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Security-Policy': bridgePolicy(this.port) });
    response.end(body);
  }

  /** What is asked for below the token; undefined when the request may not ask at all. */
  #pathOf({ headers: { host, origin }, url = '/' }: IncomingMessage): string | undefined {
    const names = [`${HOST}:${this.port}`, `localhost:${this.port}`];
    // Another name may have been made to point here by a page that wants to read this.
    if (host === undefined || !names.includes(host)) return undefined;
    if (origin !== undefined && !names.some((name) => origin === `http://${name}`)) return undefined;
    const [, token = '', ...rest] = (url.split('?')[0] ?? '').split('/');
    return this.#secret.matches(token) && rest.length === 1 ? rest[0] : undefined;
  }
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // The token stands in the path.
  'Referrer-Policy': 'no-referrer',
} as const;

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${message}\n`);
}

function end(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // Later ones cost a connection and not the server.
    server.on('error', (cause) => {
      const message = `the bridge to Stately cannot listen on ${HOST}:${port}: ${cause.message}; choose another port`;
      reject(new RuntimeError('INSPECT_LISTEN_FAILED', message, { cause, details: { port } }));
    });
    server.listen(port, HOST, () => {
      const address: AddressInfo | string | null = server.address();
      // It watches; it keeps no program alive.
      server.unref();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function closeServer(server: Server, door: BridgeDoor, timers: TimerService & Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  door.closeViewers();
  server.closeIdleConnections();
  // A viewer that does not answer the closing is not waited for.
  const timer = timers.schedule(timers.now() + GOODBYE_MS, () => {
    door.dropViewers();
    server.closeAllConnections();
  });
  await closed;
  timers.cancel(timer);
}
