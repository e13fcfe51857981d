// Owns a plain reading of Markdown's structure, line by line, for tests that hold generated documents against each other:
// headings, fences, comments, tables, lists, links, and HTML that is none of the known comments. Not a whole Markdown
// parser: where CommonMark leaves a doubt it counts the construct, so that a text with one is seen to differ.

/** What a document is made of. */
export interface MarkdownStructure {
  /** Levels in order; a heading underlined in setext form counts as well. */
  readonly headings: readonly number[];
  readonly headingTexts: readonly string[];
  /** Closed fenced blocks. */
  readonly fences: number;
  readonly isFenceOpen: boolean;
  readonly comments: readonly string[];
  /** Cells by row of each table. */
  readonly tables: readonly (readonly number[])[];
  readonly bullets: number;
  readonly links: readonly string[];
  /** Tags and comments that stand within lines. */
  readonly html: readonly string[];
  /** Quotes, rules, numbered lists, link definitions. */
  readonly others: readonly string[];
}

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const OTHERS: readonly (readonly [string, RegExp])[] = [
  ['quote', /^ {0,3}>/],
  ['rule', /^ {0,3}(?:(?:\* *){3,}|(?:_ *){3,}|(?:- *){3,})$/],
  ['numbered list', /^ {0,3}\d{1,9}[.)](?:\s|$)/],
  ['definition', /^ {0,3}\[[^\]]*\]:/],
  ['indented code', /^(?: {4}|\t)/],
];

/** Reads the structure of a document. */
export function readMarkdownStructure(document: string): MarkdownStructure {
  const found: Found = {
    headings: [],
    headingTexts: [],
    fences: 0,
    comments: [],
    tables: [],
    bullets: 0,
    links: [],
    html: [],
    others: [],
  };
  let fence: string | undefined;
  let previous = '';
  for (const line of document.split(/\r\n|\r|\n/)) {
    const mark = FENCE.exec(line);
    if (fence !== undefined) {
      const isEnd = mark?.[1]?.startsWith(fence) === true && mark[2]?.trim() === '';
      if (isEnd) found.fences++;
      if (isEnd) fence = undefined;
    } else if (mark?.[1] !== undefined && !(mark[1].startsWith('`') && mark[2]?.includes('`'))) {
      fence = mark[1];
    } else {
      readLine(line, previous, found);
    }
    previous = line;
  }
  return { ...found, isFenceOpen: fence !== undefined };
}

function readLine(line: string, previous: string, found: Found): void {
  if (/^<!-- [^>]* -->$/.test(line)) {
    found.comments.push(line);
    return;
  }
  const heading = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/.exec(line);
  if (heading !== null) {
    found.headings.push(heading[1]?.length ?? 0);
    found.headingTexts.push(heading[2] ?? '');
  }
  if (/^ {0,3}(?:=+|-+)[ \t]*$/.test(line) && previous.trim() !== '') found.headings.push(0);
  for (const [what, pattern] of OTHERS) if (pattern.test(line)) found.others.push(what);
  if (/^ {0,3}[-*+](?:\s|$)/.test(line)) found.bullets++;
  const text = withoutCode(line);
  if (text.startsWith('|')) {
    const row = cellsOf(line);
    const table = previous.startsWith('|') ? found.tables.at(-1) : undefined;
    if (table === undefined) found.tables.push([row]);
    else table.push(row);
  }
  for (const link of text.matchAll(/(?<!\\)\[(?:\\.|[^\]\\])*\]\(([^)\s]*)\)/g)) found.links.push(link[1] ?? '');
  for (const html of text.matchAll(/(?<!\\)<[a-z/!?][^>]*>?/gi)) found.html.push(html[0]);
}

interface Found {
  headings: number[];
  headingTexts: string[];
  fences: number;
  comments: string[];
  tables: number[][];
  bullets: number;
  links: string[];
  html: string[];
  others: string[];
}

// In a table a bar ends the cell even within code, unless a backslash stands before it.
function cellsOf(line: string): number {
  return line.replace(/\\[\\|]/g, '').split('|').length - 2;
}

// What a backslash escapes is passed over, so that an escaped backtick opens nothing and one after two backslashes does.
function withoutCode(line: string): string {
  return line.replace(/\\[!-/:-@[-`{-~]|(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, (match, fence) =>
    typeof fence === 'string' ? 'code' : match,
  );
}
