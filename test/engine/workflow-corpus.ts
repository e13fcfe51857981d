// Owns where the workflow files from outside lie, and what to say in a test's name when they are not there.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CORPORA = fileURLToPath(new URL('../../../shared/corpora/', import.meta.url));
export const HAS_CORPORA = existsSync(join(CORPORA, 'original-workflows'));
/** To be put behind the name of a suite that needs the corpora. */
export const CORPORA_NOTE = HAS_CORPORA ? '' : ' (skipped: ../shared/corpora is not there)';

/** The full paths of the files directly in a folder of the corpora, in order of their names. */
export function corpusFiles(folder: string, ending = '.json'): string[] {
  const path = join(CORPORA, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(path, name));
}
