// Owns turning values into HTML: whatever is put into a template is escaped, unless it is markup itself.
// Must never let a file name become markup, a script's end, or an invisible character.

/** HTML that is safe to place in a page as it is. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Placeable = string | number | Markup | readonly Markup[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Builds markup from a template; strings and numbers are escaped, lists of markup joined. */
export function html(strings: TemplateStringsArray, ...values: readonly Placeable[]): Markup {
  let text = strings[0] ?? '';
  for (const [index, value] of values.entries()) text += textOf(value) + (strings[index + 1] ?? '');
  return new Markup(text);
}

export const NOTHING = new Markup('');

/** Escapes text for element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/**
 * A file name as people should see it: control characters, line ends, lone surrogates and marks that turn the reading
 * direction become `\u{…}`.
 */
export function visibleName(name: string): string {
  return name.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu,
    (character) => {
      return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
    },
  );
}

/** JSON that can stand in a script element: no `<`, so neither a closing tag nor a comment can begin in it. */
export function jsonForScript(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

function textOf(value: Placeable): string {
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  if (value instanceof Markup) return value.text;
  return value.map((part) => part.text).join('');
}
