// Owns the folder of an engine's workflow files: reads it once, and adds files to it, whole or not at all.
// What is written is what a later start reads: the text is checked by the reader of workflow files before it is kept.
// It never writes outside of its folder, whatever a workflow is named, and never over a file it was not told to replace.

import { randomBytes } from 'node:crypto';
import { link, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../domain/json-value.ts';
import { quoteName } from '../domain/near-name.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowDefinition, WorkflowFault } from '../domain/workflow-definition.ts';
import { syncPath, systemCodeOf, writeNew } from './durable-files.ts';
import {
  loadWorkflowFolder,
  parseWorkflowText,
  readWorkflowFile,
  type WorkflowFolder,
  workflowFileError,
} from './workflow-files.ts';

const LONGEST_STEM = 100;
/** Files whose names come from different workflows of one spelling: `a b` and `a-b`. */
const MOST_NAMESAKES = 1_000;

/** A workflow that is kept, and where. */
export interface SavedWorkflow {
  readonly definition: WorkflowDefinition;
  readonly file: string;
}

export class WorkflowStore {
  readonly #folder: string;
  #files: ReadonlyMap<string, string> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads every workflow of the folder. @throws RuntimeError FILE_UNREADABLE */
  async load(): Promise<WorkflowFolder> {
    const folder = await loadWorkflowFolder(this.#folder);
    this.#files = folder.files;
    return folder;
  }

  /** Where a workflow is kept; undefined for one that lives in memory alone. */
  fileOf(name: string): string | undefined {
    return this.#files.get(name);
  }

  /**
   * Writes a workflow, an object of the file format with a name. It is on disk when this resolves.
   * @throws RuntimeError WORKFLOW_INVALID, WORKFLOW_SCHEMA and the codes of its faults, WORKFLOW_EXISTS, FILE_UNWRITABLE
   */
  async save(document: JsonObject, { replace }: { readonly replace: boolean }): Promise<SavedWorkflow> {
    const text = textOf(document);
    const load = parseWorkflowText(text, { file: 'the workflow', stem: '' });
    if (load.kind === 'faulty') throw invalid(document.name, load.faults);
    const { definition } = load;
    const known = this.#files.get(definition.name) ?? (await this.#writtenSince(definition.name));
    if (known !== undefined && !replace) throw exists(definition.name, known);
    const file = await this.#write(definition.name, text, known);
    this.#files = new Map(this.#files).set(definition.name, file);
    return { definition, file };
  }

  // A second file of one name would be no workflow to the next start, or take the first one's place.
  async #writtenSince(name: string): Promise<string | undefined> {
    // Why a folder cannot be read is told when it is written to.
    const folder = await loadWorkflowFolder(this.#folder).catch(() => undefined);
    return folder?.files.get(name);
  }

  async #write(name: string, text: string, known: string | undefined): Promise<string> {
    // Not `*.json`: nobody who reads the folder meanwhile takes it for a workflow.
    const draft = join(this.#folder, `.${process.pid}-${randomBytes(6).toString('hex')}.draft`);
    try {
      await mkdir(this.#folder, { recursive: true });
      try {
        await writeNew(draft, text);
        const file = known ?? (await this.#place(draft, name));
        if (known !== undefined) await rename(draft, known);
        await syncPath(this.#folder);
        return file;
      } finally {
        await rm(draft, { force: true });
      }
    } catch (cause) {
      if (cause instanceof RuntimeError) throw cause;
      throw new RuntimeError(
        'FILE_UNWRITABLE',
        `workflow ${quoteName(name)} cannot be kept in ${this.#folder}: ${messageOf(cause)}; check the folder`,
        { cause, details: { workflow: name, folder: this.#folder } },
      );
    }
  }

  // A link is made only where nothing is, so that of two writers of one name exactly one succeeds.
  async #place(draft: string, name: string): Promise<string> {
    const stem = stemOf(name);
    for (let namesake = 1; namesake <= MOST_NAMESAKES; namesake++) {
      const file = join(this.#folder, `${stem}${namesake === 1 ? '' : `-${namesake}`}.json`);
      try {
        await link(draft, file);
        return file;
      } catch (error) {
        if (systemCodeOf(error) !== 'EEXIST') throw error;
        const there = await readWorkflowFile(file);
        if (there.kind === 'faulty' || there.definition.name === name) throw exists(name, file);
      }
    }
    throw exists(name, join(this.#folder, `${stem}.json`));
  }
}

// Letters and digits of any script stay readable; everything that means something to a file system does not.
function stemOf(name: string): string {
  const stem = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}\p{M}._-]+/gu, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  return [...stem].slice(0, LONGEST_STEM).join('') || 'workflow';
}

function textOf(document: JsonObject): string {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new RuntimeError('ARGUMENT_INVALID', 'a workflow is an object of the file format: {name, steps, …}');
  }
  if (typeof document.name !== 'string' || document.name === '') {
    throw new RuntimeError('ARGUMENT_INVALID', 'a workflow that is kept needs a name: set `name`');
  }
  try {
    return `${JSON.stringify(document, null, 2)}\n`;
  } catch (cause) {
    throw new RuntimeError('ARGUMENT_INVALID', `the workflow is no JSON: ${messageOf(cause)}`, { cause });
  }
}

function invalid(name: unknown, faults: readonly WorkflowFault[]): RuntimeError {
  const error = workflowFileError(`workflow ${quoteName(String(name))}`, faults);
  return new RuntimeError('WORKFLOW_INVALID', error.message, { details: { workflow: name, faults } });
}

function exists(name: string, file: string): RuntimeError {
  return new RuntimeError(
    'WORKFLOW_EXISTS',
    `a workflow ${quoteName(name)} is kept in ${file} already; choose another name, or say that it is to be replaced`,
    { details: { workflow: name, file } },
  );
}
