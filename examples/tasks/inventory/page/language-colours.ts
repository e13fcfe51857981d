// Owns the colour of each language on the page: chosen for the common ones, dealt from a fixed row to the others, so that
// neighbours differ and the same list of languages always looks the same. Readable in light and dark.

const CHOSEN: Readonly<Record<string, string>> = {
  TypeScript: '#3f7fd6',
  JavaScript: '#e3b341',
  JSON: '#4fa3a0',
  'Source map': '#b7a184',
  Markdown: '#7fb069',
  HTML: '#e2703a',
  CSS: '#9067c6',
  'Native code': '#64748f',
  'C/C++ header': '#c98bb0',
  C: '#8c6bb1',
  'C++': '#d1608a',
  Rust: '#c9703d',
  Go: '#36b3d0',
  Python: '#4f8fb8',
  Java: '#b5793c',
  Ruby: '#c04a4a',
  PHP: '#7a84c4',
  Shell: '#86b94d',
  WebAssembly: '#7a5cd6',
  YAML: '#cf5d66',
  TOML: '#a5673f',
  XML: '#5b9a6f',
  SVG: '#e59c5b',
  Image: '#d88ac0',
  Font: '#8f9bb3',
  Archive: '#8a7160',
  Document: '#b4656f',
  'Plain text': '#9aa5b1',
  'Other text': '#7f8b99',
  'Other binary': '#535f70',
  Flow: '#e0c46c',
};

const DEALT = [
  '#6aa6e0',
  '#d9a05b',
  '#74b49b',
  '#b583c9',
  '#d6786b',
  '#8fb859',
  '#5fa8b8',
  '#c98a9b',
  '#a39ad0',
  '#b8a642',
];

export interface LanguageColour {
  readonly language: string;
  readonly fill: string;
  /** Text on the fill: the darker or lighter of two, whichever stands out. */
  readonly ink: string;
}

/** Colours for languages in the order given. */
export function colourLanguages(languages: readonly string[]): LanguageColour[] {
  let dealt = 0;
  return languages.map((language) => {
    const chosen = Object.hasOwn(CHOSEN, language) ? CHOSEN[language] : undefined;
    const fill = chosen ?? DEALT[dealt++ % DEALT.length] ?? '#8f9bb3';
    return { language, fill, ink: inkOn(fill) };
  });
}

/** Black or white, by the contrast ratio of WCAG 2.2 (relative luminance above 0.179 needs dark text). */
export function inkOn(fill: string): string {
  const channels = [1, 3, 5].map((at) => {
    const share = Number.parseInt(fill.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = channels;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#10151d' : '#ffffff';
}
