// Owns the tests of generated parts within a person's document: what stands between markers is replaced, every other byte
// stays, and damaged markers are an error.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assembleDocument,
  isHandsOff,
  mergeDocument,
  type RenderedPiece,
  splitSections,
} from '../../src/projects/generated-sections.ts';

const RENDERED: RenderedPiece[] = [
  { kind: 'section', name: 'head', body: '# New\n\ntext' },
  { kind: 'text', text: '\n' },
  { kind: 'section', name: 'tail', body: '' },
];
const begin = (name: string) => `<!-- yardmaster:begin ${name} -->`;
const end = (name: string) => `<!-- yardmaster:end ${name} -->`;
const merge = (document: string, rendered = RENDERED) => mergeDocument(document, rendered, 'README.md').text;

describe('a new document', () => {
  it('has each section between its markers, empty ones too', () => {
    expect(assembleDocument(RENDERED)).toBe(
      `${begin('head')}\n# New\n\ntext\n${end('head')}\n\n${begin('tail')}\n${end('tail')}\n`,
    );
  });

  it('is not changed by the same generation', () => {
    const fresh = assembleDocument(RENDERED);
    expect(merge(fresh)).toBe(fresh);
  });
});

describe('a document that exists', () => {
  it('keeps what stands before, between and after its sections', () => {
    const document = `mine\n${begin('head')}\nold\n${end('head')}\nbetween  \n${begin('tail')}\nold\n${end('tail')}\nlast, no line end`;
    expect(merge(document)).toBe(
      `mine\n${begin('head')}\n# New\n\ntext\n${end('head')}\nbetween  \n${begin('tail')}\n${end('tail')}\nlast, no line end`,
    );
  });

  it('keeps its line ends, each section by its own marker', () => {
    const document = `a\r\n${begin('head')}\r\nold\r\n${end('head')}\r\nb\n${begin('tail')}\n${end('tail')}\r`;
    expect(merge(document)).toBe(
      `a\r\n${begin('head')}\r\n# New\r\n\r\ntext\r\n${end('head')}\r\nb\n${begin('tail')}\n${end('tail')}\r`,
    );
  });

  it('keeps its byte order mark, as text or as bytes', () => {
    for (const mark of ['\ufeff', '\xef\xbb\xbf']) {
      const document = `${mark}${begin('head')}\n${end('head')}`;
      expect(merge(document)).toBe(`${mark}${begin('head')}\n# New\n\ntext\n${end('head')}`);
    }
  });

  it('does not get a section back that a person took out', () => {
    const document = `${begin('tail')}\nold\n${end('tail')}\n`;
    expect(merge(document)).toBe(`${begin('tail')}\n${end('tail')}\n`);
  });

  it('gets the whole once at its end if it has no section of the template', () => {
    const once = merge('mine');
    expect(once).toBe(`mine\n\n${assembleDocument(RENDERED)}`);
    expect(merge(once)).toBe(once);
    expect(merge('mine\r\n')).toBe(`mine\r\n\r\n${assembleDocument(RENDERED, '\r\n')}`);
    expect(merge(' \n')).toBe(` \n${assembleDocument(RENDERED)}`);
  });

  it('keeps sections that the template does not have, and says so', () => {
    const document = `${begin('other')}\nold\n${end('other')}\n${begin('tail')}\n${end('tail')}\n`;
    expect(mergeDocument(document, RENDERED, 'a.md')).toEqual({ text: document, unknownSections: ['other'] });
  });

  it('is left alone if it says so', () => {
    const document = `<!-- yardmaster:hands-off -->\n${begin('head')}\nold\n`;
    expect(isHandsOff(document)).toBe(true);
    expect(merge(document)).toBe(document);
  });

  it('takes no marker for one that stands within a line', () => {
    const document = ` ${begin('head')}\n\`${end('head')}\`\n> ${begin('x')}\n`;
    expect(splitSections(document, 'a.md')).toEqual([{ kind: 'text', text: document, line: 1 }]);
  });
});

describe('damaged markers', () => {
  it.each([
    ['without an end', `a\n${begin('head')}\nb\n`, 2],
    ['without a begin', `a\n\n${end('head')}\n`, 3],
    ['nested', `${begin('head')}\n${begin('tail')}\n${end('tail')}\n${end('head')}\n`, 2],
    ['crossed', `${begin('head')}\n${end('tail')}\n`, 2],
    ['twice the same', `${begin('a')}\r\n${end('a')}\r\n${begin('a')}\r\n${end('a')}\r\n`, 3],
    ['with a bad name', `${begin('A b')}\n${end('A b')}\n`, 1],
    ['with no name', '<!-- yardmaster:begin -->\n', 1],
  ])('%s are an error that names file and line', (_, document, line) => {
    expect(() => merge(document)).toThrow(
      expect.objectContaining({
        code: 'DOCUMENT_MARKERS_DAMAGED',
        message: expect.stringMatching(new RegExp(`^README\\.md:${line}: `)),
        details: { file: 'README.md', line },
      }),
    );
  });
});

describe('any document', () => {
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
  const text = fc.string({ unit: 'binary', maxLength: 30 }).filter((line) => !/yardmaster:/.test(line));
  const body = fc.array(
    fc.string({ maxLength: 10 }).map((line) => line.replace(/[\r\n]/g, '')),
    { maxLength: 4 },
  );

  it('keeps every character outside of its sections, and changes once', () => {
    const person = fc.array(fc.tuple(text, lineEnd), { maxLength: 4 }).map((lines) => lines.flat().join(''));
    fc.assert(
      fc.property(person, person, person, lineEnd, body, (before, between, after, eol, lines) => {
        const build = (head: string, tail: string) =>
          `${before}${before === '' ? '' : eol}${begin('head')}${eol}${head}${end('head')}${eol}${between}${eol}${begin('tail')}${eol}${tail}${end('tail')}${eol}${after}`;
        const fresh = lines.join('\n');
        const rendered: RenderedPiece[] = [
          { kind: 'section', name: 'head', body: fresh },
          { kind: 'section', name: 'tail', body: 'x' },
        ];
        // A carriage return at the end of one piece and a line feed at the start of the next are one line end.
        const document = build(`old${eol}`, '');
        const once = merge(document, rendered);
        expect(once).toBe(build(fresh === '' ? '' : fresh.replaceAll('\n', eol) + eol, `x${eol}`));
        expect(merge(once, rendered)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });

  it('is the sum of its pieces', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (document) => {
        const whole = splitSections(document, 'a.md').map((piece) =>
          piece.kind === 'text' ? piece.text : piece.begin + piece.body + piece.end,
        );
        expect(whole.join('')).toBe(document);
      }),
    );
  });
});
