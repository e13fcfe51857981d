// Owns `graph`: on stdout, in the notation that was asked for, the task graph of a workflow, that of a recorded run with
// what became of each task, or the statechart of one of the engine's machines. It runs nothing and writes no file.

import { toDot, toMermaid } from '../dag/graph-notation.ts';
import { assertNever, isRuntimeError } from '../domain/runtime-error.ts';
import type { ResolvedConfig } from '../engine/engine-config.ts';
import { RunArchive, type RunRecord } from '../engine/run-archive.ts';
import { GRAPH_FORMATS, type GraphFlags } from './command-tree.ts';
import { usageError } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import { dependenciesOf, noteOf, type RunGraph, runDot, runGraphJson, runGraphOf, runMermaid } from './graph-run.ts';
import type { Shell } from './main.ts';
import { findRun, findWorkflowRun } from './run-lookup.ts';
import { readRun } from './run-reading.ts';
import { settingsOf } from './shell-config.ts';
import { type FoundWorkflow, findWorkflow, meansFile } from './workflow-source.ts';

type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** What means a run if it is no workflow: the newest, or an id as the engine makes them. */
const RUN_WORD = /^(?:latest$|run-)/;

/** Prints the graph; unknown modules do not matter to it. */
export async function graphCommand(shell: Shell, target: string | undefined, flags: GraphFlags): Promise<ExitCode> {
  const format = GRAPH_FORMATS.find((known) => known === flags.format);
  if (format === undefined) {
    throw usageError(`--format must be one of ${GRAPH_FORMATS.join(', ')}, not "${flags.format}"`);
  }
  const text = await textOf(target, flags, format);
  shell.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return ExitCode.COMPLETED;
}

async function textOf(target: string | undefined, flags: GraphFlags, format: GraphFormat): Promise<string> {
  const given = [target, flags.run, flags.machine].filter((one) => one !== undefined).length;
  if (given !== 1) {
    throw usageError('graph takes one of a workflow, --run <run> and --machine <name>; `graph --help` has examples');
  }
  if (flags.machine !== undefined) return await machineText(flags.machine, format);
  const settings = settingsOf(flags);
  if (flags.run !== undefined) return await runText(flags.run, settings, format);
  return await targetText(target ?? '', settings, format);
}

/** A workflow's name goes before the id of a run: names are what people write. */
async function targetText(target: string, settings: ResolvedConfig, format: GraphFormat): Promise<string> {
  let found: FoundWorkflow;
  try {
    found = await findWorkflow(target, settings);
  } catch (error) {
    const isUnknown = isRuntimeError(error) && error.code === 'WORKFLOW_NOT_FOUND' && !meansFile(target);
    const meansRun = isUnknown && (RUN_WORD.test(target) || (await isRecordedRun(target, settings)));
    if (!meansRun) throw error;
    return await runText(target, settings, format);
  }
  return await workflowText(found, format);
}

async function isRecordedRun(wanted: string, { dataDir }: ResolvedConfig): Promise<boolean> {
  const archive = RunArchive.open(dataDir);
  try {
    return findRun(archive, wanted, dataDir).kind === 'workflow';
  } catch (error) {
    if (isRuntimeError(error) && error.code === 'RUN_NOT_FOUND') return false;
    throw error;
  } finally {
    await archive.close();
  }
}

async function workflowText({ workflow, definition }: FoundWorkflow, format: GraphFormat): Promise<string> {
  const { graph } = workflow;
  switch (format) {
    case 'mermaid':
      return toMermaid(graph);
    case 'dot':
      return toDot(graph);
    case 'json': {
      // The same form as WorkflowDAG's toJSON, with the dependencies that references add.
      const rows = graph.names.map((name, index) => ({ name, dependencies: dependenciesOf(graph, index) }));
      return JSON.stringify(rows, null, 2);
    }
    case 'svg': {
      const { renderGraphSvg } = await import('./graph-svg.ts');
      return await renderGraphSvg(graph, {
        title: definition.name,
        subtitleOf: (index) => {
          const step = definition.steps[index];
          return step === undefined ? '' : `${step.module}.${step.action}`;
        },
      });
    }
    default:
      return assertNever(format);
  }
}

async function runText(wanted: string, { dataDir }: ResolvedConfig, format: GraphFormat): Promise<string> {
  const archive = RunArchive.open(dataDir);
  try {
    const record: RunRecord = findWorkflowRun(archive, wanted, dataDir);
    return await drawRun(runGraphOf(await readRun(archive, record, Date.now())), format);
  } finally {
    await archive.close();
  }
}

async function drawRun(run: RunGraph, format: GraphFormat): Promise<string> {
  switch (format) {
    case 'mermaid':
      return runMermaid(run);
    case 'dot':
      return runDot(run);
    case 'json':
      return JSON.stringify(runGraphJson(run), null, 2);
    case 'svg':
      return await runPicture(run);
    default:
      return assertNever(format);
  }
}

/** The picture of a run, as `graph --run --format svg` prints it. */
export async function runPicture({ graph, title, subtitle, tasks, criticalPath }: RunGraph): Promise<string> {
  const { renderGraphSvg } = await import('./graph-svg.ts');
  return await renderGraphSvg(graph, {
    title,
    subtitle,
    criticalPath,
    subtitleOf: (index) => {
      const task = tasks[index];
      return task === undefined ? '' : [task.action, noteOf(task)].filter((text) => text !== '').join(' · ');
    },
    stateOf: (index) => tasks[index]?.state ?? 'pending',
  });
}

async function machineText(name: string, format: GraphFormat): Promise<string> {
  const { statechartOf } = await import('../inspect/statechart.ts');
  const chart = statechartOf(name);
  switch (format) {
    case 'mermaid':
      return chart.mermaid;
    case 'json':
      return JSON.stringify(chart.definition, null, 2);
    case 'svg': {
      const { renderStatechartSvg } = await import('./statechart-svg.ts');
      return await renderStatechartSvg(chart);
    }
    case 'dot':
      throw usageError('a machine is drawn as mermaid, json or svg, not as dot; Mermaid is the text form');
    default:
      return assertNever(format);
  }
}
