// Owns the picture of a terminal: rows of characters as one SVG, light or dark as the viewer is. Every run of characters is
// stretched to its columns, so that it lines up in any font; blocks are drawn, since fonts leave gaps between them.

import { escapeXml } from '../../src/cli/svg-text.ts';
import type { Cell } from './terminal-screen.ts';

const COLUMN = 8;
const ROW = 18;
const MARGIN = 18;
const HEAD = 34;
const BASELINE = 13;

/** Blocks, by how much of their cell is covered. */
const BLOCKS: Readonly<Record<string, number>> = { '█': 1, '▓': 0.72, '▒': 0.48, '░': 0.26 };
/** Blocks that fill so many eighths of their cell from the left. */
const EIGHTHS = '▏▎▍▌▋▊▉';

const STYLE = `
.terminal{--paper:#fbfbf9;--bar:#eceeea;--edge:#d5d9d2;--ink:#1c2430;--red:#bb2430;--green:#1b7438;--yellow:#8a5a00;--blue:#1a5fb4;--magenta:#7a4a95;--cyan:#0b6e7a;--gray:#5d687a}
@media (prefers-color-scheme:dark){.terminal{--paper:#12161d;--bar:#1c222c;--edge:#2c3542;--ink:#e6e9ee;--red:#ff8a8f;--green:#6ecb8b;--yellow:#eca84b;--blue:#7db1f5;--magenta:#cfa5e6;--cyan:#5cc5d1;--gray:#98a2b3}}
.terminal text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink);white-space:pre}
.paper{fill:var(--paper);stroke:var(--edge)}.bar{fill:var(--bar)}
.terminal .title{fill:var(--gray);font-size:12.5px}
.terminal .bold{font-weight:700}
${['red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'gray'].map((name) => `.terminal .${name}{fill:var(--${name})}`).join('')}
`.trim();

export interface TerminalPicture {
  /** The command that was typed. */
  readonly title: string;
  readonly rows: readonly (readonly Cell[])[];
}

/** The picture as one SVG document. */
export function renderTerminalSvg({ title, rows }: TerminalPicture): string {
  const columns = Math.max(40, title.length + 4, ...rows.map((row) => row.length));
  const width = columns * COLUMN + 2 * MARGIN;
  const height = HEAD + rows.length * ROW + 2 * MARGIN - 6;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="terminal" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="terminal-title terminal-text">`,
    `<title id="terminal-title">${escapeXml(title)}</title>`,
    `<desc id="terminal-text">${escapeXml(
      rows
        .map((row) =>
          row
            .map(({ character }) => character)
            .join('')
            .trimEnd(),
        )
        .join('\n'),
    )}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    `<path class="bar" d="M1 ${HEAD}V9a8 8 0 0 1 8-8H${width - 9}a8 8 0 0 1 8 8V${HEAD}z"/>`,
    `<text class="title" x="${MARGIN}" y="22">$ ${escapeXml(title)}</text>`,
    ...rows.map((row, place) => rowOf(row, HEAD + MARGIN - 6 + place * ROW)),
    '</svg>',
    '',
  ].join('\n');
}

function rowOf(row: readonly Cell[], y: number): string {
  let svg = '';
  for (let from = 0; from < row.length; ) {
    const first = row[from];
    if (first === undefined) break;
    let to = from + 1;
    while (to < row.length && looksLike(first, row[to])) to++;
    svg += runOf(row.slice(from, to), from, y);
    from = to;
  }
  return `<g>${svg}</g>`;
}

/** Blanks join the run before them; a block joins only others of its kind. */
function looksLike(first: Cell, cell: Cell | undefined): boolean {
  if (cell === undefined || classesOf(cell) !== classesOf(first)) return false;
  return isBlock(first) || isBlock(cell) ? cell.character === first.character : true;
}

function isBlock({ character }: Cell): boolean {
  return character in BLOCKS || EIGHTHS.includes(character);
}

function runOf(run: readonly Cell[], column: number, y: number): string {
  const [first] = run;
  if (first === undefined) return '';
  const text = run.map(({ character }) => character).join('');
  const classes = classesOf(first);
  const named = classes === '' ? '' : ` class="${classes}"`;
  const x = MARGIN + column * COLUMN;
  if (isBlock(first)) {
    const eighths = EIGHTHS.indexOf(first.character) + 1;
    const width = eighths > 0 ? eighths : run.length * COLUMN;
    const cover = eighths > 0 ? 1 : (BLOCKS[first.character] ?? 1);
    const opacity = cover === 1 ? '' : ` fill-opacity="${cover}"`;
    return `<rect${named === '' ? ' fill="var(--ink)"' : named} x="${x}" y="${y + 2}" width="${width}" height="${ROW - 4}"${opacity}/>`;
  }
  const shown = text.trimEnd();
  const lead = shown.length - shown.trimStart().length;
  if (shown.trim() === '') return '';
  const length = (shown.length - lead) * COLUMN;
  return `<text${named} x="${x + lead * COLUMN}" y="${y + BASELINE}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escapeXml(shown.trimStart())}</text>`;
}

function classesOf({ colour, bold, dim }: Cell): string {
  const name = dim || colour === 'bright-black' ? 'gray' : (colour?.replace('bright-', '') ?? '');
  return [name === 'white' || name === 'black' ? '' : name, bold ? 'bold' : ''].filter((word) => word !== '').join(' ');
}
