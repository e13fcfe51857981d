// Owns finding the workflow that a command names: a file, or a workflow of the workflows folder; and the faults that
// can be told before anything runs. It starts nothing.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { extname, join, parse, sep } from 'node:path';
import { NearNames, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowDefinition, WorkflowFault } from '../domain/workflow-definition.ts';
import type { ResolvedConfig } from '../engine/engine-config.ts';
import { BUILT_IN_MODULE, isModuleKnown } from '../engine/surroundings.ts';
import type { CompiledWorkflow } from '../engine/workflow-compiler.ts';
import { readWorkflowFile } from '../engine/workflow-files.ts';
import { findUnknownModules } from '../engine/workflow-requirements.ts';
import { FaultsError } from './error-lines.ts';
import { listModuleNames } from './task-modules.ts';

const MOST_LISTED_NAMES = 12;

/** A sound workflow, and where it came from. */
export interface FoundWorkflow {
  readonly file: string;
  readonly definition: WorkflowDefinition;
  readonly workflow: CompiledWorkflow;
  /** Puts lines to faults that are found later. */
  readonly locate: (faults: readonly WorkflowFault[]) => WorkflowFault[];
}

/**
 * The workflow of a file or of a name.
 * @throws RuntimeError WORKFLOW_NOT_FOUND, FILE_NOT_FOUND; FaultsError with every fault of the file
 */
export async function findWorkflow(
  target: string,
  settings: Pick<ResolvedConfig, 'workflowsDir'>,
  timeScale = 1,
): Promise<FoundWorkflow> {
  const load = await readWorkflowFile(await fileOf(target, settings.workflowsDir), { timeScale });
  if (load.kind === 'faulty') throw new FaultsError(load.file, load.faults);
  return load;
}

/** The steps whose module no tasks folder has, with suggestions. */
export function unknownModules(definition: WorkflowDefinition, tasksDirs: readonly string[]): WorkflowFault[] {
  const isKnown = (module: string): boolean => isModuleKnown(module, tasksDirs);
  const faults = findUnknownModules(definition, isKnown);
  // The folders are listed only when there is something to suggest.
  return faults.length === 0
    ? faults
    : findUnknownModules(definition, isKnown, [BUILT_IN_MODULE, ...listModuleNames(tasksDirs)]);
}

/**
 * Whether a file is meant: what ends in .json, has a separator, or lies there and is no folder. Everything else is a name:
 * a workflow `docs` beside a folder `docs` is usual.
 */
export function meansFile(target: string): boolean {
  if (extname(target).toLowerCase() === '.json' || target.includes('/') || target.includes(sep)) return true;
  return statSync(target, { throwIfNoEntry: false })?.isDirectory() === false;
}

async function fileOf(target: string, workflowsDir: string): Promise<string> {
  if (meansFile(target)) return target;
  const direct = join(workflowsDir, `${target}.json`);
  if (existsSync(direct)) return direct;
  const files = listJsonFiles(workflowsDir);
  const names: string[] = [];
  for (const file of files) {
    const load = await readWorkflowFile(file);
    if (load.kind === 'loaded' && load.definition.name === target) return file;
    names.push(load.kind === 'loaded' ? load.definition.name : parse(file).name);
  }
  throw notFound(target, workflowsDir, names);
}

function listJsonFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => extname(name).toLowerCase() === '.json')
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function notFound(name: string, folder: string, known: readonly string[]): RuntimeError {
  const hint = suggestion(new NearNames(known).nearest(name));
  const listed = known.slice(0, MOST_LISTED_NAMES).join(', ') + (known.length > MOST_LISTED_NAMES ? ', …' : '');
  const has = known.length === 0 ? 'has none' : `has ${listed}`;
  return new RuntimeError(
    'WORKFLOW_NOT_FOUND',
    `no workflow is named ${JSON.stringify(name)}${hint}, in ${folder}, which ${has}; name a file ending in .json, or another folder with --workflows`,
  );
}
