// Owns a small source tree with everything that a walk over real trees meets. What it holds is known to the byte, so
// that tests can state what must be found. Must never be changed by a test that does not own its copy.

import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A name that would run a script if a page took it for markup. */
export const MARKUP_NAME = '<img src=x onerror=document.title=1>.txt';
/** A directory whose name, with the file's, reads as the end of a script. */
export const SCRIPT_END_FOLDER = 'a<';
export const SCRIPT_END_PATH = 'a</script><script>document.title=2<!--.js';
export const CONTROL_NAME = 'line\nbreak\u202etxt.md';
export const UNICODE_PATH = 'ünï/日本語/файл-😀.py';

/** Bytes of the one line of the file `huge-line.json`. */
export const HUGE_LINE_BYTES = 5 * 1024 * 1024;

/** Words in order, different for each seed; no two of one seed repeat. */
export function proseOf(seed: string, words: number): string[] {
  return Array.from({ length: words }, (_, index) => `${seed}${index}`);
}

const PROSE = proseOf('word', 1200);
/** Replaces words from 600 on: of 1,196 shingles of five words 1,196 − (n + 4) stay. */
const CHANGED = 40;
export const NEAR_ORIGINAL = `${PROSE.join(' ')}\n`;
export const NEAR_CHANGED = `${PROSE.map((word, at) => (at >= 600 && at < 600 + CHANGED ? `new${at}` : word)).join(' ')}\n`;
/** The true Jaccard similarity of the two: shared over all distinct shingles. */
export const NEAR_SIMILARITY = (1196 - (CHANGED + 4)) / (1196 + (CHANGED + 4));

const TEXT_FILES: Readonly<Record<string, string>> = {
  'src/main.ts': 'export const answer = 42;\n\n  \nexport const question = null;\n',
  'src/copy-of-main.ts': 'export const answer = 42;\n\n  \nexport const question = null;\n',
  'lib/deep/er/main-again.ts': 'export const answer = 42;\n\n  \nexport const question = null;\n',
  'src/no-newline-at-end.js': 'one();\ntwo();',
  'src/windows.css': 'a {\r\n\r\n}\r\n',
  empty: '',
  'empty-too.txt': '',
  'tool/run': '#!/usr/bin/env -S node --no-warnings\nconsole.log(1)\n',
  'tool/build': '#!/bin/sh\nexit 0\n',
  'docs/original.md': NEAR_ORIGINAL,
  'docs/nested/changed.md': NEAR_CHANGED,
  'docs/unrelated.md': `${proseOf('other', 1200).join(' ')}\n`,
  'huge-line.json': `"${'x'.repeat(HUGE_LINE_BYTES - 2)}"`,
  [MARKUP_NAME]: 'markup\n',
  [`${SCRIPT_END_FOLDER}/${SCRIPT_END_PATH.slice(SCRIPT_END_FOLDER.length + 1)}`]: 'script end\n',
  [CONTROL_NAME]: 'control\n',
  [UNICODE_PATH]: 'print("ü")\n',
  '.git/objects/ignored': 'not part of the inventory\n',
  'vendor/.yardmaster/journal.sqlite': 'nor this\n',
};

export interface FixtureTree {
  /** Regular files in the inventory, hard links included. */
  readonly files: number;
  readonly bytes: number;
}

/** Writes the tree into `folder` (made when missing); the bytes are the same every time. */
export function writeFixtureTree(folder: string): FixtureTree {
  let files = 0;
  let bytes = 0;
  const write = (path: string, content: string | Uint8Array) => {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    if (path.startsWith('.git/') || path.includes('/.yardmaster/')) return;
    files += 1;
    bytes += Buffer.byteLength(content);
  };
  for (const [path, content] of Object.entries(TEXT_FILES)) write(path, content);
  write(
    'bin/blob',
    Uint8Array.from({ length: 3000 }, (_, index) => (index * 7) % 256),
  );
  write('bin/library.so', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]));
  write('bin/elf-without-name', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3, 4]));
  linkSync(join(folder, 'bin/blob'), join(folder, 'bin/blob-linked'));
  files += 1;
  bytes += 3000;
  symlinkSync('..', join(folder, 'src/loop'));
  symlinkSync('nowhere', join(folder, 'src/dangling'));
  execFileSync('mkfifo', [join(folder, 'tool/pipe')]);
  return { files, bytes };
}
