// Owns the text of a chunk: a line a fact, its sequence, a space, its JSON. Whatever comes back is checked: the sum of the
// bytes, the numbers, and each fact against the schema of its type and version.

import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { RuntimeError } from '../../domain/runtime-error.ts';
import { parseFact } from '../fact-schemas.ts';
import type { NumberedFact } from '../journal.ts';
import { corruptFault } from './sqlite-faults.ts';

export const storedChunk = z.object({
  first: z.number(),
  last: z.number(),
  crc: z.number(),
  body: z.string(),
});
export type StoredChunk = z.infer<typeof storedChunk>;

/** The line of a fact. */
export function lineOf(sequence: number, json: string): string {
  return `${sequence} ${json}\n`;
}

/**
 * The facts of a chunk up to a sequence, oldest first.
 * @throws RuntimeError JOURNAL_CORRUPT, JOURNAL_NEWER
 */
export function factsOf({ first, last, crc, body }: StoredChunk, upTo: number, file: string): NumberedFact[] {
  if (crc32(body) !== crc) throw corruptFault(file, `the facts ${first} to ${last} do not match their checksum`);
  const facts: NumberedFact[] = [];
  let before = first - 1;
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(' ', at);
    const end = body.indexOf('\n', space);
    const sequence = Number(body.slice(at, space));
    if (!(space > at && end > space && sequence > before && sequence <= last)) {
      throw corruptFault(file, `the facts ${first} to ${last} are not numbered as they should be`);
    }
    if (sequence > upTo) break;
    facts.push({ sequence, fact: factOf(sequence, body.slice(space + 1, end), file) });
    before = sequence;
    at = end + 1;
  }
  return facts;
}

function factOf(sequence: number, json: string, file: string): NumberedFact['fact'] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw corruptFault(file, `fact ${sequence} is not JSON`, error);
  }
  const parsed = parseFact(value);
  if (parsed.kind === 'fact') return parsed.fact;
  if (parsed.kind === 'invalid') throw corruptFault(file, `fact ${sequence} is not valid: ${parsed.fault}`);
  const { type, version } = parsed;
  throw new RuntimeError(
    'JOURNAL_NEWER',
    `fact ${sequence} of journal ${file} is '${type}' of version ${version}, which this Yardmaster does not know: ` +
      'use the Yardmaster that wrote it, or a newer one',
    { details: { file, sequence, type, version } },
  );
}
