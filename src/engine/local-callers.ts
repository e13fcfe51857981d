// Owns what every server on this machine needs to know who calls it: the names it may be called by (against DNS
// rebinding), and secrets, made so that nobody can guess them and kept as digests alone. It says nothing to anybody.

import { createHash, timingSafeEqual } from 'node:crypto';
import { nanoid } from 'nanoid';

/** The names by which a machine calls itself. */
export const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
/** A token that is shorter can be guessed. */
export const SHORTEST_TOKEN = 16;
const SECRET_LENGTH = 32;

/** A new secret that nobody can guess, of letters, digits, `-` and `_`. */
export function newSecret(): string {
  return nanoid(SECRET_LENGTH);
}

/** The parsed origin of a web page; undefined with a user, password or path, or where it is none of HTTP. */
export function originOf(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { username, password, pathname, search, hash, protocol } = url;
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  return username + password + search + hash === '' && pathname === '/' ? url : undefined;
}

/** The token of an `Authorization: Bearer …`; undefined where there is none. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
}

/** A secret, kept as its digest. */
export class SecretDigest {
  readonly #digest: Buffer;

  constructor(secret: string) {
    this.#digest = digestOf(secret);
  }

  /** Digests have one length, so that comparing takes one time. */
  matches(given: string): boolean {
    return timingSafeEqual(digestOf(given), this.#digest);
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
