// Measures source files by their text: lines, functions, branches, and runs of lines that occur twice.
// It reads no syntax tree, so that it works alike for every language with words for branches; take its figures as hints.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';

/** What is known of one file. */
export interface FileMetrics {
  file: string;
  lines: number;
  functions: FunctionMetrics[];
}

/** What is known of one function. */
export interface FunctionMetrics {
  name: string;
  line: number;
  /** One more than the branches in it. */
  complexity: number;
}

/** A run of lines that stands in two places. */
export interface Duplicate {
  lines: number;
  first: { file: string; line: number };
  second: { file: string; line: number };
}

const FUNCTION =
  /^\s*(?:export\s+)?(?:async\s+)?(?:function\s*\*?|def)\s+(\w+)|^\s*(?:export\s+)?const\s+(\w+)\s*=\s*(?:async\s*)?\([^)]*\)[^=]*=>/;
const BRANCH = /\b(?:if|elif|for|while|case|catch|except)\b|&&|\|\||\?\?|\s\?\s|\band\b|\bor\b/g;
const TEXTS_AND_COMMENTS =
  /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\/.*|\/\*[\s\S]*?\*\/|(?<!\S)#\s.*/g;

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface MeasureParameters extends ProjectParameters {
  /** Source files, relative to the project. */
  files: string[];
}

/** Measures each file: its lines, and its functions with their complexity. */
export async function measure({ root = '.', files }: MeasureParameters, context: TaskContext) {
  const metrics: FileMetrics[] = [];
  for (const [index, file] of files.entries()) {
    context.signal.throwIfAborted();
    context.progress(index / files.length, file);
    metrics.push(measureText(file, await readFile(resolve(root, file), 'utf8')));
  }
  return { files: metrics };
}

interface DuplicateParameters extends ProjectParameters {
  /** Source files, relative to the project. */
  files: string[];
  /** Shorter runs do not count. */
  least_lines: number;
}

/** Finds runs of lines that stand in two places; blanks at the ends of a line do not tell lines apart. */
export async function findDuplicates({ root = '.', files, least_lines }: DuplicateParameters, context: TaskContext) {
  const texts = new Map<string, string[]>();
  for (const file of files) {
    const text = await readFile(resolve(root, file), 'utf8');
    texts.set(
      file,
      text.split('\n').map((line) => line.trim()),
    );
  }
  const seen = new Map<string, { file: string; line: number }>();
  const duplicates: Duplicate[] = [];
  for (const [file, lines] of texts) {
    context.signal.throwIfAborted();
    for (let at = 0; at + least_lines <= lines.length; at++) {
      const run = lines.slice(at, at + least_lines);
      const key = run.join('\n');
      const first = seen.get(key);
      if (first === undefined) {
        if (run.every((line) => line !== '')) seen.set(key, { file, line: at + 1 });
        continue;
      }
      const length = lengthOf(texts.get(first.file) ?? [], first.line - 1, lines, at);
      duplicates.push({ lines: length, first, second: { file, line: at + 1 } });
      at += length - 1;
    }
  }
  return { duplicates };
}

function measureText(file: string, text: string): FileMetrics {
  // Texts and comments go, line ends stay: what they say is no branch, and lines keep their numbers.
  const code = text.replace(TEXTS_AND_COMMENTS, (part) => part.replace(/[^\n]/g, ' ')).split('\n');
  const functions: FunctionMetrics[] = [];
  for (const [index, line] of code.entries()) {
    const match = FUNCTION.exec(line);
    const name = match?.[1] ?? match?.[2];
    if (name !== undefined) functions.push({ name, line: index + 1, complexity: 1 });
    const current = functions.at(-1);
    if (current !== undefined) current.complexity += line.match(BRANCH)?.length ?? 0;
  }
  return { file, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0), functions };
}

function lengthOf(one: readonly string[], from: number, other: readonly string[], at: number): number {
  let length = 0;
  const most = Math.min(one.length - from, other.length - at);
  while (length < most && one[from + length] === other[at + length]) length++;
  return length;
}
