// Owns the tools that look at runs and end them: list, standing, why they wait, cancel. They serve single tasks too, whose
// runs have the task's own id.

import { z } from 'zod';
import { RuntimeError } from '../../domain/runtime-error.ts';
import { type TaskStatus, WorkflowStatus } from '../../domain/statuses.ts';
import type { WaitExplanation, WaitReason } from '../../domain/wait-reason.ts';
import { recordedExecution } from '../../engine/recorded-run.ts';
import type { RunRecord } from '../../engine/run-archive.ts';
import { logBookOf } from '../../inspect/log-book.ts';
import { defineTool, READ_ONLY, type ToolContext } from '../mcp-tool.ts';
import { runUri } from '../resource-uris.ts';
import { hasEnded, isoOf, reportOf, taskCounts } from '../run-report.ts';
import { RUN_STANDING, standingOf } from '../run-standing.ts';
import { advice, anyValue, listLimit, nameText, optionalTime, runId, workflowStatus } from '../tool-schemas.ts';
import { noSuchRun } from '../workflow-checks.ts';

type RunFilter = NonNullable<Parameters<ToolContext['engine']['listRuns']>[0]>;

/** Records that a filtered list looks at in one go. */
const PAGE = 500;
const MOST_RUNS = 500;

export const getRun = defineTool({
  name: 'get_run',
  title: 'Look at a run',
  description: [
    'Tells how a run stands or how it ended: status, outputs and errors by step with what to do, attempts and times of each step, and the last lines that its tasks logged.',
    'Use it after execute_workflow with wait: false, and to find out why a run failed. Ids of single tasks (execute_task) serve too.',
    'step gives one step alone with its attempts and its whole output, up to 200,000 characters. What is logged is known for the life of the server process only.',
    'Next: explain_waiting while it goes on, rerun_from_failed when it failed.',
  ].join(' '),
  input: z.strictObject({
    run_id: runId,
    step: nameText('One step alone, with its whole output').optional(),
    steps_limit: listLimit(100, 1_000),
    log_lines: z.int().min(0).max(1_000).default(20).describe('Last lines of the log, of the step if one is given'),
  }),
  output: RUN_STANDING,
  annotations: READ_ONLY,
  run: ({ run_id: id, step, steps_limit: stepsLimit, log_lines: logLines }, { engine }) => {
    const history = engine.getRunHistory(id);
    if (history === undefined) throw noSuchRun(engine, id);
    const definition = engine.getRunDefinition(id);
    const names = definition?.steps.map(({ name }) => name) ?? [...history.tasks.keys()];
    if (step !== undefined && !names.includes(step)) throw noSuchStep(id, step, names);
    const live = engine.getRun(id);
    const report = reportOf(live?.snapshot() ?? recordedExecution(history));
    return standingOf({
      report,
      history,
      names,
      liveStatus: (name) => live?.taskStatus(name) ?? singleStatus(engine, history.record),
      held: engine.heldBecause(id)?.message ?? null,
      log: logBookOf(engine).read(id),
      bounds: { step, stepsLimit, logLines },
    });
  },
});

export const listRuns = defineTool({
  name: 'list_runs',
  title: 'List runs',
  description:
    'Lists runs, newest first, of this process and of earlier ones: id, workflow, status, times. Use it to find the id of a run that failed or still goes on. kind: task lists single tasks of execute_task. Next: get_run.',
  input: z.strictObject({
    status: workflowStatus.describe('Only runs of this status').optional(),
    workflow_name: nameText('Only runs of this workflow').optional(),
    kind: z.enum(['workflow', 'task', 'all']).default('workflow'),
    limit: listLimit(20, MOST_RUNS),
  }),
  output: z.strictObject({
    runs: z.array(
      z.strictObject({
        run_id: z.string(),
        kind: z.enum(['workflow', 'task']),
        workflow_name: z.string().describe('Of a single task: its name'),
        status: workflowStatus,
        steps_count: z.int(),
        created_at: z.string(),
        started_at: optionalTime,
        ended_at: optionalTime,
        duration_ms: z.number().nullable().describe('null while it goes on'),
        reason: z.string().nullable(),
        rerun_of: z.string().nullable(),
        resource: z.string(),
      }),
    ),
    count: z.int(),
    cut: z.boolean().describe('Whether there are more than the limit'),
  }),
  annotations: READ_ONLY,
  run: ({ status, workflow_name: workflow, kind, limit }, { engine }) => {
    const filter: RunFilter = {
      ...(kind === 'all' ? {} : { kind }),
      // Parked ones count as ended.
      ...(status === undefined || status === WorkflowStatus.FAILED ? {} : { open: !hasEnded(status) }),
    };
    const matches = (record: RunRecord) =>
      (status === undefined || record.status === status) && (workflow === undefined || record.workflow === workflow);
    const found = firstRecords(engine, filter, matches, limit + 1);
    const runs = found.slice(0, limit).map(recordOf);
    return { runs, count: runs.length, cut: found.length > limit };
  },
});

export const explainWaiting = defineTool({
  name: 'explain_waiting',
  title: 'Explain what a run waits for',
  description: [
    'Tells for each task of a run that has neither begun nor ended why it waits: dependencies, a resource that is short, a quota and when it refills, a limit, a thread, a retry, a pause.',
    'Use it when a run takes longer than it should. Ids of single tasks serve too. step asks for one step alone.',
    'Tasks under way do not wait: running_steps names them. Bodies that wait for each other’s capacity for ever are under deadlocks.',
  ].join(' '),
  input: z.strictObject({
    run_id: runId,
    step: nameText('One step alone').optional(),
    limit: listLimit(50, 200),
  }),
  output: z.strictObject({
    run_id: z.string(),
    status: workflowStatus,
    waiting: z.array(
      z.strictObject({
        step: z.string(),
        since: optionalTime.describe('When it became ready; null while dependencies are missing'),
        message: z.string().describe('Why, in one sentence'),
        reason: z.looseObject({ kind: z.string() }).describe('The same as data; times in epoch milliseconds'),
        advice: z.string(),
      }),
    ),
    count: z.int(),
    cut: z.boolean(),
    running_steps: z.array(z.string()),
    tasks: taskCounts,
    deadlocks: z.array(anyValue),
    message: z.string().describe('The whole in one sentence'),
    next: advice,
  }),
  annotations: READ_ONLY,
  run: ({ run_id: id, step, limit }, { engine }) => {
    const history = engine.getRunHistory(id);
    if (history === undefined) throw noSuchRun(engine, id);
    const waits = engine.explain(id, { limit: limit + 1, ...(step === undefined ? {} : { step }) });
    const live = engine.getRun(id);
    const { status, tasks } = live?.snapshot() ?? recordedExecution(history);
    const running = [...history.tasks].filter(([, task]) => task.status === 'running').map(([name]) => name);
    const shown = waits.slice(0, limit);
    return {
      run_id: id,
      status,
      waiting: shown.map(waitOf),
      count: shown.length,
      cut: waits.length > limit,
      running_steps: running.slice(0, 100),
      tasks: { ...tasks },
      deadlocks: engine.findDeadlocks().slice(0, 10),
      message: summaryOf(id, status, shown, running, step),
      next: hasEnded(status) ? [`get_run {"run_id": ${JSON.stringify(id)}} tells how it ended.`] : [],
    };
  },
});

export const cancelRun = defineTool({
  name: 'cancel_run',
  title: 'Cancel a run',
  description:
    'Cancels a run or a single task: what waits is not started, what runs is asked to stop and then stopped. Comes back when it has ended, with what was complete by then. Use it for work that is not wanted any more; rerun_from_failed takes it up later. A run that has ended is an error.',
  input: z.strictObject({
    run_id: runId,
    reason: z.string().min(1).max(500).default('cancelled over MCP').describe('Kept on record'),
  }),
  output: z.strictObject({
    run_id: z.string(),
    status: workflowStatus,
    cancelled: z.boolean().describe('false: it ended another way before it could be cancelled'),
    reason: z.string(),
    tasks: taskCounts,
    resource: z.string(),
    next: advice,
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  run: async ({ run_id: id, reason }, context) => {
    const { engine } = context;
    const history = engine.getRunHistory(id);
    if (history === undefined) throw noSuchRun(engine, id);
    if (history.record.endedAtMs !== null) throw ended(history.record);
    if (history.record.kind === 'task') return cancelTask(id, reason, context);
    // An unfinished run that nobody has taken up yet is taken up for it.
    const run = engine.getRun(id) ?? engine.resumeRun(id);
    if (run.hasEnded) throw ended({ ...history.record, status: run.status });
    run.cancel(reason);
    const { status, tasks } = await run.result();
    return {
      run_id: id,
      status,
      cancelled: status === WorkflowStatus.CANCELLED,
      reason,
      tasks: { ...tasks },
      resource: runUri(id),
      next:
        status === WorkflowStatus.CANCELLED
          ? [`rerun_from_failed {"run_id": ${JSON.stringify(id)}} does later what was not done.`]
          : [`get_run {"run_id": ${JSON.stringify(id)}} tells how it ended.`],
    };
  },
});

async function cancelTask(id: string, reason: string, { engine }: ToolContext) {
  if (!engine.tasks.cancelTask(id, reason)) {
    throw new RuntimeError('RUN_ENDED', `task '${id}' has ended and cannot be cancelled any more`, {
      details: { runId: id },
    });
  }
  const { status } = await engine.waitForTask(id);
  const one = (end: TaskStatus) => (status === end ? 1 : 0);
  const counts = { completed: one('completed'), failed: one('failed'), skipped: one('skipped') };
  return {
    run_id: id,
    status: counts.completed === 1 ? WorkflowStatus.COMPLETED : WorkflowStatus.CANCELLED,
    cancelled: status === 'cancelled',
    reason,
    tasks: { total: 1, ...counts, cancelled: one('cancelled') },
    resource: runUri(id),
    next: [],
  };
}

function ended({ runId: id, status }: Pick<RunRecord, 'runId' | 'status'>): RuntimeError {
  return new RuntimeError('RUN_ENDED', `run '${id}' has ended as ${status}; there is nothing left to cancel`, {
    details: { runId: id, status },
  });
}

function noSuchStep(id: string, step: string, names: readonly string[]): RuntimeError {
  const known = names.slice(0, 20).join(', ');
  return new RuntimeError('TASK_NOT_FOUND', `run '${id}' has no step ${JSON.stringify(step)}; it has ${known}`, {
    details: { runId: id, step },
  });
}

function singleStatus({ tasks }: ToolContext['engine'], { runId: id, kind }: RunRecord): TaskStatus | undefined {
  return kind === 'task' ? tasks.getTask(id)?.status : undefined;
}

function firstRecords(
  engine: ToolContext['engine'],
  filter: RunFilter,
  matches: (record: RunRecord) => boolean,
  wanted: number,
): RunRecord[] {
  const found: RunRecord[] = [];
  for (let skip = 0; found.length < wanted; skip += PAGE) {
    const page = engine.listRuns({ ...filter, skip, limit: PAGE });
    for (const record of page) if (found.length < wanted && matches(record)) found.push(record);
    if (page.length < PAGE) break;
  }
  return found;
}

function recordOf(record: RunRecord) {
  const { startedAtMs, endedAtMs } = record;
  return {
    run_id: record.runId,
    kind: record.kind,
    workflow_name: record.workflow,
    status: record.status,
    steps_count: record.steps,
    created_at: isoOf(record.createdAtMs),
    started_at: isoOf(startedAtMs),
    ended_at: isoOf(endedAtMs),
    duration_ms: endedAtMs === null ? null : endedAtMs - (startedAtMs ?? endedAtMs),
    reason: record.reason ?? record.parked?.reason ?? null,
    rerun_of: record.rerunOf,
    resource: runUri(record.runId),
  };
}

function waitOf({ task, sinceMs, message, reason }: WaitExplanation) {
  return {
    step: task,
    since: isoOf(sinceMs),
    message,
    reason: { ...reason },
    advice: adviceOnWait(reason),
  };
}

function adviceOnWait({ kind }: WaitReason): string {
  switch (kind) {
    case 'dependency':
      return 'See to the steps it waits for: running_steps names those under way.';
    case 'resource':
      return 'get_system_status shows the resource; release_resources gives back what was allocated over MCP.';
    case 'quota':
      return 'Wait for the refill, or ask for less of the quota.';
    case 'retry':
      return 'It failed before and is tried again by itself; get_run with this step tells the error.';
    case 'run-held':
      return 'The engine cannot take it up: the message says why, a task module that is missing most often.';
    case 'run-paused':
    case 'dispatch-stopped':
      return 'Somebody stopped it on purpose, in the shell or in the program, and can let it go on there.';
    case 'slot':
      return 'All threads are busy; more workers or a higher priority of the step would help.';
    default:
      return 'It goes on by itself.';
  }
}

function summaryOf(
  id: string,
  status: WorkflowStatus,
  waits: readonly WaitExplanation[],
  running: readonly string[],
  step: string | undefined,
): string {
  if (hasEnded(status)) return `run '${id}' has ended as ${status}; nothing waits`;
  const subject = step === undefined ? `run '${id}'` : `step "${step}" of run '${id}'`;
  const [first] = waits;
  if (first !== undefined) return `${subject} ${status}: "${first.task}" ${first.message}`;
  return running.length > 0
    ? `${subject} ${status}: nothing waits, ${running.length} under way`
    : `${subject} ${status}`;
}
