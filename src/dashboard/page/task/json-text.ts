// Owns how a value that came as JSON text is laid out for people. Text that was cut is no JSON any more, so that the
// layout goes by brackets and strings alone; it never throws, and what it changes is white space only.

const MOST_CHARACTERS = 200_000;
const INDENT = '  ';

/** JSON text with a line for every member; other text, and very long text, as it is. */
export function prettyJson(text: string): string {
  if (text.length > MOST_CHARACTERS || text.includes('\n') || !/^\s*[[{]/.test(text)) return text;
  let depth = 0;
  let pretty = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '"') {
      const end = endOfString(text, at);
      pretty += text.slice(at, end);
      at = end - 1;
    } else if (character === '{' || character === '[') {
      const next = text[at + 1];
      if (next === '}' || next === ']') {
        pretty += character + next;
        at += 1;
      } else {
        depth += 1;
        pretty += character + lineBreak(depth);
      }
    } else if (character === '}' || character === ']') {
      depth = Math.max(0, depth - 1);
      pretty += lineBreak(depth) + character;
    } else if (character === ',') pretty += `,${lineBreak(depth)}`;
    else if (character === ':') pretty += ': ';
    else if (!/\s/.test(character)) pretty += character;
  }
  return pretty;
}

function lineBreak(depth: number): string {
  return `\n${INDENT.repeat(Math.min(depth, 40))}`;
}

/** One past the closing quote, or the end of text that was cut within. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
