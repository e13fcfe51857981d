// Owns reading the version of this package, from a checkout and from a built package alike.

import { readFileSync } from 'node:fs';

/** As package.json has it. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}
