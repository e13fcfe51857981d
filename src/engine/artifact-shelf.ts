// Owns the folder of artifacts as the engine sees it: reading them, and collecting what no fact refers to any more.
// It must never take away what a running attempt may still name in its result: such a file was written, or met again and
// its time renewed, after that attempt began. So whoever collects says how old a file has to be (`writtenBeforeMs`).

import { type Dirent, rmSync, statSync } from 'node:fs';
import { opendir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactReference } from '../domain/task-context.ts';
import { ARTIFACT_HASH, ArtifactStore, temporaryOwner, temporaryPath } from '../workers/artifact-store.ts';

/** Unreferenced files younger than this are left alone by a sweep, and so are temporary files of this process. */
export const SWEEP_AGE_MS = 3_600_000;

const REMOVALS_AT_ONCE = 32;

export interface CollectOptions {
  /**
   * Only files whose bytes were last written before this time (epoch milliseconds). Taken **before** the journal was
   * asked what is unreferenced: the start of the oldest attempt under way, or the time itself when there is none.
   */
  readonly writtenBeforeMs: number;
}

export interface SweepOptions extends CollectOptions {
  /** Whether a fact refers to a hash; left out, only temporary files go. */
  readonly isReferenced?: (hash: string) => boolean;
}

export interface SweepResult {
  /** Files that killed writers left behind. */
  readonly temporaries: number;
  readonly artifacts: number;
}

export class ArtifactShelf {
  readonly #dir: string;
  readonly #store: ArtifactStore;

  constructor(dir: string) {
    this.#dir = dir;
    this.#store = new ArtifactStore(dir);
  }

  /** The bytes, checked. @throws RuntimeError PARAMETER_INVALID, ARTIFACT_MISSING, ARTIFACT_CORRUPT */
  read(reference: ArtifactReference): Promise<Uint8Array> {
    return this.#store.read(reference);
  }

  /** Takes orphans away, except what was written since; what is no hash is passed over. How many went. */
  async remove(hashes: Iterable<string>, { writtenBeforeMs }: CollectOptions): Promise<number> {
    let removed = 0;
    // Several share one iterator: on a busy loop each step of each removal waits for its turn.
    const waiting = Iterator.from(hashes);
    const removeNext = async (): Promise<void> => {
      for (const hash of waiting) {
        if (ARTIFACT_HASH.test(hash) && (await this.#collect(hash, writtenBeforeMs))) removed += 1;
      }
    };
    await Promise.all(Array.from({ length: REMOVALS_AT_ONCE }, removeNext));
    return removed;
  }

  /**
   * Looks through the folder for what killed writers left and for what no fact refers to. Temporary files of other
   * processes go at once, since a data folder has one engine at a time; anything else must be older than an hour.
   */
  async sweep({ isReferenced = () => true, writtenBeforeMs }: SweepOptions): Promise<SweepResult> {
    const oldMs = Math.min(writtenBeforeMs, Date.now() - SWEEP_AGE_MS);
    const swept = { temporaries: 0, artifacts: 0 };
    for await (const { name } of this.#files()) {
      const owner = temporaryOwner(name);
      if (owner !== undefined) {
        const isOld = owner !== process.pid || ((await this.#writtenMs(name)) ?? 0) < oldMs;
        if (isOld && (await this.#unlink(name))) swept.temporaries += 1;
      } else if (ARTIFACT_HASH.test(name) && !isReferenced(name)) {
        if (await this.#collect(name, oldMs)) swept.artifacts += 1;
      }
    }
    return swept;
  }

  async *#files(): AsyncGenerator<Dirent> {
    let folder: Awaited<ReturnType<typeof opendir>>;
    try {
      folder = await opendir(this.#dir);
    } catch {
      // No artifact was ever written.
      return;
    }
    for await (const entry of folder) if (entry.isFile()) yield entry;
  }

  // A writer in a thread may find the file good in this very moment and renew its time. So the file is set aside first:
  // the writer then misses it and writes it anew, or it had renewed the time before, which is seen here.
  async #collect(hash: string, writtenBeforeMs: number): Promise<boolean> {
    const writtenMs = await this.#writtenMs(hash);
    if (writtenMs === undefined || writtenMs >= writtenBeforeMs) return false;
    const path = join(this.#dir, hash);
    const aside = temporaryPath(path);
    try {
      await rename(path, aside);
      if (statSync(aside).mtimeMs >= writtenBeforeMs) {
        await rename(aside, path);
        return false;
      }
      rmSync(aside);
      return true;
    } catch {
      // Someone else was quicker, or the folder cannot be written: nothing is lost by leaving it.
      return false;
    }
  }

  async #writtenMs(name: string): Promise<number | undefined> {
    try {
      return (await stat(join(this.#dir, name))).mtimeMs;
    } catch {
      return undefined;
    }
  }

  async #unlink(name: string): Promise<boolean> {
    try {
      await rm(join(this.#dir, name));
      return true;
    } catch {
      return false;
    }
  }
}
