// Owns the generation of a project's documents: README, AGENTS, SPEC and PAI of the project and of its documented folders.
// All are made before the first is written, so that a fault leaves every file as it was. What is not generated in a
// document is never changed, and nothing outside of the project's folder is ever written.

import { resolve } from 'node:path';
import { quoteName } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { isFolderOf, readDocument, toByteText, writeDocument } from './document-files.ts';
import { DOCUMENT_KINDS, DocumentKind, documentPath } from './document-kinds.ts';
import { DocumentTemplates, renderTemplate } from './document-templates.ts';
import { documentVariables } from './document-variables.ts';
import { listFolder } from './folder-contents.ts';
import { assembleDocument, mergeDocument, type RenderedPiece } from './generated-sections.ts';
import type { Project } from './project.ts';
import { gatherFacts, type ProjectFacts } from './project-facts.ts';
import { readProjectRecord } from './project-store.ts';

/** Settings of a generator. */
export interface DocumentationGeneratorOptions {
  /** Folder of one's own templates; what it does not have comes from the built-in ones. */
  readonly templatesDir?: string | undefined;
}

/** How documents are generated. */
export interface DocumentOptions {
  /** Writes nothing, and says what would be written. */
  readonly check?: boolean | undefined;
}

/** What became, or with `check` would become, of a document. */
export interface DocumentChange {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly state: 'created' | 'updated' | 'unchanged';
  /** Sections of the document that its template does not have; left as they are. */
  readonly unknownSections?: readonly string[];
}

interface Draft extends DocumentChange {
  readonly content: string;
}

/** Writes a project's documents from templates and from what is true of the project. */
export class DocumentationGenerator {
  readonly #templatesDir: string | undefined;

  constructor({ templatesDir }: DocumentationGeneratorOptions = {}) {
    this.#templatesDir = templatesDir;
  }

  /** Writes `README.md` of the project. @throws RuntimeError as `generateAllDocumentation` */
  generateRootReadme(project: Project | string, options?: DocumentOptions): Promise<DocumentChange> {
    return this.#generateOne(project, '', DocumentKind.README, options);
  }

  /** Writes `AGENTS.md` of the project. @throws RuntimeError as `generateAllDocumentation` */
  generateRootAgents(project: Project | string, options?: DocumentOptions): Promise<DocumentChange> {
    return this.#generateOne(project, '', DocumentKind.AGENTS, options);
  }

  /** Writes `SPEC.md` of the project. @throws RuntimeError as `generateAllDocumentation` */
  generateRootSpec(project: Project | string, options?: DocumentOptions): Promise<DocumentChange> {
    return this.#generateOne(project, '', DocumentKind.SPEC, options);
  }

  /** Writes `PAI.md` of the project. @throws RuntimeError as `generateAllDocumentation` */
  generateRootPai(project: Project | string, options?: DocumentOptions): Promise<DocumentChange> {
    return this.#generateOne(project, '', DocumentKind.PAI, options);
  }

  /** Writes `README.md` of a folder of the project. @throws RuntimeError FILE_NOT_FOUND where there is no such folder */
  generateNestedReadme(project: Project | string, folder: string, options?: DocumentOptions): Promise<DocumentChange> {
    return this.#generateNested(project, folder, DocumentKind.README, options);
  }

  /** Writes `AGENTS.md` of a folder of the project. @throws RuntimeError FILE_NOT_FOUND where there is no such folder */
  generateNestedAgents(project: Project | string, folder: string, options?: DocumentOptions): Promise<DocumentChange> {
    return this.#generateNested(project, folder, DocumentKind.AGENTS, options);
  }

  /** Writes `SPEC.md` of a folder of the project. @throws RuntimeError FILE_NOT_FOUND where there is no such folder */
  generateNestedSpec(project: Project | string, folder: string, options?: DocumentOptions): Promise<DocumentChange> {
    return this.#generateNested(project, folder, DocumentKind.SPEC, options);
  }

  /** Writes `PAI.md` of a folder of the project. @throws RuntimeError FILE_NOT_FOUND where there is no such folder */
  generateNestedPai(project: Project | string, folder: string, options?: DocumentOptions): Promise<DocumentChange> {
    return this.#generateNested(project, folder, DocumentKind.PAI, options);
  }

  /**
   * Writes the four documents of the project and of each of its documented folders that exist; `project` may be its folder.
   * @throws RuntimeError TEMPLATE_VARIABLE_UNKNOWN, DOCUMENT_MARKERS_DAMAGED, PROJECT_PATH_INVALID, FILE_UNREADABLE before
   * anything is written; FILE_UNWRITABLE.
   */
  async generateAllDocumentation(project: Project | string, options: DocumentOptions = {}): Promise<DocumentChange[]> {
    const facts = await factsOf(project);
    return this.#generate(facts, ['', ...facts.folders], DOCUMENT_KINDS, options);
  }

  async #generateNested(
    project: Project | string,
    folder: string,
    kind: DocumentKind,
    options?: DocumentOptions,
  ): Promise<DocumentChange> {
    return this.#generateOne(project, folder.replace(/\/+$/, ''), kind, options, true);
  }

  async #generateOne(
    project: Project | string,
    folder: string,
    kind: DocumentKind,
    options: DocumentOptions = {},
    isNested = false,
  ): Promise<DocumentChange> {
    const facts = await factsOf(project);
    if (isNested && !(await isFolderOf(facts.project.path, folder))) {
      const message = `project ${quoteName(facts.project.name)} has no folder ${quoteName(folder)}; make it first`;
      throw new RuntimeError('FILE_NOT_FOUND', message, { details: { folder } });
    }
    const [change] = await this.#generate(facts, [folder], [kind], options);
    if (change === undefined) throw new RuntimeError('INTERNAL', 'a document gave no change; please report this');
    return change;
  }

  async #generate(
    facts: ProjectFacts,
    folders: readonly string[],
    kinds: readonly DocumentKind[],
    { check = false }: DocumentOptions,
  ): Promise<DocumentChange[]> {
    const root = facts.project.path;
    const templates = new DocumentTemplates(root, this.#templatesDir);
    const drafts: Draft[] = [];
    for (const folder of folders) {
      const contents = await listFolder(root, folder, facts.parents);
      const variablesFor = documentVariables(facts, { folder, contents });
      for (const kind of kinds) {
        const template = await templates.find(kind, folder !== '', facts.project.template);
        drafts.push(await draftOf(root, documentPath(folder, kind), renderTemplate(template, variablesFor(kind))));
      }
    }
    const changes: DocumentChange[] = [];
    for (const { content, ...change } of drafts) {
      if (!check && change.state !== 'unchanged') await writeDocument(root, change.path, content);
      changes.push(change);
    }
    return changes;
  }
}

async function factsOf(project: Project | string): Promise<ProjectFacts> {
  return gatherFacts(typeof project === 'string' ? await readProjectRecord(resolve(project)) : project);
}

async function draftOf(root: string, path: string, rendered: readonly RenderedPiece[]): Promise<Draft> {
  const bytes = rendered.map((piece): RenderedPiece => {
    if (piece.kind === 'text') return { kind: 'text', text: toByteText(piece.text) };
    return { kind: 'section', name: piece.name, body: toByteText(piece.body) };
  });
  const existing = await readDocument(root, path);
  if (existing === null) return { path, state: 'created', content: assembleDocument(bytes) };
  const { text, unknownSections } = mergeDocument(existing, bytes, path);
  const state = text === existing ? 'unchanged' : 'updated';
  return { path, state, content: text, ...(unknownSections.length === 0 ? {} : { unknownSections }) };
}
