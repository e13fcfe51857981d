// Owns colour: which styles the shell uses for what, and whether any are used at all (NO_COLOR, FORCE_COLOR, pipes).

import { styleText } from 'node:util';

const STYLES = {
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  active: 'cyan',
  quiet: 'gray',
  strong: 'bold',
} as const;
export type StyleName = keyof typeof STYLES;

/** Styles text by meaning, or gives it back as it is. */
export type Styler = (style: StyleName, text: string) => string;

/** No styles at all. */
export const PLAIN_STYLER: Styler = (_style, text) => text;

/** Escape sequences, whatever the stream is. */
export const COLOUR_STYLER: Styler = (style, text) => styleText(STYLES[style], text, { validateStream: false });

/**
 * The styler for a stream. NO_COLOR (https://no-color.org) wins over FORCE_COLOR; without either a terminal decides.
 */
export function stylerFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Styler {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return PLAIN_STYLER;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR === '0' || FORCE_COLOR === 'false' ? PLAIN_STYLER : COLOUR_STYLER;
  return stream.isTTY === true && TERM !== 'dumb' ? COLOUR_STYLER : PLAIN_STYLER;
}
