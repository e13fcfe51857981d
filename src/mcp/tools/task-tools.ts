// Owns the tool that runs one task by itself, without a workflow.

import { z } from 'zod';
import { NearNames, quoteName, suggestion } from '../../domain/near-name.ts';
import { RuntimeError } from '../../domain/runtime-error.ts';
import { type PriorityName, TaskStatus } from '../../domain/statuses.ts';
import { STEP_OBJECT } from '../../domain/workflow-schema.ts';
import type { TaskResult } from '../../engine/task.ts';
import { adviceOn } from '../failure-advice.ts';
import { defineTool, type ToolContext, ToolFailure } from '../mcp-tool.ts';
import { runUri } from '../resource-uris.ts';
import { boundedOutput, cutOutput, errorReport, REPORT_LIMITS, stepError } from '../run-report.ts';
import { watchTask } from '../run-watching.ts';
import { advice, anyObject, anyValue, nameText, optionalTime } from '../tool-schemas.ts';
import { CORE_ACTIONS, knowsModule, refuseCommands } from '../workflow-checks.ts';

const PRIORITIES = ['low', 'normal', 'high', 'critical'] as const satisfies readonly PriorityName[];
const { resources, timeout, max_retries: maxRetries } = STEP_OBJECT.shape;

export const executeTask = defineTool({
  name: 'execute_task',
  title: 'Run one task',
  description: [
    `Runs one action of a task module in a thread and gives its output, or its error with what to do (${CORE_ACTIONS}; other modules are files of the tasks folder).`,
    'Use it to try an action out or for work of one step; for several steps that need each other use create_complex_workflow.',
    'dependencies names tasks submitted to this engine before, by id or by name (the last of that name): the task starts when they have completed, and is skipped when one does not.',
    'Tells progress; cancelling the call cancels the task. wait: false comes back at once with the task_id, for which get_run, explain_waiting and cancel_run serve.',
  ].join(' '),
  input: z.strictObject({
    name: nameText('Name of the task; need not be unique'),
    module: nameText('Task module: core, or a file of a tasks folder without its ending'),
    action: nameText('Exported function of the module'),
    parameters: anyObject.describe('Given to the action').default({}),
    priority: z.enum(PRIORITIES).default('normal').describe('Before which other waiting tasks it goes'),
    dependencies: z
      .array(z.string().min(1).max(400))
      .max(1_000)
      .default([])
      .describe('Ids or names of earlier tasks that must complete first'),
    resources: resources.describe('Amounts by resource id, granted all or nothing before it starts'),
    timeout: timeout.unwrap().unwrap().describe('Seconds that one attempt may take; default no limit').optional(),
    max_retries: maxRetries,
    task_id: z
      .string()
      .min(1)
      .max(200)
      .describe('An id of your own: given again for the same work, nothing runs twice')
      .optional(),
    wait: z.boolean().default(true).describe('false: come back at once with the task_id'),
  }),
  output: z.strictObject({
    task_id: z.string(),
    name: z.string(),
    status: z.enum(TaskStatus),
    success: z.boolean(),
    output: anyValue.describe('null until it has completed, and where it is cut'),
    cut_output: cutOutput.nullable().describe('In place of an output that is too long to be here'),
    error: stepError.nullable(),
    reason: z.string().nullable().describe('Why it was skipped or cancelled'),
    attempts: z.int(),
    submitted_at: z.string(),
    started_at: optionalTime,
    completed_at: optionalTime,
    duration_ms: z.number().nullable(),
    depends_on: z.array(z.strictObject({ task_id: z.string(), name: z.string(), status: z.string() })),
    resource: z.string(),
    next: advice,
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  run: async (args, context) => {
    const { engine, allowCommands, signal } = context;
    refuseCommands([args], allowCommands);
    if (!knowsModule(engine, args.module)) throw unknownModule(args.module);
    const dependencies = tasksNamed(engine, args.dependencies, args.name);
    if (signal.aborted)
      throw new RuntimeError('TASK_CANCELLED', 'the call was cancelled before the task was submitted');
    const taskId = engine.submitTask({
      name: args.name,
      module: args.module,
      action: args.action,
      parameters: args.parameters,
      priority: args.priority,
      dependencies: dependencies.map(({ taskId: id }) => id),
      resources: args.resources,
      taskId: args.task_id,
      timeoutMs: args.timeout === undefined ? undefined : args.timeout * 1_000,
      maxRetries: args.max_retries,
    });
    const result = args.wait ? await watchTask(taskId, context) : engine.tasks.getTask(taskId);
    if (result === undefined) throw new RuntimeError('INTERNAL', `task '${taskId}' is gone; please report this`);
    return outcomeOf(result, dependencies, engine);
  },
});

function outcomeOf(result: TaskResult, dependencies: readonly TaskResult[], engine: ToolContext['engine']) {
  const { taskId, name, status, success, error } = result;
  const bounded = boundedOutput(taskId, name, result.output, REPORT_LIMITS.output);
  const data = {
    task_id: taskId,
    name,
    status,
    success,
    output: bounded.kind === 'whole' ? bounded.value : null,
    cut_output: bounded.kind === 'whole' ? null : bounded.cut,
    error: error === null ? null : errorReport(error, 'task'),
    reason: result.reason,
    attempts: result.attempts,
    submitted_at: result.submittedAt,
    started_at: result.startedAt,
    completed_at: result.completedAt,
    duration_ms: result.durationMs,
    depends_on: dependencies.map((each) => ({
      task_id: each.taskId,
      name: each.name,
      status: engine.tasks.getTask(each.taskId)?.status ?? each.status,
    })),
    resource: runUri(taskId),
    next: success || result.completedAt === null ? nextFor(result) : [],
  };
  if (success || result.completedAt === null) return data;
  const code = error?.code ?? (status === TaskStatus.SKIPPED ? 'UPSTREAM_FAILED' : 'TASK_CANCELLED');
  const why = error?.message.slice(0, REPORT_LIMITS.message) ?? result.reason ?? status;
  const what = `task ${quoteName(name)} (${taskId}) ${status}: ${why}. ${adviceOn(code, 'task')}`;
  return new ToolFailure(code, what, { ...data, next: [adviceOn(code, 'task')] }, { task_id: taskId });
}

function nextFor({ taskId, success }: TaskResult): string[] {
  if (success) return [];
  const call = `{"run_id": ${JSON.stringify(taskId)}}`;
  return [`get_run ${call} tells how it stands, explain_waiting ${call} what it waits for.`];
}

function unknownModule(module: string): RuntimeError {
  return new RuntimeError(
    'MODULE_NOT_FOUND',
    `no tasks folder has a module ${quoteName(module)}, so the task was not submitted; ${CORE_ACTIONS}; other modules are files of the tasks folder, named without their ending`,
    { details: { module } },
  );
}

/** Tasks by their ids, else the last submitted ones of those names. @throws RuntimeError DEPENDENCY_MISSING */
function tasksNamed({ tasks }: ToolContext['engine'], wanted: readonly string[], dependent: string): TaskResult[] {
  // Listed once, and only for names: an engine may know very many tasks.
  let byName: ReadonlyMap<string, TaskResult> | undefined;
  return wanted.map((named) => {
    const byId = tasks.getTask(named);
    if (byId !== undefined) return byId;
    // Of one name the last stays.
    byName ??= new Map(tasks.listTasks().map((task) => [task.name, task]));
    const last = byName.get(named);
    if (last === undefined) throw noSuchTask(named, dependent, [...byName.keys()]);
    return last;
  });
}

function noSuchTask(named: string, dependent: string, names: readonly string[]): RuntimeError {
  const hint = suggestion(new NearNames(names.slice(-500)).nearest(named));
  return new RuntimeError(
    'DEPENDENCY_MISSING',
    `task ${quoteName(dependent)} was not submitted: it depends on ${quoteName(named)}${hint}, and no task of this engine has that id or name; submit that one first, or use create_complex_workflow for steps that need each other`,
    { details: { task: dependent, dependency: named } },
  );
}
