// Owns writing a result file so that a reader sees the old one or the new one, never half of one.
// Must never leave its temporary file behind.

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';

const FLUSH_CHARACTERS = 1 << 20;

/** Writes text pieces to `path` through a temporary file beside it; makes the folder. Returns the bytes written. */
export function writeFileAtomically(path: string, pieces: Iterable<string>): number {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${threadId}.tmp`);
  let written = 0;
  try {
    const descriptor = openSync(temporary, 'w');
    try {
      for (const text of inLargePieces(pieces)) written += writeFully(descriptor, Buffer.from(text, 'utf8'));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return written;
}

function writeFully(descriptor: number, bytes: Buffer): number {
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset);
  return bytes.length;
}

function* inLargePieces(pieces: Iterable<string>): Iterable<string> {
  let pending = '';
  for (const piece of pieces) {
    pending += piece;
    if (pending.length < FLUSH_CHARACTERS) continue;
    yield pending;
    pending = '';
  }
  if (pending !== '') yield pending;
}
