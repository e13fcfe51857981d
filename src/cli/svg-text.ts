// Owns text in pictures: what XML cannot hold is replaced, what it must not hold is escaped, and a guess of how wide it is.
// There is no font to measure with, so widths are rough; must never let a name end its element.

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

// XML 1.0 has no way to write most control characters, lone surrogates and the two non-characters.
/** Text for between tags or in an attribute with double quotes. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

/** About how wide text is; `pixels` is the width of a small letter. Ideographs and emoji are about twice as wide. */
export function textWidth(text: string, pixels: number): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    width += code >= 0x1100 && (code < 0x2000 || code >= 0x2e80) ? 1.9 : /[A-Z@WM%]/.test(character) ? 1.25 : 1;
  }
  return width * pixels;
}

/** One line that fits, cut with an ellipsis; empty where not even three letters do. */
export function clipText(text: string, pixels: number, room: number): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  if (textWidth(line, pixels) <= room) return line;
  let kept = '';
  let width = pixels;
  for (const character of line) {
    width += textWidth(character, pixels);
    if (width > room) break;
    kept += character;
  }
  return kept.length < 3 ? '' : `${kept}…`;
}
