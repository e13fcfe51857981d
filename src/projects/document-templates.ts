// Owns which template a document is made from, and filling it in. A template is Markdown with `{{variables}}`; it is cut
// at its markers before any value is put in, so that no value can make, end or move a section.
// Searched for by name in the project's own folder, then in the given one, then among the built-in templates.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRuntimeError, messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { systemCodeOf } from '../engine/durable-files.ts';
import { readDocument } from './document-files.ts';
import type { DocumentKind } from './document-kinds.ts';
import { type DocumentPiece, type RenderedPiece, splitSections } from './generated-sections.ts';
import { substituteVariables, type TemplateVariables, variablesIn } from './variable-substitution.ts';

/** Where a project may have document templates of its own. */
const OWN_FOLDER = '.yardmaster/documents';
const BUILT_IN_FOLDER = fileURLToPath(new URL('../../config/templates/documents', import.meta.url));
/** The one section of a template that has no markers. */
const WHOLE = 'document';
const MAX_TEMPLATE_BYTES = 1024 * 1024;
/** Marks the place of an empty value; no document holds this character. */
const NOTHING = '\0';
/** What can stand in a file name; a project template's name is never anything else. */
const PLAIN_NAME = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_. -]*$/u;

/** A template and where it comes from. */
export interface DocumentTemplate {
  /** For messages: the path as far as the reader knows it. */
  readonly file: string;
  readonly pieces: readonly DocumentPiece[];
}

/** Finds templates, each read once. */
export class DocumentTemplates {
  readonly #templatesDir: string | undefined;
  readonly #projectFolder: string;
  readonly #found = new Map<string, Promise<DocumentTemplate>>();

  constructor(projectFolder: string, templatesDir?: string) {
    this.#projectFolder = projectFolder;
    this.#templatesDir = templatesDir;
  }

  /**
   * The template of a document: `{template}_{kind}`, else `{kind}`, both with `.nested` for a folder of the project.
   * @throws RuntimeError FILE_UNREADABLE, DOCUMENT_MARKERS_DAMAGED
   */
  find(kind: DocumentKind, isNested: boolean, template: string): Promise<DocumentTemplate> {
    const stem = isNested ? `${kind}.nested` : kind;
    const found = this.#found.get(stem) ?? this.#search(stem, template);
    this.#found.set(stem, found);
    return found;
  }

  async #search(stem: string, template: string): Promise<DocumentTemplate> {
    const general = `${stem}.template.md`;
    const names = PLAIN_NAME.test(template) ? [`${template}_${general}`, general] : [general];
    for (const name of names) {
      const own = await readOwn(this.#projectFolder, `${OWN_FOLDER}/${name}`);
      if (own !== undefined) return own;
      const given = this.#templatesDir === undefined ? undefined : await readGiven(join(this.#templatesDir, name));
      if (given !== undefined) return given;
    }
    const builtIn = await readGiven(join(BUILT_IN_FOLDER, general));
    if (builtIn !== undefined) return builtIn;
    throw new RuntimeError('FILE_NOT_FOUND', `the built-in template ${general} is missing; install the package again`);
  }
}

/**
 * A template with its values in place. In a section whose variables are all empty there is nothing to say: it is empty.
 * @throws RuntimeError TEMPLATE_VARIABLE_UNKNOWN
 */
export function renderTemplate({ pieces, file }: DocumentTemplate, variables: TemplateVariables): RenderedPiece[] {
  return pieces.map((piece): RenderedPiece => {
    if (piece.kind === 'text') {
      return { kind: 'text', text: substituteVariables(piece.text, variables, { file, firstLine: piece.line }) };
    }
    const marked = (value: string) => value || NOTHING;
    const body = substituteVariables(piece.body, variables, { file, escape: marked, firstLine: piece.line + 1 });
    const used = variablesIn(piece.body);
    const isEmpty = piece.begin !== '' && used.length > 0 && used.every((name) => variables[name] === '');
    return { kind: 'section', name: piece.name, body: isEmpty ? '' : withoutEmptyLines(body) };
  });
}

// An empty value takes a line of its own with it, and the blank line after it: there is nothing to set apart.
function withoutEmptyLines(body: string): string {
  return body
    .replace(/^[ \t]*\0[\0 \t]*(?:\n|$)(?:[ \t]*\n)?/gm, '')
    .replaceAll(NOTHING, '')
    .replace(/^(?:[ \t]*\n)+|\s+$/g, '');
}

async function readOwn(root: string, path: string): Promise<DocumentTemplate | undefined> {
  try {
    const bytes = await readDocument(root, path);
    return bytes === null ? undefined : toTemplate(Buffer.from(bytes, 'latin1'), path);
  } catch (error) {
    // A project need not have such a folder.
    if (isRuntimeError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function readGiven(file: string): Promise<DocumentTemplate | undefined> {
  try {
    return toTemplate(await readFile(file), file);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (isRuntimeError(error)) throw error;
    throw unreadable(file, messageOf(error), error);
  }
}

function toTemplate(bytes: Uint8Array, file: string): DocumentTemplate {
  if (bytes.length > MAX_TEMPLATE_BYTES) throw unreadable(file, 'it is larger than 1 MB');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable(file, 'it is not valid UTF-8; save it as UTF-8', error);
  }
  const pieces = splitSections(text.replace(/\r\n?/g, '\n'), file);
  if (pieces.some(({ kind }) => kind === 'section')) return { file, pieces };
  const whole: DocumentPiece = {
    kind: 'section',
    name: WHOLE,
    begin: '',
    body: pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join(''),
    end: '',
    // Its text starts in line 1, without a marker before it.
    line: 0,
  };
  return { file, pieces: [whole] };
}

function unreadable(file: string, why: string, cause?: unknown): RuntimeError {
  return new RuntimeError('FILE_UNREADABLE', `document template ${file} cannot be read: ${why}`, {
    cause,
    details: { file },
  });
}
