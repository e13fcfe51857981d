// Owns the notation of the drawings at the head of machines' files: it reads a drawing as the set of its transitions and
// refuses what it cannot read, so that no line of a drawing means nothing.
//
//   a ──go, run──▶ b ──stop──▶ (c)     states in a row; events by the last part of their names; (c) is final
//   │                └──ask──▶ a | b   from the state right above, past other branches; alternatives in the order asked
//   a, b ──end──▶ (c)                  from several states; `any` = every state that is not final
//   a ──note──↺  · text                it stays where it is; what follows a middle dot is said to people
//
// Several rows share a line with `;` between them. The first state drawn is the initial one.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINES_FOLDER } from './machine-catalogue.ts';

/** One arrow: what it leads to are alternatives; null = it stays. */
export interface DrawnArrow {
  readonly source: string;
  readonly event: string;
  readonly targets: readonly (string | null)[];
}

export interface Drawing {
  readonly arrows: readonly DrawnArrow[];
  readonly initial: string;
  /** Names in parentheses. */
  readonly finals: ReadonlySet<string>;
  /** Names without. */
  readonly others: ReadonlySet<string>;
}

const PREFIX = '//   ';
const NAME = /^\(?[a-z]+(?:-[a-z]+)*\)?$/;
const ARROW = /──([a-z-]+(?:, [a-z-]+)*)──(▶|↺)/g;
const BRANCH = /^[ │]*[├└]/;

/** The lines of the drawing in a file's opening comment. */
export function drawnLines(file: string): string[] {
  const source = readFileSync(join(MACHINES_FOLDER, file), 'utf8');
  return source
    .slice(0, source.indexOf('\nimport '))
    .split('\n')
    .filter((line) => line.startsWith(PREFIX))
    .map((line) => line.slice(PREFIX.length));
}

/**
 * Reads a drawing.
 * @throws Error with the line that cannot be read
 */
export function readDrawing(lines: readonly string[], states: readonly string[], finals: readonly string[]): Drawing {
  const reader = new DrawingReader(
    lines.map((line) => line.replace(/ *·.*$/, '')),
    states.filter((state) => !finals.includes(state)),
  );
  return reader.read();
}

class DrawingReader {
  readonly #lines: readonly string[];
  readonly #any: readonly string[];
  readonly #arrows: DrawnArrow[] = [];
  readonly #finals = new Set<string>();
  readonly #others = new Set<string>();
  #initial = '';

  constructor(lines: readonly string[], any: readonly string[]) {
    this.#lines = lines;
    this.#any = any;
  }

  read(): Drawing {
    for (const [row, line] of this.#lines.entries()) {
      if (/^[ │]*$/.test(line)) continue;
      for (const part of line.split(';')) this.#readRow(row, part);
    }
    return { arrows: this.#arrows, initial: this.#initial, finals: this.#finals, others: this.#others };
  }

  #readRow(row: number, part: string): void {
    const branch = BRANCH.exec(part)?.[0];
    const body = branch === undefined ? part : part.slice(branch.length);
    const arrows = [...body.matchAll(ARROW)];
    const between = body.split(ARROW).filter((_, index) => index % 3 === 0);
    if (arrows.length === 0 || (branch === undefined) === (between[0]?.trim() === '')) throw this.#unreadable(row);
    let sources = branch === undefined ? this.#sources(row, between[0] ?? '') : [this.#above(row, branch.length - 1)];
    for (const [place, [, events = '', head]] of arrows.entries()) {
      const words = between[place + 1]?.trim() ?? '';
      if ((head === '↺') !== (words === '')) throw this.#unreadable(row);
      const targets = head === '↺' ? [null] : words.split(' | ').map((word) => this.#name(row, word));
      for (const source of sources) {
        for (const event of events.split(', ')) this.#arrows.push({ source, event, targets });
      }
      const [only] = targets;
      const isLast = place === arrows.length - 1;
      if (!isLast && (targets.length > 1 || typeof only !== 'string')) throw this.#unreadable(row);
      sources = typeof only === 'string' ? [only] : [];
    }
  }

  #sources(row: number, words: string): readonly string[] {
    if (words.trim() === 'any') return this.#any;
    return words
      .trim()
      .split(', ')
      .map((word) => this.#name(row, word));
  }

  #name(row: number, word: string): string {
    if (!NAME.test(word) || word.startsWith('(') !== word.endsWith(')')) throw this.#unreadable(row);
    const name = word.replace(/[()]/g, '');
    (word.startsWith('(') ? this.#finals : this.#others).add(name);
    this.#initial ||= name;
    return name;
  }

  /** The state that a branch hangs on. */
  #above(row: number, column: number): string {
    for (let upper = row - 1; upper >= 0; upper--) {
      const line = this.#lines[upper] ?? '';
      if ('│├'.includes(line[column] ?? ' ')) continue;
      // A name between the strokes of an arrow is an event.
      const states = line.replace(ARROW, (arrow) => ' '.repeat(arrow.length));
      const word = [...states.matchAll(/\(?[a-z]+(?:-[a-z]+)*\)?/g)].find(
        ({ index, 0: text }) => index <= column && column < index + text.length,
      );
      if (word !== undefined) return this.#name(row, word[0]);
      break;
    }
    throw this.#unreadable(row);
  }

  #unreadable(row: number): Error {
    return new Error(`the drawing cannot be read in line ${row + 1}: ${this.#lines[row]}`);
  }
}
