// Owns what is said of an engine where there is none: the same pages with nothing on them, and why.

import type { SystemDocument, TreeDocument } from './wire.ts';

/** `why`: for people, with what to do. */
export function absentSystem(why: string): SystemDocument {
  return { health: null, uptimeMs: null, resources: [], threads: [], samples: [], sampleEveryMs: 500, absent: why };
}

/** `why`: as above. */
export function absentTree(why: string): TreeDocument {
  return { root: null, strategy: null, crashes: [], absent: why };
}
