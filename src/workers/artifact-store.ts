// Owns files kept by content hash beside the journal. A file appears whole or not at all, under the hash of its bytes;
// the same bytes written twice are one file. It is always looked for by its hash in the store's own folder, since data
// folders are moved. Bytes that do not have the hash are never handed out, nor taken for an artifact that is there
// already. It never deletes what another writer made; that is the shelf's part (src/engine/artifact-shelf.ts).

import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import type { ArtifactReference } from '../domain/task-context.ts';

/** The form of a hash, and so of the names of files that hold artifacts. */
export const ARTIFACT_HASH: RegExp = /^sha256-[0-9a-f]{64}$/;
const TEMPORARY = /^sha256-[0-9a-f]{64}\.(\d+)\.[0-9a-f-]{36}\.tmp$/;
/** Bytes that are read at a time. */
const CHUNK_BYTES = 1024 * 1024;

/** A name beside the artifact's own for a file that is none yet, or none any more; it says which process made it. */
export function temporaryPath(path: string): string {
  return `${path}.${process.pid}.${randomUUID()}.tmp`;
}

/** The id of the process that made a temporary file; undefined for any other name. */
export function temporaryOwner(fileName: string): number | undefined {
  const owner = TEMPORARY.exec(fileName)?.[1];
  return owner === undefined ? undefined : Number(owner);
}

export class ArtifactStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Writes bytes and gives their reference; when it resolves they are on disk.
   * The bytes must not be changed before that.
   * @throws RuntimeError PARAMETER_INVALID for a name or content of a wrong kind, ARTIFACT_WRITE_FAILED
   */
  async write(name: string, content: Uint8Array | string): Promise<ArtifactReference> {
    if (typeof name !== 'string' || name === '') {
      throw new RuntimeError('PARAMETER_INVALID', 'an artifact needs a name: context.artifact(name, bytes)');
    }
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) {
      throw new RuntimeError('PARAMETER_INVALID', `artifact '${name}': the bytes must be a Uint8Array or a string`);
    }
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    const hash = `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
    const path = join(this.#dir, hash);
    const reference: ArtifactReference = { artifact: name, hash, sizeBytes: bytes.byteLength, path };
    if (await renewed(path, bytes)) return reference;
    try {
      await this.#writeAtomically(path, bytes);
    } catch (cause) {
      // Where an open file cannot be replaced, whoever was quicker with the same bytes has done the work.
      if (await renewed(path, bytes)) return reference;
      throw writeFault(reference, cause);
    }
    return reference;
  }

  /**
   * The bytes of an artifact, checked against its hash.
   * @throws RuntimeError PARAMETER_INVALID for what is no reference, ARTIFACT_MISSING, ARTIFACT_CORRUPT
   */
  async read(reference: ArtifactReference): Promise<Uint8Array> {
    const { hash, sizeBytes } = checkReference(reference);
    const path = join(this.#dir, hash);
    try {
      const file = await open(path, 'r');
      try {
        const found = (await file.stat()).size;
        if (found !== sizeBytes) throw corruptFault(reference, path, `${found} bytes instead of ${sizeBytes}`);
        const { bytes, digest } = await readWhole(file, sizeBytes);
        if (digest !== hash) throw corruptFault(reference, path, `bytes with the hash ${digest}`);
        return bytes;
      } finally {
        await file.close();
      }
    } catch (error) {
      throw error instanceof RuntimeError ? error : missingFault(reference, path, error);
    }
  }

  async #writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
    const created = await mkdir(this.#dir, { recursive: true });
    const temporary = temporaryPath(path);
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(bytes);
        await renew(file);
        // A durable result must not refer to bytes that a power loss can take.
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(this.#dir);
    if (created !== undefined) await syncFolder(dirname(created));
  }
}

/**
 * Whether a file holds these bytes already. If so, it counts as written just now: whoever collects unused files goes by
 * its time and leaves alone what an attempt under way may refer to.
 */
async function renewed(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    const file = await open(path, 'r');
    try {
      if (!(await holds(file, bytes))) return false;
      await renew(file);
      // It may have been collected meanwhile; from here on the collector sees the new time.
      return await isAt(path, file);
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}

// By the clock that attempts are timed with: the file system's own may lag some milliseconds behind.
async function renew(file: FileHandle): Promise<void> {
  const now = new Date();
  await file.utimes(now, now);
}

// Comparing is cheaper than hashing, and the bytes are at hand.
async function holds(file: FileHandle, bytes: Uint8Array): Promise<boolean> {
  const found = await file.stat();
  if (!found.isFile() || found.size !== bytes.byteLength) return false;
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, bytes.byteLength));
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, at);
    if (bytesRead === 0 || !chunk.subarray(0, bytesRead).equals(bytes.subarray(at, at + bytesRead))) return false;
    at += bytesRead;
  }
  return true;
}

async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const there = await open(path, 'r');
  try {
    const [a, b] = await Promise.all([there.stat(), file.stat()]);
    return a.ino === b.ino && a.dev === b.dev;
  } finally {
    await there.close();
  }
}

async function readWhole(file: FileHandle, sizeBytes: number): Promise<{ bytes: Uint8Array; digest: string }> {
  // A buffer of its own, so that a body may transfer it.
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  const hash = createHash('sha256');
  let at = 0;
  while (at < sizeBytes) {
    const { bytesRead } = await file.read(bytes, at, Math.min(CHUNK_BYTES, sizeBytes - at), at);
    if (bytesRead === 0) break;
    hash.update(bytes.subarray(at, at + bytesRead));
    at += bytesRead;
  }
  return { bytes, digest: `sha256-${hash.digest('hex')}` };
}

// The new name is safe once its folder is. Where folders cannot be opened, the file system sees to it itself.
async function syncFolder(dir: string): Promise<void> {
  let folder: FileHandle;
  try {
    folder = await open(dir, 'r');
  } catch {
    return;
  }
  try {
    await folder.sync();
  } catch (error) {
    if (!UNSYNCABLE.has(codeOf(error))) throw error;
  } finally {
    await folder.close();
  }
}

const UNSYNCABLE: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EPERM', 'EISDIR', 'EBADF']);

/** References come back through results and parameters, where anything may have happened to them. */
function checkReference(reference: unknown): Pick<ArtifactReference, 'hash' | 'sizeBytes'> {
  const { hash, sizeBytes } = (typeof reference === 'object' && reference !== null ? reference : {}) as {
    readonly hash?: unknown;
    readonly sizeBytes?: unknown;
  };
  if (typeof hash === 'string' && ARTIFACT_HASH.test(hash) && Number.isSafeInteger(sizeBytes)) {
    const size = Number(sizeBytes);
    if (size >= 0) return { hash, sizeBytes: size };
  }
  throw new RuntimeError(
    'PARAMETER_INVALID',
    'what was given is no reference to an artifact: pass on what context.artifact() gave, with its hash and sizeBytes',
  );
}

function missingFault(reference: ArtifactReference, path: string, cause: unknown): RuntimeError {
  const { artifact, hash, sizeBytes } = reference;
  const why = codeOf(cause) === 'ENOENT' ? 'is not there' : `cannot be read (${codeOf(cause)})`;
  return new RuntimeError(
    'ARTIFACT_MISSING',
    `artifact '${artifact}' (${hash}) ${why}: ${path}; ` +
      'bring the file back from a copy of the data folder, or rerun the run from the step that wrote it',
    { details: { artifact, hash, sizeBytes, path }, cause },
  );
}

function corruptFault(reference: ArtifactReference, path: string, found: string): RuntimeError {
  const { artifact, hash, sizeBytes } = reference;
  return new RuntimeError(
    'ARTIFACT_CORRUPT',
    `artifact '${artifact}' (${hash}) is damaged: ${path} holds ${found}; ` +
      'rerun the run from the step that wrote it, which replaces the file, and check the disk',
    { details: { artifact, hash, sizeBytes, path } },
  );
}

function writeFault(reference: ArtifactReference, cause: unknown): RuntimeError {
  const { artifact, hash, sizeBytes, path } = reference;
  return new RuntimeError(
    'ARTIFACT_WRITE_FAILED',
    `artifact '${artifact}' of ${sizeBytes} bytes cannot be written: ${messageOf(cause)}; make room or correct the data folder`,
    { details: { artifact, hash, sizeBytes, path, reason: codeOf(cause) }, cause },
  );
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : 'unknown';
}
