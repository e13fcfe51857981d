// Owns writing a graph in the notations of drawing tools: Mermaid flowcharts and Graphviz DOT.
// Names are the users': quotes, newlines, brackets and keywords must stay text. Must never emit a name unescaped,
// nor two ids that are equal.

import { at } from './adjacency.ts';
import type { TaskGraph } from './task-graph.ts';

/** Names that are plain words are their own Mermaid ids; others get `_<index>`, which no plain word can be. */
const PLAIN_WORD = /^[A-Za-z][A-Za-z0-9_]*$/;
/** Words that Mermaid's grammar takes for itself, at least as the start of a line or an id. */
const MERMAID_KEYWORD =
  /^(?:v$|end|graph|flowchart|subgraph|style|linkstyle|class|click|call|href|default|direction|interpolate|acctitle|accdescr)/i;
/** What may stand as it is in a Mermaid label: of ASCII little, beyond it all that is visible. */
const MERMAID_SPECIAL = /[^A-Za-z0-9 _.,()/+=@\u{a1}-\u{10ffff}-]|\p{C}|(?! )\p{Z}/gu;
const LINE_BREAK = /\r\n|[\r\n\u2028\u2029]/g;

/** Colours of a box, as `#rrggbb`; its letters are dark. */
export interface NodeStyle {
  /** A plain word: the name of its Mermaid class. */
  readonly name: string;
  readonly fill: string;
  readonly stroke: string;
  readonly dashed: boolean;
}

/** What a drawing shows beside names and arrows. */
export interface NotationLook {
  /** A second line in the box of a task; empty = none. */
  readonly noteOf: (index: number) => string;
  readonly styleOf: (index: number) => NodeStyle;
  /** Arrows that are drawn thick. */
  readonly isThick: (dependency: number, dependent: number) => boolean;
}

/** The graph as a Mermaid flowchart, one line a task and one a dependency, arrows from dependency to dependent. */
export function toMermaid(graph: TaskGraph, look?: NotationLook): string {
  const ids = graph.names.map((name, index) => (isMermaidId(name) ? name : `_${index}`));
  const lines = ['flowchart TD'];
  const members = new Map<string, { readonly style: NodeStyle; readonly ids: string[] }>();
  graph.names.forEach((name, index) => {
    const note = look?.noteOf(index) ?? '';
    const id = ids[index] ?? '';
    lines.push(`  ${id}["${mermaidLabel(name)}${note === '' ? '' : `<br/>${mermaidLabel(note)}`}"]`);
    const style = look?.styleOf(index);
    if (style === undefined) return;
    const known = members.get(style.name);
    if (known === undefined) members.set(style.name, { style, ids: [id] });
    else known.ids.push(id);
  });
  forEachEdge(graph, (dependency, dependent) => {
    const arrow = look?.isThick(dependency, dependent) === true ? '==>' : '-->';
    lines.push(`  ${ids[dependency]} ${arrow} ${ids[dependent]}`);
  });
  for (const { style, ids: named } of members.values()) {
    const dashes = style.dashed ? ',stroke-dasharray:4 3' : '';
    lines.push(`  classDef ${style.name} fill:${style.fill},stroke:${style.stroke},color:#1c2430${dashes}`);
    lines.push(`  class ${named.join(',')} ${style.name}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The graph in Graphviz's DOT language, arrows from dependency to dependent. */
export function toDot(graph: TaskGraph, look?: NotationLook): string {
  const ids = graph.names.map(dotId);
  const lines = ['digraph workflow {', '  node [shape=box, style=rounded];'];
  graph.names.forEach((name, index) => {
    const note = look?.noteOf(index) ?? '';
    const text = note === '' ? name : `${name}\n${note}`;
    lines.push(`  ${ids[index]} [label=${dotLabel(text)}${look === undefined ? '' : dotStyle(look.styleOf(index))}];`);
  });
  forEachEdge(graph, (dependency, dependent) => {
    const thick = look?.isThick(dependency, dependent) === true ? ' [penwidth=3]' : '';
    lines.push(`  ${ids[dependency]} -> ${ids[dependent]}${thick};`);
  });
  lines.push('}');
  return `${lines.join('\n')}\n`;
}

function dotStyle({ fill, stroke, dashed }: NodeStyle): string {
  const kinds = `rounded,filled${dashed ? ',dashed' : ''}`;
  return `, style="${kinds}", fillcolor="${fill}", color="${stroke}", fontcolor="#1c2430"`;
}

function forEachEdge(graph: TaskGraph, visit: (dependency: number, dependent: number) => void): void {
  for (let dependent = 0; dependent < graph.size; dependent++) {
    const end = at(graph.dependencyOffsets, dependent + 1);
    for (let edge = at(graph.dependencyOffsets, dependent); edge < end; edge++) {
      visit(at(graph.dependencies, edge), dependent);
    }
  }
}

// Mermaid's layout keeps nodes in plain objects, where `constructor` or `toString` is already taken.
function isMermaidId(name: string): boolean {
  return PLAIN_WORD.test(name) && !MERMAID_KEYWORD.test(name) && !(name in Object.prototype);
}

// Mermaid writes a character as `#<code>;`. A label must not be empty.
function mermaidLabel(name: string): string {
  if (name.trim() === '') return '#32;';
  return name
    .toWellFormed()
    .split(LINE_BREAK)
    .map((line) => line.replace(MERMAID_SPECIAL, (character) => `#${character.codePointAt(0)};`))
    .join('<br/>');
}

// In an id DOT undoes `\"` alone; doubling every backslash keeps different names different.
function dotId(name: string): string {
  const text = name
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, (character) => `\\u${character.codePointAt(0)?.toString(16)} `);
  return `"${text}"`;
}

// In a label DOT reads backslash sequences and HTML entities.
function dotLabel(name: string): string {
  const text = name
    .toWellFormed()
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('&', '&amp;')
    .replace(LINE_BREAK, '\\n')
    .replace(/\p{Cc}/gu, '\ufffd');
  return `"${text}"`;
}
