// Greets people. Each exported function is an action that a step of a workflow can name; it gets the step's
// parameters and a context for progress, logs and the wish to stop, and what it returns is the step's output.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface ReadParameters extends ProjectParameters {
  /** Text file with a name a line. */
  input: string;
}

/** Reads the names and deals them out into two halves. */
export async function readNames({ root = '.', input }: ReadParameters, context: TaskContext) {
  const text = await readFile(resolve(root, input), { encoding: 'utf8', signal: context.signal });
  const names = text.split(/\r?\n/).filter((name) => name.trim() !== '');
  const middle = Math.ceil(names.length / 2);
  return { count: names.length, halves: [names.slice(0, middle), names.slice(middle)] };
}

interface GreetParameters {
  /** Whom to greet. */
  names: string[];
  /** The word before each name. */
  greeting: string;
}

/** Greets each name. */
export function greet({ names, greeting }: GreetParameters, context: TaskContext) {
  return names.map((name, index) => {
    context.signal.throwIfAborted();
    context.progress((index + 1) / names.length, name);
    return `${greeting}, ${name}!`;
  });
}

interface JoinParameters extends ProjectParameters {
  /** Greetings of each half. */
  parts: string[][];
  /** Text file for the greetings. */
  output: string;
}

/** Writes the greetings of both halves into one file. */
export async function join({ root = '.', parts, output }: JoinParameters, context: TaskContext) {
  const lines = parts.flat();
  await mkdir(dirname(resolve(root, output)), { recursive: true });
  await writeFile(resolve(root, output), lines.map((line) => `${line}\n`).join(''));
  context.log('info', `wrote ${lines.length} greetings to ${output}`);
  return { output, greetings: lines.length };
}
