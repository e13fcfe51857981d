// Owns the form in which errors reach people: `error CODE: what, where, what to do`, one line a fault, on stderr.
// A stack is shown with YARDMASTER_DEBUG=1 only; nothing here throws, whatever was thrown.

import type { ErrorCode } from '../domain/error-codes.ts';
import { errorCodeTraits } from '../domain/error-codes.ts';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';
import { type SerializedError, serializeError } from '../domain/serialized-error.ts';
import type { WorkflowFault } from '../domain/workflow-definition.ts';
import { ExitCode } from './exit-code.ts';
import { toPrintableLine } from './printable-text.ts';

/** More faults than this are counted, not shown; `validate` shows all. */
const MAX_FAULT_LINES = 25;
/** A task's details may be megabytes; the event and the result carry all of them. */
const MAX_DETAILS_LENGTH = 2_000;

/** Several faults of one input, thrown together so that all of them are shown at once. */
export class FaultsError extends RuntimeError {
  readonly faults: readonly WorkflowFault[];
  readonly source: string;

  constructor(source: string, faults: readonly WorkflowFault[]) {
    super('WORKFLOW_INVALID', `${source} has ${faults.length} fault${faults.length === 1 ? '' : 's'}`, {
      details: { faults },
    });
    this.faults = faults;
    this.source = source;
  }
}

/** Bad usage of a flag, argument or command. */
export function usageError(message: string, code: ErrorCode = 'USAGE'): RuntimeError {
  return new RuntimeError(code, message);
}

/** The lines for stderr. */
export function errorLines(thrown: unknown, debug: boolean): string[] {
  if (thrown instanceof FaultsError) return faultLines(thrown.source, thrown.faults);
  const error = serializeError(thrown, 'INTERNAL');
  const lines = [`error ${error.code}: ${describeError(error, isRuntimeError(thrown))}`];
  for (const fault of faultMessages(error.details)) {
    if (!error.message.includes(fault)) lines.push(`error ${error.code}: ${toPrintableLine(fault)}`);
  }
  if (error.code === 'INTERNAL' && !debug) lines[0] += '; set YARDMASTER_DEBUG=1 to see where';
  return debug && error.stack !== undefined ? [...lines, error.stack] : lines;
}

/** One line a fault: message, file and line, JSON path. */
export function faultLines(source: string, faults: readonly WorkflowFault[], maximum = MAX_FAULT_LINES): string[] {
  const lines = faults.slice(0, maximum).map((fault) => `error ${fault.code}: ${faultText(source, fault)}`);
  const hidden = faults.length - lines.length;
  if (hidden > 0) {
    lines.push(`error WORKFLOW_INVALID: ${hidden} more faults, in ${source}; \`yardmaster validate\` lists all`);
  }
  return lines;
}

/** What is wrong and where, without the code. */
export function faultText(source: string, fault: WorkflowFault): string {
  // Faults of the file as a whole name it already.
  if (fault.code.startsWith('FILE_')) return toPrintableLine(fault.message);
  const line = fault.line === undefined ? '' : `:${fault.line}`;
  return `${toPrintableLine(fault.message)}, in ${source}${line} at ${fault.path}`;
}

/** A failed task as one line: name, message, details and every cause. */
export function taskErrorLine(word: 'error' | 'warning', task: string, error: SerializedError): string {
  return `${word} ${error.code}: task "${toPrintableLine(task)}": ${describeError(error, false)}`;
}

/** Name, message, details and causes on one line; an own error's name says nothing and can be left out. */
export function describeError(error: SerializedError, omitName: boolean): string {
  const name = omitName || error.name === 'RuntimeError' ? '' : `${toPrintableLine(error.name)}: `;
  let text = `${name}${toPrintableLine(error.message)}${detailsText(error.details)}`;
  for (let cause = error.cause; cause !== undefined; cause = cause.cause) {
    const code = cause.code === 'TASK_FAILED' || cause.code === 'INTERNAL' ? '' : ` ${toPrintableLine(cause.code)}`;
    text += `; caused by ${toPrintableLine(cause.name)}${code}: ${toPrintableLine(cause.message)}`;
    text += detailsText(cause.details);
  }
  return text;
}

/** The exit code that an error stands for: bad input is 2, everything else a failed run. */
export function exitCodeOf(thrown: unknown): ExitCode {
  return errorCodeTraits(serializeError(thrown, 'INTERNAL').code).usage ? ExitCode.BAD_INPUT : ExitCode.RUN_FAILED;
}

function detailsText(details: SerializedError['details']): string {
  if (details === undefined) return '';
  const shown = Object.fromEntries(Object.entries(details).filter(([key]) => key !== 'faults'));
  if (Object.keys(shown).length === 0) return '';
  const text = toPrintableLine(JSON.stringify(shown));
  return text.length > MAX_DETAILS_LENGTH ? ` (details ${text.slice(0, MAX_DETAILS_LENGTH)}…)` : ` (details ${text})`;
}

function faultMessages(details: SerializedError['details']): string[] {
  const faults = details?.faults;
  if (!Array.isArray(faults)) return [];
  return faults.slice(0, MAX_FAULT_LINES).flatMap((fault: unknown) => {
    if (typeof fault === 'string') return [fault];
    if (typeof fault === 'object' && fault !== null && 'message' in fault && typeof fault.message === 'string') {
      return [fault.message];
    }
    return [];
  });
}
