// Owns how a fact refers to an artifact: its text contains `sha256-` and 64 hexadecimal digits.

const MARK = 'sha256-';
const REFERENCE = /sha256-[0-9a-f]{64}/g;

/** The hashes that a text names, each as often as it does; the search for the mark makes the usual fact cheap. */
export function artifactHashesIn(text: string): readonly string[] {
  return text.includes(MARK) ? (text.match(REFERENCE) ?? []) : [];
}
