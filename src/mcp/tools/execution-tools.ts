// Owns the tools that run workflows: a kept one, a new one, the rest of a failed one. Each waits for the end, tells its
// progress, and cancels the run when its call is cancelled; `wait: false` gives the run's id at once.

import { z } from 'zod';
import { NearNames, quoteName, suggestion } from '../../domain/near-name.ts';
import { RuntimeError } from '../../domain/runtime-error.ts';
import { TaskStatus } from '../../domain/statuses.ts';
import type { RunHistory } from '../../engine/run-archive.ts';
import type { WorkflowRun } from '../../engine/workflow-run-handle.ts';
import { defineTool, type ToolContext, type ToolFailure } from '../mcp-tool.ts';
import { failureOf, RUN_REPORT, type RunReport, reportOf } from '../run-report.ts';
import { watchRun } from '../run-watching.ts';
import {
  anyObject,
  fileName,
  modeWord,
  nameText,
  positiveWhole,
  runId,
  stepList,
  workflowName,
} from '../tool-schemas.ts';
import { noSuchRun, refuseCommands, requireRunnable, requireWorkflow, unusedParameters } from '../workflow-checks.ts';
import { checkWorkflow, keepWorkflow, keptWorkflow, workflowFields } from './workflow-tools.ts';

const STARTED = 'Comes back at once with the run_id when wait is false: get_run then tells how it stands.';
const wait = z.boolean().default(true).describe('false: start it and come back at once with its run_id');
const runParameters = anyObject.describe('Run parameters: for {{params.x}}, and for step parameters of the same name');
const warnings = z.array(z.string()).describe('What is no error and most likely not meant');
const reportWithWarnings = RUN_REPORT.extend({ warnings });

export const executeWorkflow = defineTool({
  name: 'execute_workflow',
  title: 'Run a workflow',
  description: [
    'Runs a workflow to its end on this machine’s threads and gives outputs and errors by step, with what to do about each error.',
    'Use it for any workflow that list_workflows shows. Tells progress as tasks end; cancelling the call cancels the run.',
    'A run that failed or was cancelled is an error result that still holds all of this: rerun_from_failed keeps what is complete.',
    STARTED,
    'A run_id of your own makes the call repeatable: given again with the same workflow and parameters, the first run is waited for and nothing runs twice.',
  ].join(' '),
  input: z.strictObject({
    workflow_name: workflowName,
    parameters: runParameters.default({}),
    session_id: z
      .string()
      .min(1)
      .max(400)
      .describe('An open session of the engine; default: one for this run')
      .optional(),
    mode: modeWord.optional(),
    max_parallel: positiveWhole(1_000_000).describe('Most tasks of the run at once').optional(),
    run_id: z.string().min(1).max(200).describe('An id of your own for the run').optional(),
    wait,
  }),
  output: reportWithWarnings,
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  run: async (args, context) => {
    const { engine, allowCommands } = context;
    const workflow = requireWorkflow(engine, args.workflow_name);
    refuseCommands(workflow.steps, allowCommands);
    const known = args.run_id === undefined ? undefined : engine.getRunDefinition(args.run_id);
    // A run of that id may be from before the workflow was changed, and would go on as it was.
    if (known !== undefined) refuseCommands(known.steps, allowCommands);
    else requireRunnable(engine, workflow, args.parameters);
    requireNotCancelled(context);
    const run = engine.startCompiled(workflow, {
      params: args.parameters,
      ...(args.session_id === undefined ? {} : { sessionId: args.session_id }),
      ...(args.run_id === undefined ? {} : { runId: args.run_id }),
      ...(args.mode === undefined ? {} : { mode: args.mode }),
      ...(args.max_parallel === undefined ? {} : { maxParallel: args.max_parallel }),
    });
    const unused = unusedParameters(workflow, args.parameters);
    return outcomeOf(await reportWhen(run, args.wait, context), (report) => ({ ...report, warnings: unused }));
  },
});

const complexDefinition = z.strictObject({
  steps: stepList.describe('The steps, as create_workflow takes them'),
  dependencies: z
    .record(z.string(), z.array(z.string()))
    .describe('By step: the steps it depends on, besides those that the step itself names')
    .optional(),
  ...workflowFields,
});

export const createComplexWorkflow = defineTool({
  name: 'create_complex_workflow',
  title: 'Create and run a workflow',
  description: [
    'Does create_workflow and execute_workflow in one call: checks the definition, keeps it as a file, runs it, and gives the report of the run under execution_result.',
    'Dependencies may be told with the steps or apart from them. Nothing is kept when the definition is faulty or could not run.',
    'Use it for work that is needed now; use create_workflow first where you want to look at it before it runs.',
    'Cancelling the call cancels the run; the workflow stays.',
  ].join(' '),
  input: z.strictObject({
    name: fileName('Name of the workflow'),
    workflow_definition: complexDefinition.describe('Steps and the dependencies between them'),
    parameters: runParameters.default({}),
    replace: z.boolean().default(false).describe('Overwrite an existing workflow of that name'),
    wait,
  }),
  output: z.strictObject({ ...keptWorkflow, execution_result: reportWithWarnings }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  run: async ({ name, workflow_definition: given, parameters, replace, wait: waits }, context) => {
    const { dependencies = {}, ...fields } = given;
    const steps = withDependencies(given.steps, dependencies);
    const checked = checkWorkflow({ name, ...fields, steps }, context);
    const { compiled } = checked;
    requireRunnable(context.engine, compiled, parameters);
    requireNotCancelled(context);
    const kept = await keepWorkflow(checked, replace, context);
    const run = context.engine.startCompiled(compiled, { params: parameters });
    const unused = unusedParameters(compiled, parameters);
    return outcomeOf(await reportWhen(run, waits, context), (report) => ({
      ...kept,
      execution_result: { ...report, warnings: unused },
    }));
  },
});

export const rerunFromFailed = defineTool({
  name: 'rerun_from_failed',
  title: 'Run the rest of a failed run',
  description: [
    'Repeats an ended run as a new one, with the workflow and parameters it had: outputs of steps that completed are taken over, all others run again.',
    'Use it after a run failed or was cancelled and its cause is gone: a task module was corrected, a service is back.',
    'A workflow changed since is not used: for that, execute_workflow. step does that step and all behind it again, although they completed.',
    STARTED,
  ].join(' '),
  input: z.strictObject({
    run_id: runId.describe('Id of the run that ended'),
    step: nameText('A step to do again, with all that depends on it').optional(),
    wait,
  }),
  output: RUN_REPORT.extend({
    rerun_of: z.string(),
    adopted: z.array(z.string()).describe('Steps whose outputs were taken over; at most 200'),
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  run: async ({ run_id: id, step, wait: waits }, context) => {
    const { engine, allowCommands } = context;
    const definition = engine.getRunDefinition(id);
    const history = definition === undefined ? undefined : engine.getRunHistory(id);
    if (definition === undefined || history === undefined) throw noSuchRun(engine, id);
    refuseCommands(definition.steps, allowCommands);
    if (step === undefined) requireSomethingLeft(history, definition.steps.length);
    requireNotCancelled(context);
    const run = engine.rerun(id, { from: step === undefined ? 'failed' : { step } });
    const adopted = adoptedSteps(engine.getRunHistory(run.runId));
    return outcomeOf(await reportWhen(run, waits, context), (report) => ({ ...report, rerun_of: id, adopted }));
  },
});

async function reportWhen(run: WorkflowRun, waits: boolean, context: ToolContext): Promise<RunReport> {
  return reportOf(waits ? await watchRun(run, context) : run.snapshot());
}

function outcomeOf<Data extends object>(report: RunReport, dataOf: (report: RunReport) => Data): Data | ToolFailure {
  const data = dataOf(report);
  return failureOf(report, data) ?? data;
}

function requireNotCancelled({ signal }: ToolContext): void {
  if (signal.aborted) throw new RuntimeError('RUN_CANCELLED', 'the call was cancelled before anything was started');
}

function requireSomethingLeft({ record, tasks }: RunHistory, steps: number): void {
  if (record.endedAtMs === null) return;
  let completed = 0;
  for (const { status } of tasks.values()) if (status === TaskStatus.COMPLETED) completed += 1;
  if (completed < steps) return;
  const { runId: id } = record;
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `every step of run '${id}' completed, so nothing is left to do; execute_workflow runs it anew, step does a step and those behind it again`,
    { details: { runId: id } },
  );
}

function adoptedSteps(history: RunHistory | undefined): string[] {
  const adopted = [...(history?.tasks.values() ?? [])].filter(({ adoptedFrom }) => adoptedFrom !== null);
  return adopted.slice(0, 200).map(({ task }) => task);
}

function withDependencies(
  steps: readonly { readonly name: string; readonly dependencies?: readonly string[] | undefined }[],
  dependencies: Readonly<Record<string, readonly string[]>>,
): readonly Readonly<Record<string, unknown>>[] {
  const names = new Set(steps.map(({ name }) => name));
  const strangers = Object.keys(dependencies).filter((name) => !names.has(name));
  if (strangers.length > 0) {
    const near = new NearNames(names);
    const list = strangers.map((name) => `${quoteName(name)}${suggestion(near.nearest(name))}`).join(', ');
    throw new RuntimeError(
      'WORKFLOW_INVALID',
      `dependencies name ${list}, which are no steps; correct or remove them`,
      {
        details: { steps: strangers.slice(0, 50) },
      },
    );
  }
  return steps.map((step) => {
    const more = Object.hasOwn(dependencies, step.name) ? (dependencies[step.name] ?? []) : [];
    return more.length === 0 ? step : { ...step, dependencies: [...new Set([...(step.dependencies ?? []), ...more])] };
  });
}
