// Owns how an address is held against a pattern with `{variables}`. The address is taken as the client wrote it: what a
// URL parser would make of `..` or of upper case must never lead to another resource than the one that was named.

/** By variable, what stood in its place, decoded. */
export type UriVariables = Readonly<Record<string, string>>;

const VARIABLE = /^\{(\w+)\}$/;

/** A pattern such as `yardmaster://runs/{id}/logs`: a variable is one whole part between slashes. */
export class UriPattern {
  readonly #parts: readonly { readonly text: string; readonly variable: string | undefined }[];

  constructor(pattern: string) {
    this.#parts = pattern.split('/').map((text) => ({ text, variable: VARIABLE.exec(text)?.[1] }));
  }

  /** Whether there are no variables in it. */
  get isFixed(): boolean {
    return this.#parts.every(({ variable }) => variable === undefined);
  }

  /** The variables of an address; undefined for one that is no match or cannot be decoded. */
  match(uri: string): UriVariables | undefined {
    const given = uri.split('/');
    if (given.length !== this.#parts.length) return undefined;
    const variables: Record<string, string> = Object.create(null);
    for (const [index, { text, variable }] of this.#parts.entries()) {
      const part = given[index] ?? '';
      if (variable === undefined) {
        if (part !== text) return undefined;
      } else {
        const value = decoded(part);
        if (value === undefined || value === '') return undefined;
        variables[variable] = value;
      }
    }
    return variables;
  }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
