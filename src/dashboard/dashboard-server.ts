// Owns the dashboard as a whole: a source, the page, a socket on this machine, and the way of a request past the guard;
// and the same over the engine of this process. The engine stays its owner's: closing lets go of it and ends nothing.
// Every answer carries what keeps browsers safe. What is asked and answered behind the guard is dashboard-routes.ts'.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Clock, TimerService } from '../domain/clock.ts';
import { newSecret } from '../engine/local-callers.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { SystemTimers } from '../engine/system-timers.ts';
import { collectMetrics } from '../inspect/prometheus-metrics.ts';
import { DashboardGuard, type Refusal, requireToken } from './dashboard-guard.ts';
import { dashboardRoutes } from './dashboard-routes.ts';
import type { DashboardSource } from './dashboard-source.ts';
import { HOST, listenLocally } from './listening-socket.ts';
import { LiveSource } from './live-source.ts';
import { builtPageFolder, PageFiles } from './page-files.ts';
import { OpenStreams } from './stream-route.ts';

const STOPPED = 'The dashboard was stopped.';
const ENGINE_GONE = 'The engine has gone: the program that it was part of has ended.';

const LEAVING: Refusal = {
  kind: 'refused',
  status: 503,
  message: 'the dashboard is on its way out',
  headers: { Connection: 'close' },
};

/** Of every answer: nothing from elsewhere is loaded, nobody frames it, no type is guessed. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export interface DashboardServerOptions {
  /** 0: any free one. Default 7331, or the next free one of 20. */
  readonly port?: number | undefined;
  /** At least 16 characters that nobody can guess; default: a new one. */
  readonly token?: string | undefined;
  readonly timers: TimerService & Clock;
  /** Makes what nobody can guess, for addresses and cookies. */
  readonly newToken: () => string;
  /** The text of `/metrics`. */
  readonly metrics?: (() => Promise<string>) | undefined;
  /** Told of faults that the client is told nothing of. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Default: where `npm run build` puts the page. */
  readonly pageFolder?: string | undefined;
  readonly headersTimeoutMs?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
}

export interface RunningDashboard {
  /** With the token: whoever opens it is in. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Pages that listen at the moment. */
  readonly connections: number;
  /** Tells the pages why, lets answers end for a moment, then ends every connection. Harmless when repeated. */
  close(message?: string): Promise<void>;
}

/**
 * Serves a dashboard on this machine until it is closed. The source is taken over: it is closed with the server, and at
 * once when there can be none.
 * @throws RuntimeError DASHBOARD_PAGE_MISSING, DASHBOARD_LISTEN_FAILED, DASHBOARD_TOKEN_INVALID
 */
export async function serveDashboard(
  source: DashboardSource,
  options: DashboardServerOptions,
): Promise<RunningDashboard> {
  try {
    return await serve(source, options);
  } catch (error) {
    await source.close();
    throw error;
  }
}

export interface OpenDashboardOptions
  extends Pick<DashboardServerOptions, 'port' | 'token' | 'onError' | 'pageFolder'> {
  /** Of the package, for people. */
  readonly version?: string | undefined;
  /** The data folder, for people. */
  readonly place?: string | undefined;
}

/**
 * Serves a dashboard over a live engine until it is closed; its pages say then that the engine has gone.
 * @throws RuntimeError DASHBOARD_PAGE_MISSING, DASHBOARD_LISTEN_FAILED, DASHBOARD_TOKEN_INVALID
 */
export async function openDashboard(
  engine: OrchestrationEngine,
  { version, place, ...options }: OpenDashboardOptions = {},
): Promise<RunningDashboard> {
  // What nobody waits for keeps no process alive.
  const timers = new SystemTimers({ unref: true });
  // Counting costs some of the smallest tasks' time: it begins at once where a program that asks can know the token, else
  // with the first who asks.
  let metrics = options.token === undefined ? undefined : collectMetrics(engine);
  const stopCounting = async (): Promise<void> => (await metrics)?.close();
  const source = new LiveSource(engine, {
    timers,
    ...(version === undefined ? {} : { version }),
    ...(place === undefined ? {} : { place }),
  });
  try {
    const server = await serveDashboard(source, {
      ...options,
      timers,
      newToken: newSecret,
      metrics: async () => {
        metrics ??= collectMetrics(engine);
        return await (await metrics).text();
      },
    });
    return {
      url: server.url,
      port: server.port,
      token: server.token,
      get connections() {
        return server.connections;
      },
      close: async (message = ENGINE_GONE) => {
        await server.close(message);
        await stopCounting();
      },
    };
  } catch (error) {
    await stopCounting();
    throw error;
  }
}

async function serve(source: DashboardSource, options: DashboardServerOptions): Promise<RunningDashboard> {
  const { timers, newToken, metrics, onError = () => {}, token = newToken() } = options;
  requireToken(token);
  const files = PageFiles.read(options.pageFolder ?? builtPageFolder());
  const streams = new OpenStreams(source, { timers, onError });
  const routes = dashboardRoutes({ source, files, streams, metrics, onError });
  const answer = getRequestListener(routes.fetch, {
    // The process is somebody else's: its Request and Response stay what they are.
    overrideGlobalObjects: false,
    errorHandler: () => Response.json(faultBody('the address is not one of this server'), { status: 400 }),
  });
  const socket = await listenLocally({ ...options, onError });
  const { port } = socket;
  const guard = new DashboardGuard({ port, token, session: newToken() });
  let closing: Promise<void> | undefined;
  socket.answer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    // A page that was told of the end tries again at once, on the connection that it still has: that is no way in.
    if (closing !== undefined) refuse(request, response, LEAVING);
    else if (admits(guard, request, response)) void answer(request, response);
  });
  const close = async (message: string): Promise<void> => {
    const closed = socket.close(timers);
    streams.end(message);
    await closed;
    await source.close();
  };
  return {
    url: `http://${HOST}:${port}/?token=${encodeURIComponent(token)}`,
    port,
    token,
    get connections() {
      return streams.size;
    },
    close: (message = STOPPED) => {
      closing ??= close(message);
      return closing;
    },
  };
}

/** Whether a request goes on; answered here if not. */
function admits(guard: DashboardGuard, request: IncomingMessage, response: ServerResponse): boolean {
  const verdict = guard.verdictOn(request);
  switch (verdict.kind) {
    case 'passed':
      return true;
    case 'signed-in':
      response.writeHead(303, { Location: '/', 'Set-Cookie': verdict.cookie, 'Cache-Control': 'no-store' }).end();
      return false;
    case 'refused':
      refuse(request, response, verdict);
      return false;
  }
}

// A browser that opens the address without its token shows what it is told; everything else parses it.
function refuse(request: IncomingMessage, response: ServerResponse, { status, message, headers }: Refusal): void {
  const isForPeople = request.method === 'GET' && /\btext\/html\b/.test(request.headers.accept ?? '');
  const text = isForPeople
    ? `<!doctype html><html lang="en"><meta charset="utf-8"><title>Yardmaster</title><h1>Not this way</h1><p>${message}.</p></html>\n`
    : JSON.stringify(faultBody(message));
  response.writeHead(status, {
    'Content-Type': isForPeople ? 'text/html; charset=utf-8' : 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(text);
}

function faultBody(message: string) {
  return { error: { code: 'DASHBOARD_REFUSED', message } };
}
