// Owns who may speak to the dashboard: by which name and from which page (against DNS rebinding and other pages of this
// machine), with which methods, and with the token of this start. The address with the token signs a browser in; from
// then on a cookie stands for it, so that the token stays out of addresses, histories and scripts.
// It decides before a byte of a body is read, and what it says gives nothing away.

import type { IncomingMessage } from 'node:http';
import { RuntimeError } from '../domain/runtime-error.ts';
import { bearerOf, LOOPBACK_NAMES, originOf, SecretDigest, SHORTEST_TOKEN } from '../engine/local-callers.ts';

/** Asked by watchdogs, which have no token: it says that the server is there, and nothing else. */
export const HEALTH_PATH = '/healthz';
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);
/** What browsers say of where a request comes from: this very page, or the user's own hand. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);
const NAMES: ReadonlySet<string> = new Set(LOOPBACK_NAMES);
const HTTP_PORT = '80';

/** Why a request goes no further. */
export interface Refusal {
  readonly kind: 'refused';
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What becomes of a request. `signed-in`: the browser is sent to the page, with this cookie. */
export type Verdict = { readonly kind: 'passed' } | { readonly kind: 'signed-in'; readonly cookie: string } | Refusal;

export interface DashboardGuardOptions {
  readonly port: number;
  /** What the address and `Authorization: Bearer` carry. */
  readonly token: string;
  /** What the cookie carries: nobody who sees it learns the token. */
  readonly session: string;
}

const PASSED: Verdict = { kind: 'passed' };

export class DashboardGuard {
  readonly #port: string;
  readonly #token: SecretDigest;
  readonly #session: string;
  readonly #sessionDigest: SecretDigest;
  readonly #cookieName: string;

  /** @throws RuntimeError DASHBOARD_TOKEN_INVALID */
  constructor({ port, token, session }: DashboardGuardOptions) {
    requireToken(token);
    this.#port = String(port);
    this.#token = new SecretDigest(token);
    this.#session = session;
    this.#sessionDigest = new SecretDigest(session);
    // Cookies know no ports: two dashboards on one machine must not take each other's away.
    this.#cookieName = `yardmaster-${port}`;
  }

  verdictOn(request: IncomingMessage): Verdict {
    const { url = '', method = '', headers } = request;
    if (!url.startsWith('/')) return refused(400, 'the address is no path of this server');
    const refusal = this.#callerRefusal(request);
    if (refusal !== undefined) return refusal;
    if (!METHODS.has(method)) {
      return refused(405, 'only GET, HEAD and POST are understood', { Allow: [...METHODS].join(', ') });
    }
    const [path, query] = splitAtQuery(url);
    if (path === HEALTH_PATH) return PASSED;
    if (path === '/' && method === 'GET' && query.has('token')) return this.#signIn(query.getAll('token'));
    return this.#tokenRefusal(request) ?? (method === 'POST' ? postRefusal(headers) : undefined) ?? PASSED;
  }

  #callerRefusal({ headers }: IncomingMessage): Refusal | undefined {
    if (!this.#isOurs(originOf(`http://${headers.host ?? ''}`))) {
      return refused(403, 'the Host header names no host that this server answers to');
    }
    const { origin } = headers;
    if (origin !== undefined && (!origin.startsWith('http:') || !this.#isOurs(originOf(origin)))) {
      return refused(403, 'pages of this Origin may not call this server');
    }
    const site = headers['sec-fetch-site'];
    if (site !== undefined && !(typeof site === 'string' && OWN_SITES.has(site))) {
      return refused(403, 'other pages may not call this server; open its address in a tab of its own');
    }
    return undefined;
  }

  #isOurs(url: URL | undefined): boolean {
    return url !== undefined && NAMES.has(url.hostname) && (url.port === '' ? HTTP_PORT : url.port) === this.#port;
  }

  #signIn(tokens: readonly string[]): Verdict {
    const [token = ''] = tokens;
    if (tokens.length !== 1 || !this.#token.matches(token))
      return unauthorized('the token is not the one of this start');
    const cookie = `${this.#cookieName}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`;
    return { kind: 'signed-in', cookie };
  }

  #tokenRefusal({ headers, method }: IncomingMessage): Refusal | undefined {
    const bearer = bearerOf(headers.authorization);
    if (bearer !== undefined && this.#token.matches(bearer)) return undefined;
    if (!this.#hasSession(headers.cookie)) {
      return unauthorized('open the address that the dashboard printed when it started; it carries the token');
    }
    // A cookie goes along by itself: what changes something must say besides that our own page sent it.
    if (method === 'POST' && headers.origin === undefined) return refused(403, 'a POST names the Origin of its page');
    return undefined;
  }

  #hasSession(cookies: string | undefined): boolean {
    return (cookies ?? '').split(';').some((pair) => {
      const mark = pair.indexOf('=');
      return (
        pair.slice(0, mark).trim() === this.#cookieName && this.#sessionDigest.matches(pair.slice(mark + 1).trim())
      );
    });
  }
}

/** @throws RuntimeError DASHBOARD_TOKEN_INVALID */
export function requireToken(token: string): void {
  if (token.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return;
  throw new RuntimeError(
    'DASHBOARD_TOKEN_INVALID',
    `a token of the dashboard has at least ${SHORTEST_TOKEN} characters, none of them a space, and this one has ${token.length}; take one that nobody can guess, or none: a new one is made at each start then`,
  );
}

function postRefusal(headers: IncomingMessage['headers']): Refusal | undefined {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return type === 'application/json' ? undefined : refused(415, 'the Content-Type of a POST is application/json');
}

function splitAtQuery(url: string): [string, URLSearchParams] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, new URLSearchParams()] : [url.slice(0, mark), new URLSearchParams(url.slice(mark))];
}

function unauthorized(message: string): Refusal {
  return refused(401, message, { 'WWW-Authenticate': 'Bearer realm="yardmaster"' });
}

function refused(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Refusal {
  return { kind: 'refused', status, message, headers };
}
