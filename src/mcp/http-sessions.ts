// Owns the sessions of clients of the older era: one server and transport each, found by an id that cannot be guessed. Their
// number is bounded: the one that was idle for longest makes room, and who is idle for too long is forgotten.
// The end of a session ends no run.

import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { createMcpServer, type ServerParts } from './mcp-server.ts';
import { RecentEvents } from './recent-events.ts';
import { watchedStream } from './watched-stream.ts';

/** Sessions at once; of idle ones the oldest makes room for a new one. */
export const MOST_SESSIONS = 64;
/** Without a request and without an open stream. */
const IDLE_TIMEOUT_MS = 30 * 60_000;
const SWEEP_INTERVAL_MS = 60_000;
/** When a client whose stream broke should come again. */
const RETRY_MS = 1_000;

export interface HttpSessionsOptions {
  readonly timers: TimerService & Clock;
  readonly newId: () => string;
  readonly maxSessions?: number;
  readonly idleTimeoutMs?: number;
  readonly maxBodyBytes: number;
  readonly onError: (error: Error) => void;
}

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly close: () => Promise<void>;
  lastUsedMs: number;
  /** Requests and streams that are open. */
  open: number;
}

export class HttpSessions {
  readonly #parts: ServerParts;
  readonly #options: HttpSessionsOptions;
  readonly #sessions = new Map<string, Session>();
  /** Being initialized: they have no id yet and take room all the same. */
  #beginning = 0;
  #sweep: TimerHandle | undefined;
  #isClosed = false;

  constructor(parts: ServerParts, options: HttpSessionsOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Answers a request of the older era; `parsedBody` is the body of a POST. */
  async fetch(request: Request, parsedBody: unknown): Promise<Response> {
    const id = request.headers.get('mcp-session-id');
    if (id !== null) {
      const session = this.#sessions.get(id);
      if (session === undefined) return refusal(404, -32_001, 'no such session; initialize a new one');
      return await this.#serve(session, request, parsedBody);
    }
    if (request.method !== 'POST' || !isInitialize(parsedBody)) {
      return refusal(400, -32_000, 'no session: send initialize first, then its Mcp-Session-Id with each request');
    }
    if (!this.#makeRoom()) {
      return refusal(503, -32_000, 'all sessions are busy; try again in a moment', { 'Retry-After': '5' });
    }
    this.#beginning++;
    try {
      const session = await this.#create();
      const response = await this.#serve(session, request, parsedBody);
      // What was no proper initialize has made no session.
      if (session.transport.sessionId === undefined) await session.close();
      return response;
    } finally {
      this.#beginning--;
    }
  }

  /** Ends all sessions and takes no new ones. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#sweep !== undefined) this.#options.timers.cancel(this.#sweep);
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
    this.#sessions.clear();
  }

  async #create(): Promise<Session> {
    const { timers, newId, maxBodyBytes, onError } = this.#options;
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: newId,
      maxRequestBodySize: maxBodyBytes,
      eventStore: new RecentEvents(),
      retryInterval: RETRY_MS,
      onsessioninitialized: (id) => {
        this.#sessions.set(id, session);
        this.#armSweep();
      },
    });
    const server = createMcpServer(this.#parts, { era: 'legacy', notifies: true });
    const session: Session = { transport, close: () => server.close(), lastUsedMs: timers.now(), open: 0 };
    server.server.onerror = onError;
    await server.connect(transport);
    const onProtocolClose = transport.onclose;
    transport.onclose = () => {
      if (transport.sessionId !== undefined) this.#sessions.delete(transport.sessionId);
      onProtocolClose?.();
    };
    return session;
  }

  async #serve(session: Session, request: Request, parsedBody: unknown): Promise<Response> {
    session.open++;
    session.lastUsedMs = this.#options.timers.now();
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      session.open--;
      session.lastUsedMs = this.#options.timers.now();
    };
    try {
      const response = await session.transport.handleRequest(request, { parsedBody });
      if (response.body === null) over();
      return response.body === null
        ? response
        : new Response(watchedStream(response.body, request.signal, over), response);
    } catch (error) {
      over();
      throw error;
    }
  }

  #makeRoom(): boolean {
    this.#forgetIdle();
    const { maxSessions = MOST_SESSIONS } = this.#options;
    if (this.#sessions.size + this.#beginning < maxSessions) return true;
    const idle = [...this.#sessions.values()].filter((session) => session.open === 0);
    const oldest = idle.reduce<Session | undefined>(
      (found, session) => (found === undefined || session.lastUsedMs < found.lastUsedMs ? session : found),
      undefined,
    );
    if (oldest === undefined) return false;
    this.#end(oldest);
    return true;
  }

  #forgetIdle(): void {
    const { timers, idleTimeoutMs = IDLE_TIMEOUT_MS } = this.#options;
    const oldestMs = timers.now() - idleTimeoutMs;
    for (const session of this.#sessions.values()) {
      if (session.open === 0 && session.lastUsedMs < oldestMs) this.#end(session);
    }
  }

  #end(session: Session): void {
    const { sessionId } = session.transport;
    if (sessionId !== undefined) this.#sessions.delete(sessionId);
    void session.close().catch(this.#options.onError);
  }

  #armSweep(): void {
    if (this.#sweep !== undefined || this.#isClosed) return;
    const { timers } = this.#options;
    this.#sweep = timers.schedule(timers.now() + SWEEP_INTERVAL_MS, () => {
      this.#sweep = undefined;
      this.#forgetIdle();
      if (this.#sessions.size > 0) this.#armSweep();
    });
  }
}

/** A refusal in the protocol's own form. */
function refusal(status: number, code: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status, headers });
}

function isInitialize(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'method' in body && body.method === 'initialize';
}
