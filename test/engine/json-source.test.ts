// A source must give its value or a fault with its line, whatever the bytes, and never overflow.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_JSON_DEPTH } from '../../src/domain/json-value.ts';
import { readJsonSource, withLines } from '../../src/engine/json-source.ts';
import { CORPORA_NOTE, corpusFiles, HAS_CORPORA } from './workflow-corpus.ts';

function faultOf(source: string | Uint8Array) {
  const [fault] = readJsonSource(source).faults;
  return fault;
}

const bytes = (...parts: (string | number)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...new TextEncoder().encode(part)])));

describe('a JSON source', () => {
  it('is read as text or as bytes, with or without a byte order mark', () => {
    for (const source of ['{"a":1}', '\uFEFF{"a":1}', bytes('{"a":1}'), bytes(0xef, 0xbb, 0xbf, '{"a":1}')]) {
      expect(readJsonSource(source)).toMatchObject({ kind: 'parsed', value: { a: 1 }, faults: [] });
    }
  });

  it.each([
    ['{\n  "a": 1,\n  "b": x\n}', 3, 8],
    ['{\n  "a": 1,\n}', 3, 1],
    ['[1,\r\n2,,3]', 2, 3],
    ['{"a": 1 // why\n}', 1, 9],
    ['{"a": "tab\there"}', 1, 7],
    ['{"a":\n', 2, 1],
    ['', 1, 1],
    ['{} {}', 1, 4],
    ['{"a": 01}', 1, 8],
  ])('%j is at fault in line %i, column %i', (text, line, column) => {
    expect(faultOf(text)).toMatchObject({ code: 'WORKFLOW_JSON', path: '$', line });
    expect(faultOf(text)?.message).toContain(`line ${line} column ${column}`);
  });

  it('that is no UTF-8 is at fault in the line of the first wrong byte', () => {
    expect(faultOf(bytes('{\n"a": "', 0xff, '"}'))).toMatchObject({ code: 'WORKFLOW_JSON', line: 2 });
    expect(faultOf(bytes('\n\n"', 0xc3))).toMatchObject({ line: 3 });
    expect(faultOf(bytes(0xff, 0xfe, '[', 0))?.message).toMatch(/not valid UTF-8/);
  });

  it('has each member once', () => {
    const text = '{"a": {"x": 1,\n"x": 2}, "b": [{"y": 0, "z": {"y": 0}}, {"y": 0,\n"\\u0079": 0}],\n"a": 0}';
    expect(readJsonSource(text).faults.map(({ code, path, line }) => [code, path, line])).toEqual([
      ['WORKFLOW_JSON', '$.a.x', 2],
      ['WORKFLOW_JSON', '$.b[1].y', 3],
      ['WORKFLOW_JSON', '$.a', 4],
    ]);
  });

  it('may be as deep as recorded values may, and no deeper', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(readJsonSource(nested(MAX_JSON_DEPTH)).kind).toBe('parsed');
    expect(faultOf(nested(MAX_JSON_DEPTH + 1))?.message).toMatch(/nested deeper than/);
    expect(faultOf(nested(1_000_000))?.message).toMatch(/nested deeper than/);
    expect(faultOf('[{"":'.repeat(200_000))?.message).toMatch(/not valid JSON/);
  });

  it('larger than the bound is refused before it is read', () => {
    expect(faultOf(new Uint8Array(64 * 1024 * 1024 + 1))?.message).toMatch(/larger than 64 MB/);
  });

  it('is taken exactly where JSON.parse takes it', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', '0', 'x', '\n'), (json, at, put) => {
        const place = at % (json.length + 1);
        const text = json.slice(0, place) + put + json.slice(place);
        let sound = true;
        try {
          JSON.parse(text);
        } catch {
          sound = false;
        }
        const source = readJsonSource(text);
        expect(source.kind).toBe(sound ? 'parsed' : 'faulty');
        if (!sound) expect(source.faults[0]?.line).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('lines of paths', () => {
  const text = '{\n "steps": [\n  {"name": "a"},\n  {\n   "name": "b",\n   "odd key": [1,\n 2]\n  }\n ]\n}';
  const lineOf = (path: string) => withLines(text, [{ code: 'X', message: '', path }])[0]?.line;

  it('are those of the member or the element', () => {
    expect(lineOf('$')).toBe(1);
    expect(lineOf('$.steps')).toBe(2);
    expect(lineOf('$.steps[0]')).toBe(3);
    expect(lineOf('$.steps[1].name')).toBe(5);
    expect(lineOf('$.steps[1]["odd key"][1]')).toBe(7);
  });

  it('are those of what misses it, where there is nothing', () => {
    expect(lineOf('$.name')).toBe(1);
    expect(lineOf('$.steps[1].module')).toBe(4);
    expect(lineOf('$.steps[7].module')).toBe(2);
  });

  it('are found for many faults in one walk', () => {
    const many = JSON.stringify({ steps: Array.from({ length: 20_000 }, () => ({ a: 1 })) }, null, 1);
    const faults = Array.from({ length: 20_000 }, (_, index) => ({
      code: 'X',
      message: '',
      path: `$.steps[${index}].a`,
    }));
    expect(withLines(many, faults).map(({ line }) => line)).toEqual(faults.map((_, index) => 4 + 3 * index));
  });
});

describe.skipIf(!HAS_CORPORA)(`JSONTestSuite${CORPORA_NOTE}`, () => {
  const files = corpusFiles('json/test_parsing');

  it('has its files', () => {
    expect(files).toHaveLength(318);
  });

  it.each(files.map((path) => [basename(path), path]))('%s', (name, path) => {
    const source = readJsonSource(readFileSync(path));
    if (name.startsWith('n_')) expect(source).toMatchObject({ kind: 'faulty', faults: [{ code: 'WORKFLOW_JSON' }] });
    else if (name.startsWith('y_')) expect(source.kind).toBe('parsed');
    else expect(['parsed', 'faulty']).toContain(source.kind);
    if (source.kind === 'faulty') expect(source.faults[0]?.line).toBeGreaterThan(0);
  });
});
