// Owns the one error that a faulty template gives: which file, which line where one is known, which field, what to do.

import { formatJsonPath, type JsonPathSegment } from '../domain/json-path.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowFault } from '../domain/workflow-definition.ts';

const CODE = 'PROJECT_TEMPLATE_INVALID';
const MOST_SHOWN = 5;

/** One fault of a template's JSON; `line` is found later, from the text. */
export function templateFault(place: readonly JsonPathSegment[], message: string): WorkflowFault {
  return { code: CODE, message, path: formatJsonPath(place) };
}

/** The error of a template whose JSON has faults. */
export function templateError(file: string, faults: readonly WorkflowFault[]): RuntimeError {
  const shown = faults.slice(0, MOST_SHOWN).map(({ path, line, message }) => {
    const place = line === undefined ? '' : `line ${line}, `;
    return path === '$' ? `${place === '' ? '' : `${place.slice(0, -2)}: `}${message}` : `${place}${path} ${message}`;
  });
  const rest = faults.length > MOST_SHOWN ? `; and ${faults.length - MOST_SHOWN} more` : '';
  const [first] = faults;
  const line = first?.line;
  return new RuntimeError(CODE, `template ${file}: ${shown.join('; ')}${rest}`, {
    details: {
      file,
      faults,
      ...(line === undefined ? {} : { line }),
      ...(first === undefined ? {} : { field: first.path }),
    },
  });
}

/** The error of a workflow file that a template ships; `what` says which one it is. */
export function templateWorkflowError(file: string, what: string, faults: readonly WorkflowFault[]): RuntimeError {
  const [first] = faults;
  const field = first === undefined || first.path === '$' ? '' : `${first.path}: `;
  const line = faults.find((fault) => fault.line !== undefined)?.line;
  const message = `${what} is not valid: ${field}${first?.message ?? 'correct it'}`;
  return templateFileError(file, message, line === undefined ? {} : { line });
}

/** The error of a file or folder that a template ships or names. */
export function templateFileError(
  file: string,
  message: string,
  options: { line?: number; cause?: unknown } = {},
): RuntimeError {
  const { line, cause } = options;
  return new RuntimeError(CODE, `template file ${file}${line === undefined ? '' : `:${line}`}: ${message}`, {
    details: { file, ...(line === undefined ? {} : { line }) },
    ...(cause === undefined ? {} : { cause }),
  });
}
