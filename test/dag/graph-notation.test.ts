// Mermaid and DOT with names that try to break out of their quotes, labels and ids.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDot, toMermaid } from '../../src/dag/graph-notation.ts';
import { graphOf } from './random-graphs.ts';

const anyNames = fc.uniqueArray(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.string({
      unit: fc.constantFrom('"', '\\', '\n', '\r', '&', ';', '#', ']', 'n', '_', '0', '%', '<', '\u2028'),
      maxLength: 6,
    }),
    fc.constantFrom(
      'end',
      'End',
      'graph',
      'subgraph',
      'style',
      'class',
      'click',
      'v',
      '_1',
      '_0',
      'constructor',
      '\ud800',
    ),
  ),
  { minLength: 1, maxLength: 8 },
);

/** Reads a double-quoted DOT string: a quote or backslash inside is escaped by a backslash. */
const DOT_STRING = String.raw`"((?:[^"\\]|\\.)*)"`;

describe('Mermaid', () => {
  it('uses plain names as ids and numbers for others', () => {
    const graph = graphOf([{ name: 'fetch' }, { name: 'end', dependencies: ['fetch'] }, { name: 'a "b"\n<c>' }]);
    expect(toMermaid(graph)).toBe(
      [
        'flowchart TD',
        '  fetch["fetch"]',
        '  _1["end"]',
        '  _2["a #34;b#34;<br/>#60;c#62;"]',
        '  fetch --> _1',
        '',
      ].join('\n'),
    );
  });

  it('keeps any names apart, inside their labels and on their lines', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const graph = graphOf(names.map((name, index) => ({ name, dependencies: names.slice(0, index) })));
        const [head, ...lines] = toMermaid(graph).trimEnd().split('\n');
        expect(head).toBe('flowchart TD');
        const nodes = lines.slice(0, names.length).map((line) => /^ {2}(\w+)\["([^"\\`{}[\]|%:]+)"\]$/u.exec(line));
        const ids = nodes.map((node) => node?.[1] ?? '');
        expect(ids).not.toContain('');
        expect(new Set(ids).size).toBe(names.length);
        expect(ids.some((id) => ['end', 'graph', 'v', 'class', 'constructor'].includes(id.toLowerCase()))).toBe(false);
        const edges = lines.slice(names.length);
        expect(edges).toHaveLength((names.length * (names.length - 1)) / 2);
        for (const edge of edges) expect(edge).toMatch(/^ {2}\w+ --> \w+$/);
      }),
    );
  });
});

describe('DOT', () => {
  it('quotes names as ids and labels', () => {
    const graph = graphOf([{ name: 'a b' }, { name: '"\\n"\n&', dependencies: ['a b'] }]);
    expect(toDot(graph)).toBe(
      [
        'digraph workflow {',
        '  node [shape=box, style=rounded];',
        '  "a b" [label="a b"];',
        String.raw`  "\"\\n\"\ua &" [label="\"\\n\"\n&amp;"];`,
        String.raw`  "a b" -> "\"\\n\"\ua &";`,
        '}',
        '',
      ].join('\n'),
    );
  });

  it('keeps any names apart and inside their quotes', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const graph = graphOf(names.map((name, index) => ({ name, dependencies: names.slice(0, index) })));
        const lines = toDot(graph).trimEnd().split('\n').slice(2, -1);
        const node = new RegExp(`^  ${DOT_STRING} \\[label=${DOT_STRING}\\];$`, 'u');
        const ids = lines.slice(0, names.length).map((line) => node.exec(line)?.[1] ?? 'unreadable');
        expect(ids).not.toContain('unreadable');
        expect(new Set(ids).size).toBe(names.length);
        const edge = new RegExp(`^  ${DOT_STRING} -> ${DOT_STRING};$`, 'u');
        for (const line of lines.slice(names.length)) expect(line).toMatch(edge);
      }),
    );
  });
});

describe('a drawing with notes and styles', () => {
  const DONE = { name: 'done', fill: '#ffffff', stroke: '#000000', dashed: false };
  const OPEN = { ...DONE, name: 'open', dashed: true };
  const graph = graphOf([{ name: 'a' }, { name: 'end', dependencies: ['a'] }, { name: 'c', dependencies: ['a'] }]);
  const look = {
    noteOf: (index: number) => (index === 1 ? 'took "1 s"' : ''),
    styleOf: (index: number) => (index === 2 ? OPEN : DONE),
    isThick: (dependency: number, dependent: number) => dependency === 0 && dependent === 1,
  };

  it('says so in Mermaid', () => {
    expect(toMermaid(graph, look)).toBe(
      [
        'flowchart TD',
        '  a["a"]',
        '  _1["end<br/>took #34;1 s#34;"]',
        '  c["c"]',
        '  a ==> _1',
        '  a --> c',
        '  classDef done fill:#ffffff,stroke:#000000,color:#1c2430',
        '  class a,_1 done',
        '  classDef open fill:#ffffff,stroke:#000000,color:#1c2430,stroke-dasharray:4 3',
        '  class c open',
        '',
      ].join('\n'),
    );
  });

  it('says so in DOT', () => {
    expect(toDot(graph, look).split('\n').slice(2, -2)).toEqual([
      '  "a" [label="a", style="rounded,filled", fillcolor="#ffffff", color="#000000", fontcolor="#1c2430"];',
      '  "end" [label="end\\ntook \\"1 s\\"", style="rounded,filled", fillcolor="#ffffff", color="#000000", fontcolor="#1c2430"];',
      '  "c" [label="c", style="rounded,filled,dashed", fillcolor="#ffffff", color="#000000", fontcolor="#1c2430"];',
      '  "a" -> "end" [penwidth=3];',
      '  "a" -> "c";',
    ]);
  });
});
