// Owns what a terminal would show of a program's output: characters with their colours in rows, moved about by the escape
// sequences that the shell and its live view use. Others are passed over; a test says which are understood.

/** How one character looks. */
export interface CellStyle {
  /** One of the sixteen names of ANSI's palette; null = the terminal's own. */
  readonly colour: string | null;
  readonly bold: boolean;
  readonly dim: boolean;
}

export interface Cell extends CellStyle {
  readonly character: string;
}

const PLAIN: CellStyle = { colour: null, bold: false, dim: false };
const BLANK: Cell = { character: ' ', ...PLAIN };
const COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
// A control sequence with its parameters and its final letter, another escape, a line break, or anything else.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this reads
const PIECES = /\u001b\[([?\d;]*)([A-Za-z])|\u001b.|[\r\n]|[^\u001b\r\n]/gu;

/** A screen of unlimited height. */
export class TerminalScreen {
  readonly #rows: Cell[][] = [[]];
  #row = 0;
  #column = 0;
  #style: CellStyle = PLAIN;

  write(text: string): void {
    for (const [piece, parameters, letter] of text.matchAll(PIECES)) {
      if (letter !== undefined) this.#control(letter, parameters ?? '');
      else if (piece === '\n') this.#moveTo(this.#row + 1, 0);
      else if (piece === '\r') this.#column = 0;
      else if (!piece.startsWith('\u001b')) this.#put(piece);
    }
  }

  /** Rows without the blank ones at the end. */
  rows(): readonly (readonly Cell[])[] {
    let end = this.#rows.length;
    while (end > 0 && (this.#rows[end - 1] ?? []).every(({ character }) => character === ' ')) end--;
    return this.#rows.slice(0, end).map((row) => Array.from(row, (cell) => cell ?? BLANK));
  }

  /** The same as plain text. */
  lines(): string[] {
    return this.rows().map((row) =>
      row
        .map(({ character }) => character)
        .join('')
        .trimEnd(),
    );
  }

  #put(character: string): void {
    const row = this.#rows[this.#row] ?? [];
    while (row.length < this.#column) row.push(BLANK);
    row[this.#column] = { character, ...this.#style };
    this.#column++;
  }

  #control(letter: string, parameters: string): void {
    const count = Number(parameters) || 1;
    if (letter === 'm') this.#dress(parameters);
    else if (letter === 'A') this.#moveTo(Math.max(0, this.#row - count), this.#column);
    else if (letter === 'B') this.#moveTo(this.#row + count, this.#column);
    else if (letter === 'G') this.#column = count - 1;
    else if (letter === 'K') this.#eraseLine(parameters);
    else if (letter === 'J') this.#eraseBelow();
  }

  #moveTo(row: number, column: number): void {
    while (this.#rows.length <= row) this.#rows.push([]);
    this.#row = row;
    this.#column = column;
  }

  #eraseLine(parameters: string): void {
    if (parameters === '2') this.#rows[this.#row] = [];
    else this.#rows[this.#row]?.splice(this.#column);
  }

  #eraseBelow(): void {
    this.#rows[this.#row]?.splice(this.#column);
    this.#rows.splice(this.#row + 1);
  }

  #dress(parameters: string): void {
    for (const code of parameters.split(';').map(Number)) {
      if (code === 0) this.#style = PLAIN;
      else if (code === 1) this.#style = { ...this.#style, bold: true };
      else if (code === 2) this.#style = { ...this.#style, dim: true };
      else if (code === 22) this.#style = { ...this.#style, bold: false, dim: false };
      else if (code === 39) this.#style = { ...this.#style, colour: null };
      else if (code >= 30 && code <= 37) this.#style = { ...this.#style, colour: COLOURS[code - 30] ?? null };
      else if (code >= 90 && code <= 97) this.#style = { ...this.#style, colour: `bright-${COLOURS[code - 90]}` };
    }
  }
}
