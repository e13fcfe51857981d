// Owns the parts of a document that are generated: what stands between `<!-- yardmaster:begin name -->` and
// `<!-- yardmaster:end name -->`, each marker a line of its own from the line's first column. All else is a person's and is
// kept as it is. Works on texts and on bytes taken as Latin-1 alike: markers and names are plain ASCII, and nothing else is
// looked at. Must never repair damaged markers: what was meant to be whose is not known then.

import { quoteName } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';

/** A stretch of a document; put together in order they are the document. */
export type DocumentPiece =
  | { readonly kind: 'text'; readonly text: string /** 1-based, of its first line. */; readonly line: number }
  | {
      readonly kind: 'section';
      readonly name: string;
      /** The marker's line with its end, as it stands. */
      readonly begin: string;
      readonly body: string;
      readonly end: string;
      /** 1-based, of its begin marker. */
      readonly line: number;
    };

type SectionPiece = Extract<DocumentPiece, { kind: 'section' }>;

/** A section of a template that was filled in; `body` has no line end at its end. */
export type RenderedPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'section'; readonly name: string; readonly body: string };

const LINE = /[^\r\n]*(?:\r\n|\r|\n|$)/y;
const LINE_END = /\r\n|\r|\n/;
const MARKER = /^<!--[ \t]*yardmaster:(begin|end)(?![a-z-])[ \t]*(.*?)[ \t]*-->[ \t]*$/;
const SECTION_NAME = /^[a-z][a-z0-9-]{0,63}$/;
/** A document with such a line is never written to. */
const HANDS_OFF_LINE = /^<!--[ \t]*yardmaster:hands-off[ \t]*-->[ \t]*$/;

/**
 * A document cut at its markers.
 * @throws RuntimeError DOCUMENT_MARKERS_DAMAGED naming file and line.
 */
export function splitSections(document: string, file: string): DocumentPiece[] {
  const pieces: DocumentPiece[] = [];
  const seen = new Map<string, number>();
  let open: { readonly name: string; readonly begin: string; readonly line: number } | undefined;
  let text = '';
  let textLine = 1;
  let line = 0;
  for (const content of linesOf(document)) {
    line++;
    const marker = readMarker(content, file, line);
    if (marker === undefined) {
      text += content;
    } else if (marker.kind === 'begin') {
      if (open !== undefined) {
        throw damaged(file, line, `section ${marker.name} begins within section ${open.name} of line ${open.line}`);
      }
      const earlier = seen.get(marker.name);
      if (earlier !== undefined) throw damaged(file, line, `section ${marker.name} stands in line ${earlier} already`);
      seen.set(marker.name, line);
      if (text !== '') pieces.push({ kind: 'text', text, line: textLine });
      open = { name: marker.name, begin: content, line };
      text = '';
    } else {
      if (open?.name !== marker.name) throw damaged(file, line, strayEnd(marker.name, open));
      pieces.push({ kind: 'section', ...open, body: text, end: content });
      open = undefined;
      text = '';
      textLine = line + 1;
    }
  }
  if (open !== undefined) throw damaged(file, open.line, `section ${open.name} has no end`);
  if (text !== '') pieces.push({ kind: 'text', text, line: textLine });
  return pieces;
}

/** Whether a person has asked that the document be left alone. */
export function isHandsOff(document: string): boolean {
  return document.split(LINE_END).some((line) => HANDS_OFF_LINE.test(line));
}

/** A new document, with `\n` as its line end. */
export function assembleDocument(rendered: readonly RenderedPiece[], lineEnd = '\n'): string {
  const pieces = rendered.map((piece) => {
    if (piece.kind === 'text') return withLineEnds(piece.text, lineEnd);
    const body = bodyText(piece.body, lineEnd);
    return `<!-- yardmaster:begin ${piece.name} -->${lineEnd}${body}<!-- yardmaster:end ${piece.name} -->${lineEnd}`;
  });
  return pieces.join('');
}

/** What becomes of a document that exists. */
export interface MergedDocument {
  readonly text: string;
  /** Sections of the document that its template does not have; left as they are. */
  readonly unknownSections: readonly string[];
}

/**
 * A document with the bodies of its sections replaced. A section that it does not have is not put in; one that has none at
 * all of the template's gets the whole of it once, at its end.
 * @throws RuntimeError DOCUMENT_MARKERS_DAMAGED
 */
export function mergeDocument(document: string, rendered: readonly RenderedPiece[], file: string): MergedDocument {
  if (isHandsOff(document)) return { text: document, unknownSections: [] };
  const pieces = splitSections(document, file);
  const bodies = new Map<string, string>();
  for (const piece of rendered) if (piece.kind === 'section') bodies.set(piece.name, piece.body);
  const names = pieces.flatMap((piece) => (piece.kind === 'section' ? [piece.name] : []));
  const unknownSections = names.filter((name) => !bodies.has(name));
  if (unknownSections.length === names.length) return { text: appended(document, rendered), unknownSections };
  const text = pieces.map((piece) =>
    piece.kind === 'text' ? piece.text : mergeSection(piece, bodies.get(piece.name)),
  );
  return { text: text.join(''), unknownSections };
}

function mergeSection({ begin, body, end }: SectionPiece, fresh: string | undefined): string {
  const next = fresh === undefined ? body : bodyText(fresh, LINE_END.exec(begin)?.[0] ?? '\n');
  return begin + next + end;
}

function appended(document: string, rendered: readonly RenderedPiece[]): string {
  const lineEnd = LINE_END.exec(document)?.[0] ?? '\n';
  const fresh = assembleDocument(rendered, lineEnd);
  // A byte order mark by itself, as text or as the Latin-1 form of its bytes, is no text either.
  if (/^(?:\ufeff|\xef\xbb\xbf)?[ \t\r\n]*$/.test(document)) return document + fresh;
  const tail = /(?:\r\n|\r|\n)+$/.exec(document)?.[0] ?? '';
  const ends = tail.match(/\r\n|\r|\n/g)?.length ?? 0;
  return document + lineEnd.repeat(Math.max(0, 2 - ends)) + fresh;
}

function bodyText(body: string, lineEnd: string): string {
  return body === '' ? '' : withLineEnds(body, lineEnd) + lineEnd;
}

function withLineEnds(text: string, lineEnd: string): string {
  return text.replace(/\r\n|\r|\n/g, lineEnd);
}

function* linesOf(document: string): Generator<string> {
  // A mark of the encoding at the very start is no part of the first line.
  let at = /^(?:\ufeff|\xef\xbb\xbf)/.exec(document)?.[0].length ?? 0;
  let mark = document.slice(0, at);
  while (at < document.length) {
    LINE.lastIndex = at;
    const line = LINE.exec(document)?.[0] ?? '';
    at += line.length;
    yield mark + line;
    mark = '';
  }
  if (mark !== '') yield mark;
}

function readMarker(content: string, file: string, line: number) {
  if (!content.includes('yardmaster:')) return undefined;
  const match = MARKER.exec(content.replace(/^(?:\ufeff|\xef\xbb\xbf)|[\r\n]+$/g, ''));
  const [, kind, name] = match ?? [];
  if (kind === undefined || name === undefined) return undefined;
  if (!SECTION_NAME.test(name)) {
    throw damaged(
      file,
      line,
      `${quoteName(name)} is no name of a section; a name is lower-case letters, digits and "-"`,
    );
  }
  return { kind: kind === 'begin' ? ('begin' as const) : ('end' as const), name };
}

function strayEnd(name: string, open: { readonly name: string; readonly line: number } | undefined): string {
  if (open === undefined) return `section ${name} ends and has not begun`;
  return `section ${name} ends within section ${open.name} of line ${open.line}`;
}

function damaged(file: string, line: number, what: string): RuntimeError {
  const advice = 'put begin and end around each generated part once, or remove both; the file was not changed';
  return new RuntimeError('DOCUMENT_MARKERS_DAMAGED', `${file}:${line}: ${what}; ${advice}`, {
    details: { file, line },
  });
}
