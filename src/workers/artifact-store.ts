// Owns files kept by content hash beside the journal. A file appears whole or not at all, under the hash of its bytes;
// the same bytes written twice are one file. It never deletes.

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { ArtifactReference } from '../domain/task-context.ts';

export class ArtifactStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Writes bytes and gives their reference; when it resolves they are on disk.
   * @throws RuntimeError PARAMETER_INVALID for a name or content of a wrong kind.
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
    if (await hasSize(path, bytes.byteLength)) return reference;
    await mkdir(this.#dir, { recursive: true });
    await this.#writeAtomically(path, bytes);
    return reference;
  }

  async #writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(bytes);
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
  }
}

async function hasSize(path: string, sizeBytes: number): Promise<boolean> {
  try {
    const found = await stat(path);
    return found.isFile() && found.size === sizeBytes;
  } catch {
    return false;
  }
}
