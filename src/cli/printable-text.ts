// Owns what may reach a terminal: text of tasks, files and errors as one harmless line, measured and cut in columns.
// A task's message must never move the cursor, change colours or break a line of the view.

import { stripVTControlCharacters } from 'node:util';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const ELLIPSIS = '…';
// East Asian Wide and Fullwidth (Unicode 16, rounded to whole blocks) and what shows as an emoji by itself.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const ZERO_WIDTH = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u;
// Controls, and the marks that turn the direction of text: both can make a line show what it does not say.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;
const PLAIN_ASCII = /^[\x20-\x7e]*$/;

/** Any text as one line without escape sequences, control characters or half surrogates; runs of them become a blank. */
export function toPrintableLine(text: string): string {
  if (PLAIN_ASCII.test(text)) return text;
  return stripVTControlCharacters(text).replace(UNPRINTABLE, ' ').trim();
}

/** Columns that a line takes on a terminal; escape sequences count nothing. */
export function columnsOf(text: string): number {
  if (PLAIN_ASCII.test(text)) return text.length;
  const plain = stripVTControlCharacters(text);
  if (PLAIN_ASCII.test(plain)) return plain.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(plain)) columns += columnsOfGrapheme(segment);
  return columns;
}

function columnsOfGrapheme(grapheme: string): number {
  if (ZERO_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** The start of an unstyled line that fits, with `…` where something is cut; never splits a grapheme. */
export function cutToColumns(text: string, maximum: number): string {
  if (maximum <= 0) return '';
  if (columnsOf(text) <= maximum) return text;
  let kept = '';
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = columnsOfGrapheme(segment);
    if (columns + next > maximum - 1) break;
    kept += segment;
    columns += next;
  }
  return kept + ELLIPSIS;
}

/** An unstyled line of exactly so many columns: cut or filled with blanks. */
export function fitToColumns(text: string, columns: number): string {
  const cut = cutToColumns(text, columns);
  return cut + ' '.repeat(Math.max(0, columns - columnsOf(cut)));
}
