// Owns reading pictures in tests: whether an XML reader would take them.

/** Opening and closing tags match, and outside of tags no character is left that XML forbids. */
export function isWellFormed(svg: string): boolean {
  const open: string[] = [];
  for (const [, closing, name, , selfClosing] of svg.matchAll(/<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/gi)) {
    if (closing === '/' && open.pop() !== name) return false;
    if (closing === '' && selfClosing === '') open.push(name ?? '');
  }
  const rest = svg.replace(/<style>[^<]*<\/style>/, '').replace(/<\/?[a-z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/gi, '');
  return open.length === 0 && !/[<>]|&(?!(?:amp|lt|gt|quot);)|(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/u.test(rest);
}
