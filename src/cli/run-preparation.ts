// Owns everything about a run that can be wrong before it starts: flags, files, parameters, modules, capacity.
// When it is done, what is left to fail are the tasks themselves.

import { readFileSync } from 'node:fs';
import type { JsonObject } from '../domain/json-value.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import type { ResolvedConfig } from '../engine/engine-config.ts';
import { defaultCapacities } from '../engine/surroundings.ts';
import type { CompiledWorkflow } from '../engine/workflow-compiler.ts';
import { findMissingParameters, findResourceFaults, findUnusedParameters } from '../engine/workflow-requirements.ts';
import type { RunFlags } from './command-tree.ts';
import { FaultsError, usageError } from './error-lines.ts';
import { mergeParameters } from './option-values.ts';
import { toPrintableLine } from './printable-text.ts';
import { settingsOf } from './shell-config.ts';
import { findWorkflow, unknownModules } from './workflow-source.ts';

/** A run that may start. */
export interface PreparedRun {
  readonly workflow: CompiledWorkflow;
  readonly parameters: JsonObject;
  readonly settings: ResolvedConfig;
  /** What is no error and most likely not meant. */
  readonly warnings: readonly string[];
}

/**
 * Checks a run from flags to capacity; faults of one kind are told together.
 * @throws RuntimeError with a usage code; FaultsError
 */
export async function prepareRun(target: string, flags: RunFlags): Promise<PreparedRun> {
  const settings = settingsOf(flags);
  const parameters = mergeParameters(readParameterFile(flags.params), flags.param ?? []);
  const { definition, workflow, locate, file } = await findWorkflow(target, settings, flags.timeScale);
  const capacities = capacitiesOf(settings);
  const faults = [
    ...unknownModules(definition, settings.tasksDirs),
    ...findResourceFaults(definition, (id) => capacities.get(id) ?? null),
    ...findMissingParameters(workflow, parameters),
  ];
  if (faults.length > 0) throw new FaultsError(file, locate(faults));
  // Only what was typed for this run: a file of parameters may serve several workflows.
  const typed = [...new Set((flags.param ?? []).map(([name]) => name))];
  const warnings = findUnusedParameters(workflow, typed).map(
    ({ code, message }) => `warning ${code}: ${toPrintableLine(message)}, in ${toPrintableLine(file)}`,
  );
  return { workflow, parameters, settings, warnings };
}

/** The capacity of each resource that an engine with these settings starts with. */
function capacitiesOf(settings: Pick<ResolvedConfig, 'resources'>): ReadonlyMap<string, number> {
  return new Map([
    ...defaultCapacities(),
    ...settings.resources.map(({ id, capacity }): [string, number] => [id, capacity]),
  ]);
}

function readParameterFile(path: string | undefined): JsonObject {
  if (path === undefined) return {};
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    // The system's error says nothing that is not in the message already, so it is no cause to be shown.
    throw new RuntimeError(
      missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
      `--params ${path} ${missing ? 'does not exist; check the path' : `cannot be read: ${String(cause)}; name a JSON file`}`,
    );
  }
  return parseParameterFile(path, text);
}

function parseParameterFile(path: string, text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw usageError(`--params must be a JSON file: ${messageOf(cause)}, in ${path}; correct it`, 'PARAMETER_INVALID');
  }
  if (!isJsonObject(value)) {
    throw usageError(
      `--params must hold a JSON object of parameters, in ${path}; write {"name": value}`,
      'PARAMETER_INVALID',
    );
  }
  return value;
}

// JSON.parse gives nothing but JSON values.
function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
