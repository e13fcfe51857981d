// Owns what is said when a run has ended: the summary for people, the summary line for programs, the errors of its tasks.

import { isAbsolute } from 'node:path';
import type { SerializedError } from '../domain/serialized-error.ts';
import type { WorkflowStatus } from '../domain/statuses.ts';
import { referencedSteps } from '../domain/step-references.ts';
import type { StepDefinition } from '../domain/workflow-definition.ts';
import type { FolderFlags } from './command-flags.ts';
import { durationText } from './duration-text.ts';
import { taskErrorLine } from './error-lines.ts';
import { jsonLine } from './json-output.ts';
import { cutToColumns, toPrintableLine } from './printable-text.ts';
import { PLAIN_STYLER, type StyleName, type Styler } from './text-style.ts';

/** What the shell reads of an ended run. */
export interface EndedRun {
  readonly runId: string;
  readonly workflow: string;
  readonly status: WorkflowStatus;
  readonly tasks: {
    readonly total: number;
    readonly completed: number;
    readonly failed: number;
    readonly skipped: number;
    readonly cancelled: number;
  };
  readonly durationMs: number;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly errors: Readonly<Record<string, SerializedError>>;
}

/** More failed tasks than this are counted, not shown. */
const MOST_ERROR_LINES = 20;
const MOST_RESULT_LINES = 12;
const RESULT_COLUMNS = 240;
/** Ends that are consequences of something else that is told already. */
const CONSEQUENCES: ReadonlySet<string> = new Set([
  'UPSTREAM_FAILED',
  'CONDITION_FALSE',
  'TASK_CANCELLED',
  'RUN_CANCELLED',
]);
const STATUS_STYLES: Partial<Record<WorkflowStatus, StyleName>> = {
  completed: 'good',
  failed: 'bad',
  cancelled: 'warning',
};

/** The last line of `--json`. */
export function summaryJsonLine(run: EndedRun): string {
  const { total, completed, failed, skipped, cancelled } = run.tasks;
  return jsonLine({
    type: 'run.summary',
    runId: run.runId,
    workflow: run.workflow,
    status: run.status,
    tasks: { total, completed, failed, skipped, cancelled },
    durationMs: run.durationMs,
    outputs: run.outputs,
  });
}

/** The summary for people: one line, then what the run has made. */
export function summaryLines(run: EndedRun, steps: readonly StepDefinition[], style: Styler = PLAIN_STYLER): string[] {
  const { total, completed, failed, skipped, cancelled } = run.tasks;
  const counts = [`${completed} of ${total} tasks completed`];
  if (failed > 0) counts.push(`${failed} failed`);
  if (skipped > 0) counts.push(`${skipped} skipped`);
  if (cancelled > 0) counts.push(`${cancelled} cancelled`);
  const status = style(STATUS_STYLES[run.status] ?? 'strong', run.status);
  const name = style('strong', toPrintableLine(run.workflow));
  return [
    `${name} ${status} in ${durationText(run.durationMs)}: ${counts.join(', ')} (run ${run.runId})`,
    ...resultLines(run, steps),
  ];
}

/** The command that goes on with a run, or with all (null), with the folders that were named for this one. */
export function resumeHint(runId: string | null, flags: FolderFlags): string {
  const folders = [
    ...(flags.dataDir === undefined ? [] : ['--data-dir', flags.dataDir]),
    ...(flags.tasks ?? []).flatMap((folder) => ['--tasks', folder]),
  ];
  return ['yardmaster resume', ...[...(runId === null ? [] : [runId]), ...folders].map(shellWord)].join(' ');
}

function shellWord(text: string): string {
  const line = toPrintableLine(text);
  return /^[\w@%+=:,./-]+$/.test(line) ? line : `'${line.replaceAll("'", "'\\''")}'`;
}

/** What is said of a run that stays unfinished in the journal. */
export function interruptedLine(run: Pick<EndedRun, 'runId' | 'tasks'>, flags: FolderFlags): string {
  const { total, completed, failed, skipped, cancelled } = run.tasks;
  const done = completed + failed + skipped + cancelled;
  const hint = resumeHint(run.runId, flags);
  return `run ${run.runId} is interrupted: ${done} of ${total} tasks done; go on with: ${hint}`;
}

/** One line on stderr for each task that failed; those that may fail are warnings. */
export function taskErrorLines(run: EndedRun, steps: readonly StepDefinition[]): string[] {
  const optional = new Set(steps.filter((step) => !step.required).map((step) => step.name));
  const failures = Object.entries(run.errors).filter(([, error]) => !CONSEQUENCES.has(error.code));
  const lines = failures
    .slice(0, MOST_ERROR_LINES)
    .map(([task, error]) => taskErrorLine(optional.has(task) ? 'warning' : 'error', task, error));
  const hidden = failures.length - lines.length;
  if (hidden > 0) lines.push(`error TASK_FAILED: ${hidden} more tasks failed, in run ${run.runId}; --json lists all`);
  return lines;
}

// What the last steps give is what the user wanted: a page and files as paths, one short result as it is.
function resultLines(run: EndedRun, steps: readonly StepDefinition[]): string[] {
  const names = new Set(steps.map((step) => step.name));
  const needed = new Set(
    steps.flatMap((step) => [...step.dependencies, ...referencedSteps(step.parameters, (name) => names.has(name))]),
  );
  const last = steps.filter((step) => !needed.has(step.name) && Object.hasOwn(run.outputs, step.name));
  const paths = last.flatMap((step) => pathsOf(run.outputs[step.name]));
  if (paths.length > 0) {
    const pages = paths.filter(([key]) => key === 'page');
    const files = paths.filter(([key]) => key !== 'page');
    return [...pages, ...files]
      .slice(0, MOST_RESULT_LINES)
      .map(([key, path]) => `  ${toPrintableLine(key)}: ${toPrintableLine(path)}`);
  }
  const [only] = last;
  if (last.length !== 1 || only === undefined) return [];
  const output = run.outputs[only.name];
  if (output === undefined || output === null) return [];
  const text = typeof output === 'string' ? output : jsonLine(output);
  return [cutToColumns(`  ${toPrintableLine(only.name)}: ${toPrintableLine(text)}`, RESULT_COLUMNS)];
}

/** Members of a result that name a file: `page`, absolute paths, and references to artifacts. */
function pathsOf(output: unknown): [key: string, path: string][] {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return [];
  if ('artifact' in output && 'path' in output && typeof output.path === 'string') {
    return [[String(output.artifact), output.path]];
  }
  return Object.entries(output).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    if (typeof value === 'string') return key === 'page' || isAbsolute(value) ? [[key, value]] : [];
    if (typeof value === 'object' && value !== null && 'artifact' in value && 'path' in value) {
      return typeof value.path === 'string' ? [[key, value.path]] : [];
    }
    return [];
  });
}
