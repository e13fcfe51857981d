// Owns the part of Markdown that the pages use: headings, paragraphs, lists, fenced code, code, links, strong and stressed
// text. Everything else is text, HTML too, so that no page can bring a script along.

/** A heading and the name that links use for it. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly anchor: string;
}

/** Headings of a page, in order. */
export function headingsOf(markdown: string): Heading[] {
  const used = new Map<string, number>();
  return blocksOf(markdown).flatMap((block) => {
    const match = /^(#{1,6}) +(.*)$/.exec(block);
    if (match === null) return [];
    const text = plain((match[2] ?? '').replace(/(?<!\\)[`*]/g, '')).trim();
    const anchor = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, '')
      .replace(/\s/g, '-');
    const before = used.get(anchor) ?? 0;
    used.set(anchor, before + 1);
    return [{ level: match[1]?.length ?? 1, text, anchor: before === 0 ? anchor : `${anchor}-${before}` }];
  });
}

/** Targets of the links of a page, those in code left out. */
export function linksOf(markdown: string): string[] {
  const texts = blocksOf(markdown).filter((block) => !block.startsWith('```'));
  return texts.flatMap((block) =>
    [...block.replace(/`[^`]*`/g, '').matchAll(/\[[^\]]*\]\(([^()\s]+)\)/g)].map((match) => match[1] ?? ''),
  );
}

/** The page as HTML; `linkTo` says what a link's target becomes. */
export function toHtml(markdown: string, linkTo: (target: string) => string): string {
  const headings = headingsOf(markdown);
  let heading = 0;
  const html = blocksOf(markdown).map((block) => {
    const code = /^```[^\n]*\n([\s\S]*?)\n?```$/.exec(block);
    if (code !== null) return `<pre><code>${escapeHtml(code[1] ?? '')}</code></pre>`;
    const title = /^(#{1,6}) +(.*)$/.exec(block);
    if (title !== null) {
      const { level, anchor } = headings[heading++] ?? { level: 1, anchor: '' };
      return `<h${level} id="${anchor}">${inline(title[2] ?? '', linkTo)}</h${level}>`;
    }
    const items = block.split(/\n(?=(?:-|\d+\.) )/).map((item) => /^(-|\d+\.) ([\s\S]*)$/.exec(item));
    if (items.some((item) => item === null)) return `<p>${inline(block, linkTo)}</p>`;
    const list = items[0]?.[1] === '-' ? 'ul' : 'ol';
    return `<${list}>\n${items.map((item) => `<li>${inline(item?.[2] ?? '', linkTo)}</li>\n`).join('')}</${list}>`;
  });
  return `${html.join('\n')}\n`;
}

/** A text that HTML shows as it is. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

// A backslash or an entity stands for the character alone, whatever it means in Markdown.
function plain(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text.replace(/\\([!-/:-@[-`{-~])|&(?:#(\d{1,7})|(amp|lt|gt|quot));/g, (_, escaped, code, name) =>
    String(escaped ?? named[name] ?? String.fromCodePoint(Math.min(Number(code), 0x10ffff))),
  );
}

// Fenced code, a heading, or lines up to an empty one.
function blocksOf(markdown: string): string[] {
  const text = markdown.replace(/\r\n?/g, '\n').replace(/<!--[\s\S]*?-->/g, '');
  const blocks =
    text.match(/^```[^\n]*\n[\s\S]*?^```$|^#{1,6} [^\n]*$|^(?:(?!```|#{1,6} )[^\n]*\S[^\n]*(?:\n|$))+/gm) ?? [];
  return blocks.map((block) => block.trim());
}

function inline(text: string, linkTo: (target: string) => string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) => {
      if (/^`[^`]+`$/.test(part)) return `<code>${escapeHtml(part.slice(1, -1))}</code>`;
      const entities = part.replace(/\\([!-/:-@[-`{-~])/g, (_, character: string) => `&#${character.codePointAt(0)};`);
      return escapeHtml(entities)
        .replace(/&amp;(#\d{1,7}|amp|lt|gt|quot);/g, '&$1;')
        .replace(/\[([^\]]*)\]\(([^()\s]+)\)/g, (_, label: string, target: string) => {
          const isUnsafe = /^(?!https?:|mailto:)[a-z][a-z0-9+.-]*:/i.test(target);
          return isUnsafe ? label : `<a href="${linkTo(target)}">${label}</a>`;
        })
        .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
        .replace(/\*([^*]+)\*/g, '<em>$1</em>');
    })
    .join('');
}
