// Owns serving over Streamable HTTP: the listening socket, its bounds, and the way of a request past the guard to the era
// it belongs to. Requests of the newer era stand for themselves, those of the older one belong to a session.
// Faults of ours are told as such and nothing more: no stack, no path, no token ever leaves this way.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeServerResponseLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, isJsonContentType, isLegacyRequest } from '@modelcontextprotocol/server';
import type { Clock, TimerService } from '../domain/clock.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { HttpGuard, type HttpGuardOptions, MCP_PATH } from './http-guard.ts';
import { HttpSessions } from './http-sessions.ts';
import { createMcpServer, type ServerParts } from './mcp-server.ts';
import { watchedStream } from './watched-stream.ts';

export const DEFAULT_BODY_BYTES = 1024 * 1024;
/** Connections at once; more are closed as they come. */
const MOST_CONNECTIONS = 1_024;
const MOST_HEADER_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** For the whole request to arrive; an answer may take as long as a run. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Of a body that is refused already, before the connection is cut. */
const MOST_PASSED_BYTES = 64 * 1024 * 1024;
const CHECK_INTERVAL_MS = 1_000;
const MOST_STREAMS = 256;
/** How long answers that are under way may take when the server stops. */
const LAST_ANSWERS_MS = 1_000;

export interface HttpServerOptions extends HttpGuardOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly timers: TimerService & Clock;
  /** Of sessions: unguessable. */
  readonly newId: () => string;
  readonly maxBodyBytes?: number;
  readonly maxSessions?: number;
  readonly idleTimeoutMs?: number;
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly onError?: (error: Error) => void;
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Sessions of the older era that are open. */
  readonly sessions: number;
  /** Takes no more, lets answers end for a moment, then ends every connection. Harmless when repeated. */
  stop(): Promise<void>;
}

/**
 * Listens and serves until it is stopped.
 * @throws RuntimeError MCP_TOKEN_REQUIRED, MCP_LISTEN_FAILED
 */
export async function serveHttp(parts: ServerParts, options: HttpServerOptions): Promise<HttpServer> {
  const guard = new HttpGuard(options);
  const door = new HttpDoor(parts, options);
  const server = createServer(
    {
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS,
      requestTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    (request, response) => {
      const refused = guard.refusalOf(request);
      if (refused === undefined) void door.take(request, response);
      else refuse(response, refused.status, -32_000, refused.message, refused.headers);
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  const port = await listen(server, options);
  let stopping: Promise<void> | undefined;
  return {
    url: `http://${urlHost(options.host)}:${port}${MCP_PATH}`,
    port,
    get sessions() {
      return door.sessions.size;
    },
    stop: () => {
      stopping ??= stopServer(server, door, options.timers);
      return stopping;
    },
  };
}

/** From a request that may speak to the one who answers it. */
class HttpDoor {
  readonly sessions: HttpSessions;
  readonly #modern: ReturnType<typeof createMcpHandler>;
  readonly #handle: ReturnType<typeof toNodeHandler>;
  readonly #maxBodyBytes: number;
  readonly #onError: (error: Error) => void;
  readonly #stopChanges: (() => void) | undefined;
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: ServerParts, { timers, newId, maxSessions, idleTimeoutMs, ...options }: HttpServerOptions) {
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_BODY_BYTES;
    this.#onError = options.onError ?? (() => {});
    this.#modern = createMcpHandler(({ era }) => createMcpServer(parts, { era, notifies: false }), {
      legacy: 'reject',
      onerror: this.#onError,
      maxSubscriptions: MOST_STREAMS,
      maxRequestBodySize: this.#maxBodyBytes,
    });
    this.sessions = new HttpSessions(parts, {
      timers,
      newId,
      ...(maxSessions === undefined ? {} : { maxSessions }),
      ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
      maxBodyBytes: this.#maxBodyBytes,
      onError: this.#onError,
    });
    this.#handle = toNodeHandler(
      { fetch: async (request, { parsedBody } = {}) => await this.#route(request, parsedBody) },
      { onerror: this.#onError, maxRequestBodySize: this.#maxBodyBytes },
    );
    const { notify } = this.#modern;
    this.#stopChanges = parts.changes?.subscribe((change) => {
      if (change.kind === 'resources_list_changed') notify.resourcesChanged();
      else notify.resourceUpdated(change.uri);
    });
  }

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answering = this.#answer(request, response).catch((error: unknown) => {
      this.#onError(error instanceof Error ? error : new Error(messageOf(error)));
      if (response.headersSent) response.destroy();
      else refuse(response, 500, -32_603, 'internal error; the log of the server has more');
    });
    // A stream that a GET opened waits for news and never ends by itself.
    if (request.method === 'POST') this.#underWay.add(answering);
    await answering;
    this.#underWay.delete(answering);
  }

  /** Resolves when nothing is being answered any more; streams that wait for news are no answers. */
  async answered(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async close(): Promise<void> {
    this.#stopChanges?.();
    await this.sessions.close();
    await this.#modern.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      await this.#handle(named(request), flushing(response));
      return;
    }
    if (!isJsonContentType(request.headers['content-type'])) {
      refuse(response, 415, -32_000, 'the Content-Type of a POST is application/json');
      return;
    }
    const body = await readBody(request, this.#maxBodyBytes);
    if (body === undefined) {
      refuse(response, 413, -32_000, `a body of more than ${this.#maxBodyBytes} bytes is not taken`);
      return;
    }
    let parsedBody: unknown;
    try {
      parsedBody = JSON.parse(body);
    } catch {
      refuse(response, 400, -32_700, 'the body is no JSON');
      return;
    }
    await this.#handle(named(request), flushing(response), parsedBody);
  }

  async #route(request: Request, parsedBody: unknown): Promise<Response> {
    if (await isLegacyRequest(request, parsedBody)) return await this.sessions.fetch(request, parsedBody);
    const response = await this.#modern.fetch(request, { parsedBody });
    // Of the newer era only news go on without end; to cut the answer to a call would cancel it.
    if (response.body === null || !isListening(parsedBody)) return response;
    return new Response(
      watchedStream(response.body, request.signal, () => {}),
      response,
    );
  }
}

function isListening(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'method' in body && body.method === 'subscriptions/listen';
}

// undefined: too long. The rest is let pass by unkept, so that the client reads the answer before the line is cut.
async function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  return await new Promise((resolve, reject) => {
    const tooLong = (): void => {
      chunks.length = 0;
      resolve(undefined);
    };
    if (Number(request.headers['content-length'] ?? 0) > limit) tooLong();
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else tooLong();
      if (length > MOST_PASSED_BYTES) request.destroy();
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the client left before its request was complete')));
  });
}

// Node's own type leaves open what a server's request always has.
function named(request: IncomingMessage): IncomingMessage & { method: string; url: string } {
  return Object.assign(request, { method: request.method ?? 'GET', url: request.url ?? '/' });
}

// A stream without news yet must show its head all the same, or its client takes it for a server that does not answer.
function flushing(response: ServerResponse): NodeServerResponseLike {
  return {
    writeHead: (status, headers) => {
      response.writeHead(status, headers);
      if (headers?.['content-type']?.startsWith('text/event-stream') === true) response.flushHeaders();
    },
    write: (chunk) => response.write(chunk),
    end: (chunk) => response.end(chunk),
    on: (event, listener) => response.on(event, listener),
    get destroyed() {
      return response.destroyed;
    },
  };
}

function refuse(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null });
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

function listen(server: Server, { host, port, onError }: HttpServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    // Later ones (no descriptor left, say) cost a connection and not the server.
    server.on('error', (cause) => {
      onError?.(cause);
      const message = `cannot listen on ${host}:${port}: ${cause.message}; choose another port or address`;
      reject(new RuntimeError('MCP_LISTEN_FAILED', message, { cause, details: { host, port } }));
    });
    server.listen(port, host, () => {
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function stopServer(server: Server, door: HttpDoor, timers: TimerService & Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = timers.schedule(timers.now() + LAST_ANSWERS_MS, resolve);
  await Promise.race([door.answered(), late]);
  timers.cancel(timer);
  await door.close();
  server.closeAllConnections();
  await closed;
}

function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
