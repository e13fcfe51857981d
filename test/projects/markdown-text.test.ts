// Owns the tests of a person's text in Markdown: it shows what it says, and makes nothing.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codeBlock,
  codeCell,
  codeSpan,
  encodeLinkTarget,
  escapeMarkdown,
  escapeParagraphs,
  escapeProse,
  markdownTable,
} from '../../src/projects/markdown-text.ts';
import { readMarkdownStructure } from '../support/markdown-structure.ts';
import { hostileText } from './hostile-text.ts';

const shapeOf = (document: string) => {
  const { headingTexts: _, ...shape } = readMarkdownStructure(document);
  return shape;
};

describe('escapeMarkdown', () => {
  it.each([
    ['# a', '\\# a'],
    ['C #', 'C \\#'],
    ['- a', '\\- a'],
    ['1. a', '1\\. a'],
    ['1.0.0', '1.0.0'],
    ['2026-02-03', '2026-02-03'],
    ['===', '\\==='],
    ['my_project _x_', 'my_project \\_x\\_'],
    ['a*b', 'a\\*b'],
    ['[a](b)', '\\[a\\](b)'],
    ['<b>&amp;', '&lt;b&gt;&amp;amp;'],
    ['a|`b`', 'a&#124;&#96;b&#96;'],
    ['https://a.b', 'https&#58;//a.b'],
    ['  a \r\n\n b\u0007\u2028 ', 'a b'],
    ['\ud800', '\ufffd'],
  ])('of %j is %j', (text, markdown) => {
    expect(escapeMarkdown(text)).toBe(markdown);
  });

  it('makes no structure in any place of a document', () => {
    const places = (text: string) =>
      `# ${text}\n\n${text}\n\ntext\n${text}\n\n- ${text}\n\n| a | b |\n| --- | --- |\n| ${text} | x |\n\n**x** ${text} \`code\` ${text}\n`;
    const plain = shapeOf(places('x'));
    fc.assert(
      fc.property(hostileText(), (text) => {
        const escaped = escapeMarkdown(text) || 'x';
        expect(escaped).not.toMatch(/[\r\n<>`|]/);
        expect(shapeOf(places(escaped))).toEqual(plain);
      }),
      { numRuns: 500 },
    );
  });
});

describe('escapeParagraphs', () => {
  it('keeps paragraphs and nothing else of the line breaks', () => {
    expect(escapeParagraphs('a\nb\r\n\r\n  \n# c\n')).toBe('a b\n\n\\# c');
    expect(escapeParagraphs(' \n\n ')).toBe('');
  });

  it('makes nothing but paragraphs', () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        expect(shapeOf(`${escapeParagraphs(text)}\n`)).toEqual(shapeOf('x\n'));
      }),
      { numRuns: 500 },
    );
  });
});

describe('escapeProse', () => {
  it('keeps code spans and escapes the rest', () => {
    expect(escapeProse('Sets `a_b` | *x* and ``c`d``, not `e')).toBe(
      'Sets `a_b` &#124; \\*x\\* and ``c`d``, not &#96;e',
    );
    expect(escapeProse('`a|b`', codeCell)).toBe('`a\\|b`');
  });

  it('makes no structure in a cell', () => {
    const table = (cell: string) => markdownTable(['a', 'b'], [[cell, 'x']]);
    fc.assert(
      fc.property(hostileText(), (text) => {
        const cell = escapeProse(text, codeCell);
        expect(shapeOf(table(cell))).toEqual(shapeOf(table('x')));
      }),
      { numRuns: 500 },
    );
  });
});

describe('code', () => {
  it('has a fence longer than any run of backticks in it', () => {
    expect(codeSpan('a')).toBe('`a`');
    expect(codeSpan('`a``')).toBe('``` `a`` ```');
    expect(codeSpan('')).toBe('`  `');
    expect(codeBlock('````\n', 'sh')).toBe('`````sh\n````\n`````');
  });

  it('cannot be ended by what it holds', () => {
    const plain = shapeOf(codeBlock('x', 'sh'));
    fc.assert(
      fc.property(hostileText(), (text) => {
        expect(shapeOf(codeBlock(text, 'sh'))).toEqual(plain);
        expect(shapeOf(`a ${codeSpan(text)} b`)).toEqual(shapeOf('a'));
        expect(shapeOf(markdownTable(['a', 'b'], [[codeCell(text), 'x']]))).toEqual(
          shapeOf(markdownTable(['a', 'b'], [['x', 'x']])),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('shows bars in cells, and plain text where no span can', () => {
    expect(codeCell('a | b')).toBe('`a \\| b`');
    expect(codeCell('a \\| b')).toBe('a \\\\&#124; b');
  });
});

describe('encodeLinkTarget', () => {
  it('encodes what a URL or a link cannot hold', () => {
    expect(encodeLinkTarget('a b/c(1)[x].md')).toBe('a%20b/c%281%29%5Bx%5D.md');
    expect(encodeLinkTarget('a:b/%/#?')).toBe('a%3Ab/%25/%23%3F');
    expect(encodeLinkTarget('../../é')).toBe('../../%C3%A9');
  });

  it('decodes to the path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        expect(decodeURIComponent(encodeLinkTarget(path))).toBe(path.toWellFormed());
        expect(encodeLinkTarget(path)).toMatch(/^[\w%./~-]*$/);
      }),
    );
  });
});
