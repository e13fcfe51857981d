// Owns which language (or kind of file) a path is: by well-known name, by extension, by shebang, by magic number.
// Deterministic, from the path and the first bytes alone. Must never open a file.

import { basename, extname } from 'node:path/posix';

const BY_LANGUAGE: Readonly<Record<string, string>> = {
  TypeScript: '.ts .mts .cts .tsx',
  JavaScript: '.js .mjs .cjs .jsx .es6',
  JSON: '.json .jsonc .json5 .webmanifest .geojson .jsonl .ndjson .har .ipynb',
  'Source map': '.map',
  Markdown: '.md .mdx .markdown',
  HTML: '.html .htm .xhtml',
  CSS: '.css .scss .sass .less .styl',
  Vue: '.vue',
  Svelte: '.svelte',
  Astro: '.astro',
  Flow: '.flow',
  CoffeeScript: '.coffee',
  'C/C++ header': '.h .hh .hpp .hxx .inc',
  C: '.c',
  'C++': '.cc .cpp .cxx .c++ .ipp',
  'C#': '.cs .csx',
  'F#': '.fs .fsx .fsi',
  'Objective-C': '.m .mm',
  Rust: '.rs',
  Go: '.go',
  Zig: '.zig',
  Java: '.java',
  Kotlin: '.kt .kts',
  Scala: '.scala .sbt',
  Groovy: '.groovy .gradle',
  Clojure: '.clj .cljs .cljc .edn',
  Swift: '.swift',
  Dart: '.dart',
  Python: '.py .pyi .pyx .pyw',
  Ruby: '.rb .rake .gemspec .erb',
  PHP: '.php .phtml',
  Perl: '.pl .pm .pod',
  Lua: '.lua',
  R: '.r .rmd',
  Julia: '.jl',
  Elixir: '.ex .exs .heex',
  Erlang: '.erl .hrl',
  Haskell: '.hs .lhs',
  OCaml: '.ml .mli',
  Nim: '.nim',
  Crystal: '.cr',
  Lisp: '.lisp .lsp .cl .el .scm .rkt',
  Prolog: '.pro .prolog',
  Fortran: '.f .f90 .f95 .for',
  Assembly: '.asm .s',
  Shell: '.sh .bash .zsh .fish .ksh',
  PowerShell: '.ps1 .psm1 .psd1',
  Batch: '.bat .cmd',
  SQL: '.sql',
  GraphQL: '.graphql .gql',
  'Protocol Buffers': '.proto',
  XML: '.xml .xsd .xsl .xslt .plist .resx .csproj .vcxproj .wsdl',
  SVG: '.svg',
  YAML: '.yml .yaml',
  TOML: '.toml',
  INI: '.ini .cfg .conf .properties .env .editorconfig .npmrc',
  CSV: '.csv .tsv',
  TeX: '.tex .sty .cls .bib .bst',
  reStructuredText: '.rst',
  AsciiDoc: '.adoc .asciidoc',
  'Plain text': '.txt .text .log .tag .pre .out',
  Diff: '.diff .patch',
  Template: '.ejs .hbs .mustache .pug .jade .njk .liquid .tmpl .tpl .j2',
  HCL: '.tf .tfvars .hcl',
  Nix: '.nix',
  CMake: '.cmake',
  Makefile: '.mk .mak',
  GYP: '.gyp .gypi',
  'Vim script': '.vim',
  WebAssembly: '.wasm .wat',
  Image: '.png .jpg .jpeg .gif .webp .avif .ico .bmp .tif .tiff .psd .heic',
  Font: '.woff .woff2 .ttf .otf .eot',
  Audio: '.mp3 .wav .ogg .flac .m4a .aac .opus',
  Video: '.mp4 .webm .mov .avi .mkv .m4v .mpg',
  Archive: '.zip .gz .tgz .bz2 .xz .zst .br .7z .rar .tar .jar .war .whl .deb .rpm .nupkg .asar',
  Document: '.pdf .doc .docx .xls .xlsx .ppt .pptx .odt .ods .epub',
  Database: '.sqlite .sqlite3 .db .mdb',
  'Native code': '.node .so .dylib .dll .exe .o .a .lib .obj .pdb',
  Bytecode: '.class .pyc .pyo .beam .snap .jsc',
  Certificate: '.pem .crt .cer .der .key .pub .asc .sig',
};

const BY_NAME: Readonly<Record<string, string>> = {
  makefile: 'Makefile',
  gnumakefile: 'Makefile',
  'cmakelists.txt': 'CMake',
  dockerfile: 'Dockerfile',
  containerfile: 'Dockerfile',
  gemfile: 'Ruby',
  rakefile: 'Ruby',
  vagrantfile: 'Ruby',
  jenkinsfile: 'Groovy',
  procfile: 'YAML',
  license: 'Plain text',
  licence: 'Plain text',
  copying: 'Plain text',
  notice: 'Plain text',
  readme: 'Plain text',
  changelog: 'Plain text',
  authors: 'Plain text',
  contributors: 'Plain text',
  contributing: 'Plain text',
  codeowners: 'Plain text',
  patents: 'Plain text',
  'go.mod': 'Go',
  'go.sum': 'Plain text',
  'yarn.lock': 'YAML',
  '.gitignore': 'INI',
  '.gitattributes': 'INI',
  '.gitmodules': 'INI',
  '.npmignore': 'INI',
  '.dockerignore': 'INI',
  '.eslintrc': 'JSON',
  '.babelrc': 'JSON',
  '.prettierrc': 'JSON',
  '.bashrc': 'Shell',
  '.profile': 'Shell',
};

const BY_INTERPRETER: readonly (readonly [RegExp, string])[] = [
  [/^(node|nodejs|bun)$/, 'JavaScript'],
  [/^(deno|ts-node|tsx)$/, 'TypeScript'],
  [/^(ba|z|k|da|a|c|fi)?sh$/, 'Shell'],
  [/^python[\d.]*$/, 'Python'],
  [/^ruby[\d.]*$/, 'Ruby'],
  [/^perl[\d.]*$/, 'Perl'],
  [/^php[\d.]*$/, 'PHP'],
  [/^lua[\d.]*$/, 'Lua'],
  [/^(gmake|make)$/, 'Makefile'],
];

/** First bytes of formats that often have no extension. */
const BY_MAGIC: readonly (readonly [string, string])[] = [
  ['7f454c46', 'Native code'],
  ['cffaedfe', 'Native code'],
  ['feedfacf', 'Native code'],
  ['4d5a', 'Native code'],
  ['0061736d', 'WebAssembly'],
  ['89504e47', 'Image'],
  ['ffd8ff', 'Image'],
  ['47494638', 'Image'],
  ['504b0304', 'Archive'],
  ['1f8b', 'Archive'],
  ['28b52ffd', 'Archive'],
  ['25504446', 'Document'],
  ['53514c69746520666f726d6174203300', 'Database'],
];

const BY_EXTENSION = invert(BY_LANGUAGE);
const SHEBANG_PROBE_BYTES = 128;

/** The language or kind of a file; 'Other text' and 'Other binary' when nothing tells. */
export function detectLanguage(path: string, start: Uint8Array, binary: boolean): string {
  const name = basename(path).toLowerCase();
  const named = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  if (named !== undefined) return named;
  const extended = BY_EXTENSION.get(extname(name));
  if (extended !== undefined) return extended;
  if (binary) return languageOfMagic(start) ?? 'Other binary';
  return languageOfShebang(start) ?? languageOfStem(name) ?? 'Other text';
}

function languageOfMagic(start: Uint8Array): string | undefined {
  const head = Buffer.from(start.subarray(0, 16)).toString('hex');
  return BY_MAGIC.find(([magic]) => head.startsWith(magic))?.[1];
}

function languageOfShebang(start: Uint8Array): string | undefined {
  if (start[0] !== 0x23 || start[1] !== 0x21) return undefined;
  const line = Buffer.from(start.subarray(2, SHEBANG_PROBE_BYTES)).toString('latin1').split('\n', 1)[0] ?? '';
  const words = line.trim().split(/\s+/);
  const program = words[0] === undefined ? '' : basename(words[0]);
  const interpreter = program === 'env' ? words.slice(1).find((word) => !/^-|=/.test(word)) : program;
  return BY_INTERPRETER.find(([pattern]) => interpreter !== undefined && pattern.test(interpreter))?.[1];
}

// `LICENSE-MIT`, `Dockerfile.dev`: the name up to the first mark.
function languageOfStem(name: string): string | undefined {
  const stem = /^\.?[a-z]+/.exec(name)?.[0];
  return stem !== undefined && Object.hasOwn(BY_NAME, stem) ? BY_NAME[stem] : undefined;
}

function invert(table: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(table).flatMap(([language, extensions]) =>
      extensions.split(' ').map((extension) => [extension, language] as const),
    ),
  );
}
