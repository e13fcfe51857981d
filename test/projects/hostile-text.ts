// Owns texts that try to break a document: pieces of Markdown, markers, variables and characters of every kind, put together
// at random.

import fc from 'fast-check';

const PIECES = [
  ...[
    '$&',
    '$1',
    '\\',
    '\\\\',
    '{{x}}',
    '{{project_name}}',
    '{{ owner }}',
    '{{',
    '}}',
    '-->',
    '<!--',
    '&lt;',
    '&',
    ';',
    '"',
  ],
  ...[
    '`',
    '``',
    '```',
    '````',
    '~~~',
    '|',
    '\\|',
    '|---|',
    ':---:',
    '<script>',
    '</code>',
    '<a href="x">',
    '<!x',
    '<?y',
  ],
  ...[
    '# ',
    '#',
    ' #',
    '* ',
    '- ',
    '+ ',
    '1. ',
    '2) ',
    '=',
    '===',
    '---',
    '***',
    '___',
    '>',
    '    ',
    '\t',
    '_a_',
    '**b**',
    '~',
  ],
  ...[
    '[x](y)',
    '![x](y)',
    '[x]: y',
    '[^1]',
    '[',
    ']',
    '(',
    ')',
    '!',
    '<http://a.b>',
    'http://a.b',
    'www.a.b',
    'a@b.cc',
    '$$',
  ],
  ...['<!-- yardmaster:begin overview -->', '<!-- yardmaster:end overview -->', '<!-- yardmaster:hands-off -->'],
  ...[
    '\n',
    '\r\n',
    '\r',
    '\n\n',
    '\u2028',
    '\u202e',
    '\0',
    '\ud800',
    '\ufeff',
    '\u00a0',
    'é',
    '漢',
    '👍',
    'a',
    'b c',
    '.',
    "'",
  ],
];

/** Any text, made of nasty pieces more often than not; may be blank. */
export function hostileText(): fc.Arbitrary<string> {
  const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((list) => list.join(''));
  return fc.oneof(
    { weight: 3, arbitrary: pieces },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  );
}

/** The same without control characters and not blank, as names are. */
export function hostileName(): fc.Arbitrary<string> {
  return hostileText()
    .map((text) => text.replace(/\p{C}|\p{Zl}|\p{Zp}/gu, '').trim())
    .filter((text) => text !== '');
}
