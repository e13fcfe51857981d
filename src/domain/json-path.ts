// Owns the one spelling of a place inside a JSON document: `$.steps[2].parameters["a key"]`.
// Faults carry it, and the loader reads it back to find the line. It must give back exactly what was put in.

/** One step down: the name of a member or the index of an element. */
export type JsonPathSegment = string | number;

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SEGMENT = /\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** The text of a path; member names that are not plain words are quoted as in JSON. */
export function formatJsonPath(segments: readonly JsonPathSegment[]): string {
  let text = '$';
  for (const segment of segments) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else text += PLAIN_NAME.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
  }
  return text;
}

/** The segments of a path that `formatJsonPath` made; stops at the first part that is none. */
export function parseJsonPath(text: string): JsonPathSegment[] {
  const segments: JsonPathSegment[] = [];
  SEGMENT.lastIndex = 1;
  for (let match = SEGMENT.exec(text); match !== null; match = SEGMENT.exec(text)) {
    const [, name, index, quoted] = match;
    if (name !== undefined) segments.push(name);
    else if (index !== undefined) segments.push(Number(index));
    else if (quoted !== undefined) segments.push(String(JSON.parse(quoted)));
  }
  return segments;
}
