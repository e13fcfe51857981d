// Owns the tools about workflows as such: making, listing, drawing and simulating them. None of them runs one.

import { z } from 'zod';
import { criticalPath } from '../../dag/critical-path.ts';
import { toDot, toMermaid } from '../../dag/graph-notation.ts';
import type { TaskGraph } from '../../dag/task-graph.ts';
import type { JsonObject } from '../../domain/json-value.ts';
import { isRuntimeError, RuntimeError } from '../../domain/runtime-error.ts';
import { WORKFLOW_FILE } from '../../domain/workflow-schema.ts';
import { compileWorkflow } from '../../engine/workflow-compiler.ts';
import { defineTool, READ_ONLY, type ToolContext } from '../mcp-tool.ts';
import { workflowUri } from '../resource-uris.ts';
import {
  advice,
  anyObject,
  anyValue,
  fileName,
  listLimit,
  modeWord,
  positiveWhole,
  runId,
  stepList,
  workflowName,
} from '../tool-schemas.ts';
import {
  CORE_ACTIONS,
  compileDocument,
  namedLevels,
  neededParameters,
  noSuchRun,
  refuseCommands,
  requireWorkflow,
  standingFaults,
} from '../workflow-checks.ts';

/** Names of an answer's levels; larger workflows are told by their counts. */
const MOST_LEVEL_NAMES = 500;
const MOST_MODULES = 20;
/** Characters of a drawing; what is larger is no help to anybody who reads it. */
const MOST_DRAWN = 200_000;
const MOST_SIMULATED = 200;

const { description, version, timeout, parameters, resources } = WORKFLOW_FILE.shape;

/** Fields of a workflow besides its name and steps, as tools take them. */
export const workflowFields = {
  description: description.unwrap().optional(),
  version: version.unwrap().optional(),
  mode: modeWord.optional(),
  max_parallel: positiveWhole(1_000_000).describe('Most steps that run at one time').optional(),
  timeout,
  parameters: parameters.unwrap().describe('Defaults of the run parameters').optional(),
  resources: resources.unwrap().optional(),
};

export const keptWorkflow = {
  workflow_name: z.string(),
  steps_count: z.int(),
  description: z.string(),
  file: z.string().describe('The file that keeps it; the shell and later engines find it there'),
  replaced: z.boolean().describe('Whether a workflow of that name was replaced'),
  levels: z
    .array(z.array(z.string()))
    .nullable()
    .describe('Steps by level: each needs only those of levels before it; null for large workflows'),
  parameters_needed: z.array(z.string()).describe('Run parameters that have to be given at execute_workflow, and why'),
  warnings: z.array(z.string()).describe('What keeps it from running as things stand: unknown modules, resources'),
  resource: z.string(),
};

/** Reads a workflow that is to be kept. @throws RuntimeError WORKFLOW_INVALID, MCP_COMMAND_REFUSED */
export function checkWorkflow(fields: Readonly<Record<string, unknown>>, { allowCommands }: ToolContext) {
  // Members that were not given stay away.
  const document: JsonObject = JSON.parse(JSON.stringify(fields));
  const compiled = compileDocument(document);
  refuseCommands(compiled.steps, allowCommands);
  return { document, compiled };
}

/** Keeps what was checked. @throws RuntimeError WORKFLOW_EXISTS, FILE_UNWRITABLE */
export async function keepWorkflow(
  { document, compiled }: ReturnType<typeof checkWorkflow>,
  replace: boolean,
  { engine }: ToolContext,
) {
  const { definition, graph } = compiled;
  const replaced = engine.workflows.getWorkflow(definition.name) !== undefined;
  const { file } = await saved(() => engine.workflows.saveWorkflow(document, { replace }));
  return {
    file,
    replaced,
    workflow_name: definition.name,
    steps_count: definition.steps.length,
    description: definition.description,
    levels: namedLevels(graph, MOST_LEVEL_NAMES) ?? null,
    parameters_needed: neededParameters(compiled).slice(0, MOST_MODULES),
    warnings: standingFaults(engine, compiled).slice(0, MOST_MODULES),
    resource: workflowUri(definition.name),
  };
}

async function saved<Result>(save: () => Promise<Result>): Promise<Result> {
  try {
    return await save();
  } catch (error) {
    if (!isRuntimeError(error) || error.code !== 'WORKFLOW_EXISTS') throw error;
    throw new RuntimeError(error.code, `${error.message}; or give replace: true to replace it`, {
      details: error.details,
    });
  }
}

export const createWorkflow = defineTool({
  name: 'create_workflow',
  title: 'Create a workflow',
  description: [
    'Checks a workflow and keeps it as a file, so that execute_workflow, the shell and every later engine find it. Nothing runs.',
    'Use it to define work of several steps; steps that do not depend on each other run at the same time.',
    `A step names a task module and an exported action (${CORE_ACTIONS}; other modules are files of the tasks folder), its parameters, and the steps it depends on.`,
    'In parameters "{{step.output}}" or "{{step.output.a[0]}}" is replaced by what that step gave, "{{params.x}}" by a run parameter; such a step is then a dependency by itself.',
    'Comes back: the steps by level, the file, parameters that a run has to be given, warnings about what is missing. A faulty workflow is refused with every fault and its place.',
    'Next: simulate_workflow for how long it takes, execute_workflow to run it. replace: true overwrites the workflow of that name.',
  ].join(' '),
  input: z.strictObject({
    name: fileName('Name of the workflow'),
    steps: stepList.describe('The steps; their order does not matter'),
    ...workflowFields,
    replace: z.boolean().default(false).describe('Overwrite an existing workflow of that name'),
  }),
  output: z.strictObject({ ...keptWorkflow, next: advice }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  run: async ({ replace, ...fields }, context) => {
    const kept = await keepWorkflow(checkWorkflow(fields, context), replace, context);
    const next = kept.warnings.length > 0 ? ['See to the warnings before you run it.'] : [];
    const call = `{"workflow_name": ${JSON.stringify(kept.workflow_name)}}`;
    return { ...kept, next: [...next, `simulate_workflow ${call} tells how long it takes; execute_workflow runs it.`] };
  },
});

export const listWorkflows = defineTool({
  name: 'list_workflows',
  title: 'List workflows',
  description:
    'Lists the workflows that can be run, with what they need, and the files that could not be loaded and why. Use it before execute_workflow, or to see whether a name is free. Next: execute_workflow, or get_workflow_graph for the steps of one.',
  input: z.strictObject({
    name_contains: z.string().max(256).describe('Only names that contain this text, in any case').optional(),
    limit: listLimit(100, 1_000),
  }),
  output: z.strictObject({
    workflows: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string(),
        steps_count: z.int(),
        modules: z.array(z.string()),
        parameters: anyObject.describe('Defaults of its run parameters'),
        file: z.string().nullable().describe('null: made by the program, and gone with it'),
        resource: z.string(),
      }),
    ),
    count: z.int().describe('Workflows in this answer'),
    total: z.int().describe('Workflows that match'),
    cut: z.boolean().describe('Whether there are more than the limit'),
    load_errors: z.array(z.strictObject({ file: z.string(), line: z.int().nullable(), faults: z.array(z.string()) })),
  }),
  annotations: READ_ONLY,
  run: ({ name_contains: part = '', limit }, { engine: { workflows } }) => {
    const names = workflows.listWorkflows().filter((name) => name.toLowerCase().includes(part.toLowerCase()));
    const shown = names.slice(0, limit).flatMap((name) => workflows.getWorkflow(name) ?? []);
    return {
      workflows: shown.map(({ name, description: words, steps, parameters: defaults }) => ({
        name,
        description: words.slice(0, 500),
        steps_count: steps.length,
        modules: [...new Set(steps.map(({ module }) => module))].slice(0, MOST_MODULES),
        parameters: shortParameters(defaults),
        file: workflows.fileOf(name) ?? null,
        resource: workflowUri(name),
      })),
      count: shown.length,
      total: names.length,
      cut: names.length > shown.length,
      load_errors: workflows.loadErrors.slice(0, MOST_MODULES).map(({ file, line, faults }) => ({
        file,
        line: line ?? null,
        faults: faults.slice(0, 5).map(({ path, message }) => `${path}: ${message}`),
      })),
    };
  },
});

export const getWorkflowGraph = defineTool({
  name: 'get_workflow_graph',
  title: 'Draw a workflow',
  description:
    'Gives the graph of a workflow, or of a run as it was started, with the status of each step: as a Mermaid flowchart, in Graphviz DOT, or as JSON of steps and dependencies. Arrows lead from a step to those that need it; dependencies by {{references}} are in it. Use it to show or check what runs after what.',
  input: z.strictObject({
    workflow_name: workflowName.describe('Name of a workflow; or give run_id').optional(),
    run_id: runId.describe('Id of a run; or give workflow_name').optional(),
    format: z.enum(['mermaid', 'dot', 'json']).default('mermaid'),
  }),
  output: z.strictObject({
    workflow_name: z.string(),
    run_id: z.string().nullable(),
    format: z.enum(['mermaid', 'dot', 'json']),
    graph: z.union([
      z.string().describe('Mermaid or DOT'),
      z.array(z.strictObject({ name: z.string(), dependencies: z.array(z.string()) })),
    ]),
    steps_count: z.int(),
    dependencies_count: z.int(),
    levels: z.array(z.array(z.string())).nullable().describe('null for large workflows'),
    critical_path: z.array(z.string()).describe('A longest chain of steps'),
    step_statuses: z.record(z.string(), z.string()).nullable().describe('Of a run, by step; null without run_id'),
  }),
  annotations: READ_ONLY,
  run: ({ workflow_name: name, run_id: id, format }, { engine }) => {
    const { compiled, statuses } = graphSubject(engine, name, id);
    const { graph, definition } = compiled;
    const drawn = format === 'mermaid' ? toMermaid(graph) : format === 'dot' ? toDot(graph) : rowsOf(graph);
    if (JSON.stringify(drawn).length > MOST_DRAWN) {
      throw new RuntimeError(
        'ARGUMENT_INVALID',
        `workflow ${JSON.stringify(definition.name)} has ${graph.size} steps, too many to be drawn here; read the resource ${workflowUri(definition.name)}, or use \`yardmaster graph\` in the shell`,
      );
    }
    const path = criticalPath(graph, new Float64Array(graph.size).fill(1)).path;
    return {
      workflow_name: definition.name,
      run_id: id ?? null,
      format,
      graph: drawn,
      steps_count: graph.size,
      dependencies_count: graph.dependencies.length,
      levels: namedLevels(graph, MOST_LEVEL_NAMES) ?? null,
      critical_path: Array.from(path, (index) => graph.names[index] ?? ''),
      step_statuses: statuses,
    };
  },
});

const seconds = z.number().min(0);

export const simulateWorkflow = defineTool({
  name: 'simulate_workflow',
  title: 'Simulate a workflow',
  description:
    'Tells how a run of a workflow would go, without running anything: how long it takes, which steps decide that, how well threads and resources are used. Durations are those of earlier runs, else estimated_seconds of the steps, else a guess of 1 s. Use it before a long run, or to compare numbers of workers, modes or capacities.',
  input: z.strictObject({
    workflow_name: workflowName,
    workers: positiveWhole(10_000).describe('Threads; default: those of the engine').optional(),
    mode: modeWord.optional(),
    max_parallel: positiveWhole(1_000_000).describe('Tasks at once; default: the workflow’s').optional(),
    capacities: z.record(z.string(), z.number().positive()).describe('Other capacities, by resource id').optional(),
    limit: listLimit(50, MOST_SIMULATED),
  }),
  output: z.strictObject({
    workflow_name: z.string(),
    mode: modeWord,
    workers: z.int(),
    makespan_seconds: seconds,
    lower_bound_seconds: seconds.describe('No schedule on these threads and resources is shorter'),
    critical_path: z.array(z.string()),
    critical_path_seconds: seconds,
    utilization: z.number().describe('Busy time of all threads over threads times makespan'),
    estimates: z.strictObject({ known: z.int(), unknown: z.int() }).describe('Durations known, and guessed'),
    resources: z.array(
      z.strictObject({ resource_id: z.string(), capacity: z.number(), peak: z.number(), utilization: z.number() }),
    ),
    tasks: z.array(
      z.strictObject({
        step: z.string(),
        start_seconds: seconds,
        end_seconds: seconds,
        slack_seconds: seconds.describe('How much later it could start; 0 = critical'),
        outcome: z.string(),
        is_guess: z.boolean(),
      }),
    ),
    tasks_total: z.int(),
    cut: z.boolean().describe('Whether there are more tasks than the limit; these are the first to start'),
    plan: anyValue.describe('What the planning of the run came to; null = it was not planned'),
  }),
  annotations: READ_ONLY,
  run: ({ workflow_name: name, workers, mode, max_parallel: maxParallel, capacities, limit }, { engine }) => {
    requireWorkflow(engine, name);
    const report = engine.simulateWorkflow(name, { workers, mode, maxParallel, set: capacities });
    const tasks = report.tasks.toSorted((one, other) => one.start - other.start).slice(0, limit);
    return {
      workflow_name: report.workflow,
      mode: report.mode,
      workers: report.workers,
      makespan_seconds: report.makespanSeconds,
      lower_bound_seconds: report.lowerBoundSeconds,
      critical_path: report.criticalPath.slice(0, MOST_LEVEL_NAMES),
      critical_path_seconds: report.criticalPathSeconds,
      utilization: report.utilization,
      estimates: { ...report.estimates },
      resources: report.resources.map(({ id, capacity, peak, utilization }) => ({
        resource_id: id,
        capacity,
        peak,
        utilization,
      })),
      tasks: tasks.map(({ name: step, start, end, slack, outcome, guessedSeconds }) => ({
        step,
        start_seconds: start,
        end_seconds: end,
        slack_seconds: slack,
        outcome: String(outcome),
        is_guess: guessedSeconds !== null,
      })),
      tasks_total: report.tasks.length,
      cut: report.tasks.length > tasks.length,
      plan: report.plan,
    };
  },
});

function graphSubject(engine: ToolContext['engine'], name: string | undefined, id: string | undefined) {
  if ((name === undefined) === (id === undefined)) {
    throw new RuntimeError('MCP_ARGUMENTS_INVALID', 'give either workflow_name or run_id, and not both', {
      details: { tool: 'get_workflow_graph' },
    });
  }
  if (id === undefined) return { compiled: requireWorkflow(engine, name ?? ''), statuses: null };
  const definition = engine.getRunDefinition(id);
  const compiled = definition === undefined ? undefined : compileWorkflow(definition);
  if (definition === undefined || compiled?.kind !== 'compiled') throw noSuchRun(engine, id);
  const run = engine.getRun(id);
  const history = run === undefined ? engine.getRunHistory(id) : undefined;
  const statuses: Record<string, string> = Object.create(null);
  for (const { name: step } of definition.steps.slice(0, MOST_LEVEL_NAMES)) {
    statuses[step] = run?.taskStatus(step) ?? history?.tasks.get(step)?.status ?? 'pending';
  }
  return { compiled: compiled.workflow, statuses };
}

/** The same form as WorkflowDAG's toJSON, with the dependencies that references add. */
function rowsOf(graph: TaskGraph): { name: string; dependencies: string[] }[] {
  return graph.names.map((name, index) => {
    const row = graph.dependencies.subarray(graph.dependencyOffsets[index], graph.dependencyOffsets[index + 1]);
    return { name, dependencies: Array.from(row, (dependency) => graph.names[dependency] ?? '') };
  });
}

function shortParameters(parameters: JsonObject): JsonObject {
  const text = JSON.stringify(parameters);
  return text.length <= 2_000 ? parameters : { _note: `${text.length} characters; read the resource` };
}
