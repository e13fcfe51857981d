// Owns a copy of the source with folders of tests, in which one deliberate fault after the other is put, for the tests
// that must find such faults. Why a copy: the faults are seen by processes of their own. Must never touch the original.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** A fault: other text in place of one that stands in its file exactly once. */
export interface Mutant {
  readonly name: string;
  /** Under src. */
  readonly file: string;
  readonly text: string;
  readonly mutated: string;
}

/** What a command of the copy came to. */
export interface Outcome {
  readonly status: number | null;
  readonly stderr: string;
}

export class SourceCopy {
  readonly #folder: string;

  /** `tests`: the folders of tests that commands need, under the root. */
  constructor(...tests: string[]) {
    this.#folder = mkdtempSync(join(tmpdir(), 'yardmaster-mutants-'));
    for (const part of ['src', ...tests, 'package.json']) {
      cpSync(join(ROOT, part), join(this.#folder, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'), 'junction');
  }

  /** Runs Node in the copy. */
  run(...command: string[]): Outcome {
    const { status, stderr } = spawnSync(process.execPath, command, { cwd: this.#folder, encoding: 'utf8' });
    return { status, stderr };
  }

  /** The same while the copy has a fault; fails when the source does not have the text any more. */
  runMutant({ file, text, mutated }: Mutant, ...command: string[]): Outcome {
    const path = join(this.#folder, 'src', file);
    const sound = readFileSync(path, 'utf8');
    expect(sound.split(text)).toHaveLength(2);
    writeFileSync(
      path,
      sound.replace(text, () => mutated),
    );
    try {
      return this.run(...command);
    } finally {
      writeFileSync(path, sound);
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
