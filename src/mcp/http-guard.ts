// Owns who may speak to the HTTP server at all: the names it may be called by (against DNS rebinding), the web pages that
// may call it, the token, and the path. It decides before a byte of a body is read, and what it says gives nothing away.

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { RuntimeError } from '../domain/runtime-error.ts';
import { bearerOf, LOOPBACK_NAMES, originOf, SecretDigest, SHORTEST_TOKEN } from '../engine/local-callers.ts';

/** Where the protocol is spoken. */
export const MCP_PATH = '/mcp';
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE']);
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/** Why a request goes no further. */
export interface HttpRefusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpGuardOptions {
  /** The address the server listens on. */
  readonly host: string;
  /** Names besides, as clients and web pages may use them: of a proxy in front, say. */
  readonly allowedHosts?: readonly string[];
  readonly token?: string;
}

/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

export class HttpGuard {
  readonly #names: ReadonlySet<string>;
  readonly #token: SecretDigest | undefined;

  /** @throws RuntimeError MCP_TOKEN_REQUIRED for an address that others can reach, or for a token that is too short */
  constructor({ host, allowedHosts = [], token }: HttpGuardOptions) {
    if (token === undefined && !isLoopback(host)) {
      throw new RuntimeError(
        'MCP_TOKEN_REQUIRED',
        `on ${host || 'all addresses'} other machines can reach the server, and it runs workflows: give it a token with --token-file or YARDMASTER_MCP_TOKEN, or listen on 127.0.0.1`,
        { details: { host } },
      );
    }
    if (token !== undefined && token.length < SHORTEST_TOKEN) {
      throw new RuntimeError(
        'MCP_TOKEN_REQUIRED',
        `the token has ${token.length} characters; take one of at least ${SHORTEST_TOKEN} that nobody can guess`,
      );
    }
    this.#names = new Set([...LOOPBACK_NAMES, ...namesOf(host), ...allowedHosts].map((name) => bracketed(name)));
    this.#token = token === undefined ? undefined : new SecretDigest(token);
  }

  /** Why a request is refused; undefined when it may go on. */
  refusalOf({ headers, method = '', url = '' }: IncomingMessage): HttpRefusal | undefined {
    if (!this.#names.has(originOf(`http://${headers.host ?? ''}`)?.hostname ?? '')) {
      return { status: 403, message: 'the Host header names no host that this server answers to' };
    }
    const { origin } = headers;
    if (origin !== undefined && !this.#names.has(originOf(origin)?.hostname ?? '')) {
      return { status: 403, message: 'pages of this Origin may not call this server' };
    }
    if (url.split('?', 1)[0] !== MCP_PATH) return { status: 404, message: `there is only ${MCP_PATH} here` };
    if (!METHODS.has(method)) {
      return {
        status: 405,
        message: 'only GET, POST and DELETE are understood',
        headers: { Allow: 'GET, POST, DELETE' },
      };
    }
    return this.#tokenRefusal(headers.authorization);
  }

  #tokenRefusal(authorization: string | undefined): HttpRefusal | undefined {
    if (this.#token === undefined) return undefined;
    const given = bearerOf(authorization);
    if (given !== undefined && this.#token.matches(given)) return undefined;
    const [error, message] =
      given === undefined
        ? ['', 'a bearer token is needed: Authorization: Bearer …']
        : [', error="invalid_token"', 'the bearer token is not the one of this server'];
    return { status: 401, message, headers: { 'WWW-Authenticate': `Bearer realm="yardmaster"${error}` } };
  }
}

// On a wildcard address it is called by whatever address or name the machine has. No web page can take those over.
function namesOf(host: string): string[] {
  if (!WILDCARDS.has(host)) return [host];
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return [hostname(), ...addresses.map(({ address }) => address)];
}

function bracketed(name: string): string {
  const bare = name.replace(/^\[|\]$/g, '').toLowerCase();
  return isIP(bare) === 6 ? (originOf(`http://[${bare}]`)?.hostname ?? bare) : bare;
}
