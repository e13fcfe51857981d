// Owns the loading of workflows from text, files and folders: reads, checks, compiles, and puts a line to every fault.
// Whatever the bytes are, the outcome is a value: a bad file stops no other file and never the process.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { quoteName } from '../domain/near-name.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowDefinition, WorkflowFault } from '../domain/workflow-definition.ts';
import { readWorkflowDocument } from '../domain/workflow-document.ts';
import { scaleDefinitionTime } from '../domain/workflow-time.ts';
import { systemCodeOf } from './durable-files.ts';
import { MAX_SOURCE_BYTES, readJsonSource, withLines } from './json-source.ts';
import { isWfFormat, readWfFormat } from './wf-format.ts';
import { type CompiledWorkflow, compileWorkflow, findGraphFaults } from './workflow-compiler.ts';

/** Where a text comes from: the path for people, and the name of a workflow that has none. */
export interface WorkflowSource {
  readonly file: string;
  readonly stem: string;
}

export interface LoadOptions {
  /** Factor for built-in work and estimates; default 1. */
  readonly timeScale?: number;
}

export type WorkflowLoad =
  | {
      readonly kind: 'loaded';
      readonly file: string;
      readonly definition: WorkflowDefinition;
      readonly workflow: CompiledWorkflow;
      /** Puts lines to faults that are found later, such as unknown modules; reads the file's text again. */
      readonly locate: (faults: readonly WorkflowFault[]) => WorkflowFault[];
    }
  | { readonly kind: 'faulty'; readonly file: string; readonly faults: readonly WorkflowFault[] };

/** A file of a folder that gave no workflow. */
export interface WorkflowLoadError {
  readonly file: string;
  /** Of the first fault that has one. */
  readonly line?: number;
  readonly faults: readonly WorkflowFault[];
}

export interface WorkflowFolder {
  readonly definitions: readonly WorkflowDefinition[];
  /** The file of each workflow, by the workflow's name. */
  readonly files: ReadonlyMap<string, string>;
  readonly loadErrors: readonly WorkflowLoadError[];
}

/**
 * Reads a workflow in our own format or in WfFormat, told apart by shape; every fault at once, in the order of the text.
 * @throws RuntimeError ARGUMENT_INVALID for a time scale that is negative or no finite number.
 */
export function parseWorkflowText(
  text: string | Uint8Array,
  source: WorkflowSource,
  { timeScale = 1 }: LoadOptions = {},
): WorkflowLoad {
  const { file } = source;
  const json = readJsonSource(text);
  if (json.kind === 'faulty') return { kind: 'faulty', file, faults: json.faults };
  const reading = isWfFormat(json.value)
    ? checkWfFormat(json.value, source.stem, timeScale)
    : checkDocument(json.value, source.stem, timeScale);
  const faults = reading.kind === 'faulty' ? [...json.faults, ...reading.faults] : json.faults;
  if (reading.kind === 'faulty' || faults.length > 0) {
    return { kind: 'faulty', file, faults: inOrderOfText(withLines(json.text, faults)) };
  }
  const { workflow } = reading;
  const locate = (later: readonly WorkflowFault[]) => withLines(json.text, later.map(reading.relocate));
  return { kind: 'loaded', file, definition: workflow.definition, workflow, locate };
}

/** Reads one file; a file that is missing or cannot be read is a fault as well. */
export async function readWorkflowFile(path: string, options: LoadOptions = {}): Promise<WorkflowLoad> {
  const read = await readBytes(path);
  if (read.kind === 'faulty') return { kind: 'faulty', file: path, faults: [read.fault] };
  return parseWorkflowText(read.bytes, { file: path, stem: parse(path).name }, options);
}

/**
 * Reads every `*.json` of a folder, in the order of their names; a folder that does not exist is an empty one.
 * Two files with the same workflow count once; the second of two different ones with one name is an error.
 * @throws RuntimeError FILE_UNREADABLE when the folder exists and cannot be listed.
 */
export async function loadWorkflowFolder(folder: string, options: LoadOptions = {}): Promise<WorkflowFolder> {
  const loaded = new Map<string, { readonly definition: WorkflowDefinition; readonly file: string }>();
  const loadErrors: WorkflowLoadError[] = [];
  for (const name of await listJsonFiles(folder)) {
    const file = join(folder, name);
    const load = await readWorkflowFile(file, options);
    const faults = load.kind === 'faulty' ? load.faults : clashOf(load.definition, loaded.get(load.definition.name));
    const line = faults.find((fault) => fault.line !== undefined)?.line;
    if (faults.length > 0) loadErrors.push({ file, ...(line === undefined ? {} : { line }), faults });
    else if (load.kind === 'loaded' && !loaded.has(load.definition.name)) {
      loaded.set(load.definition.name, { definition: load.definition, file });
    }
  }
  const files = new Map([...loaded].map(([name, { file }]) => [name, file]));
  return { definitions: [...loaded.values()].map(({ definition }) => definition), files, loadErrors };
}

/** The error of a file that was asked for by name and is faulty. */
export function workflowFileError(file: string, faults: readonly WorkflowFault[]): RuntimeError {
  const [first] = faults;
  if (faults.length === 1 && first !== undefined) {
    const place = first.line === undefined ? '' : `:${first.line}`;
    return new RuntimeError(
      first.code,
      `${file}${place}: ${first.path === '$' ? '' : `${first.path}: `}${first.message}`,
      {
        details: { file, faults },
      },
    );
  }
  const shown = faults.slice(0, 5).map(({ path, message }) => `${path}: ${message}`);
  const rest = faults.length > shown.length ? `; and ${faults.length - shown.length} more` : '';
  const message = `${file} has ${faults.length} faults: ${shown.join('; ')}${rest}`;
  return new RuntimeError('WORKFLOW_INVALID', message, { details: { file, faults } });
}

type Reading =
  | {
      readonly kind: 'sound';
      readonly workflow: CompiledWorkflow;
      /** From a path within the definition to one within the file. */
      readonly relocate: (fault: WorkflowFault) => WorkflowFault;
    }
  | { readonly kind: 'faulty'; readonly faults: readonly WorkflowFault[] };

function checkDocument(value: unknown, defaultName: string, timeScale: number): Reading {
  const document = readWorkflowDocument(value, defaultName);
  if (document.kind === 'faulty') {
    return { kind: 'faulty', faults: [...document.faults, ...findGraphFaults(document.outlines)] };
  }
  const compiled = compileWorkflow(scaleDefinitionTime(document.definition, timeScale));
  if (compiled.kind === 'faulty') return compiled;
  return { kind: 'sound', workflow: compiled.workflow, relocate: (fault) => fault };
}

function checkWfFormat(value: unknown, defaultName: string, timeScale: number): Reading {
  const reading = readWfFormat(value, defaultName);
  if (reading.kind === 'faulty') return reading;
  const compiled = compileWorkflow(scaleDefinitionTime(reading.definition, timeScale));
  // A step's own fields have no place in the file; the task has.
  const relocate = (fault: WorkflowFault): WorkflowFault => ({
    ...fault,
    path: fault.path.replace(
      /^\$\.steps(\[\d+\])?.*$/s,
      (_, index: string | undefined) => reading.tasksPath + (index ?? ''),
    ),
  });
  if (compiled.kind === 'faulty') return { kind: 'faulty', faults: compiled.faults.map(relocate) };
  return { kind: 'sound', workflow: compiled.workflow, relocate };
}

function inOrderOfText(faults: WorkflowFault[]): WorkflowFault[] {
  return faults.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

function clashOf(
  definition: WorkflowDefinition,
  earlier: { readonly definition: WorkflowDefinition; readonly file: string } | undefined,
): WorkflowFault[] {
  if (earlier === undefined || JSON.stringify(earlier.definition) === JSON.stringify(definition)) return [];
  const message = `a different workflow named ${quoteName(definition.name)} was loaded from ${earlier.file}; rename one of them`;
  return [{ code: 'WORKFLOW_EXISTS', message, path: '$.name' }];
}

async function listJsonFiles(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.toLowerCase().endsWith('.json')).sort();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    const reason = systemCodeOf(error) === 'ENOTDIR' ? 'it is no folder' : messageOf(error);
    throw new RuntimeError('FILE_UNREADABLE', `workflow folder ${folder} cannot be listed: ${reason}`, {
      cause: error,
      details: { folder },
    });
  }
}

type ReadBytes =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'faulty'; readonly fault: WorkflowFault };

async function readBytes(path: string): Promise<ReadBytes> {
  const faulty = (code: string, message: string): ReadBytes => ({
    kind: 'faulty',
    fault: { code, message: `${path} ${message}`, path: '$' },
  });
  try {
    const entry = await stat(path);
    // Not read: a pipe or a device may never end.
    if (!entry.isFile()) return faulty('FILE_UNREADABLE', 'is no file; name a workflow file');
    if (entry.size > MAX_SOURCE_BYTES) {
      return faulty('FILE_UNREADABLE', `is larger than ${MAX_SOURCE_BYTES / 1024 / 1024} MB; split the workflow`);
    }
    return { kind: 'read', bytes: await readFile(path) };
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return faulty('FILE_NOT_FOUND', 'does not exist; check the path');
    return faulty('FILE_UNREADABLE', `cannot be read: ${messageOf(error)}; check its permissions`);
  }
}
