// Owns writing a file that a flag names: whole or not at all. Whoever reads it while it is written sees the old one.

import { randomBytes } from 'node:crypto';
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { RuntimeError } from '../domain/runtime-error.ts';

/** Writes the file in place of what is there. @throws RuntimeError FILE_UNWRITABLE */
export function writeOutputFile(path: string, content: string): void {
  const target = targetOf(path);
  try {
    // A pipe or a device cannot be replaced, and must not be.
    if (target.kind === 'other') {
      writeFileSync(target.path, content);
      return;
    }
    const draft = `${target.path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    try {
      writeFileSync(draft, content, { flag: 'wx' });
      renameSync(draft, target.path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  } catch (error) {
    throw unwritable(path, error);
  }
}

// A link stays a link: what it leads to is replaced.
function targetOf(path: string): { readonly kind: 'file' | 'other'; readonly path: string } {
  const full = resolve(path);
  try {
    const real = realpathSync(full);
    return { kind: statSync(real).isFile() ? 'file' : 'other', path: real };
  } catch {
    return { kind: 'file', path: full };
  }
}

function unwritable(path: string, cause: unknown): RuntimeError {
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: `the folder ${dirname(resolve(path))} does not exist; make it, or name another`,
    ENOTDIR: 'its path leads through something that is no folder; name another',
    EISDIR: 'it is a folder; name a file in it',
    EACCES: 'there is no permission to; name another place',
    EPERM: 'there is no permission to; name another place',
    EROFS: 'that place can only be read; name another',
    ENOSPC: 'the disk is full',
  };
  const reason = typeof code === 'string' ? (reasons[code] ?? code) : String(cause);
  return new RuntimeError('FILE_UNWRITABLE', `${path} cannot be written: ${reason}`, { cause, details: {} });
}
