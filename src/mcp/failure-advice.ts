// Owns what an agent can do about a failed step or run: one sentence per error code, in terms of the tools. It must never
// promise what no tool does.

const BY_CODE: Readonly<Record<string, string>> = {
  MODULE_NOT_FOUND:
    'The module is in no tasks folder: correct the step’s module (create_workflow with replace), or have the file added, then execute_workflow again.',
  STEP_MODULE_UNKNOWN:
    'The module is in no tasks folder: correct the step’s module (create_workflow with replace), or have the file added.',
  MODULE_LOAD_FAILED:
    'The task module throws when it is imported: its file has to be corrected, then rerun_from_failed.',
  ACTION_NOT_FOUND:
    'The module does not export the action; the message lists those it exports: correct the step with create_workflow and replace, then execute_workflow.',
  MODULE_PATH_ESCAPES: 'Use a module name such as folder/module, within the tasks folders.',
  TASK_FAILED:
    'The task body threw: read the message, and get_run with this step for its attempts and log. Once its module or what it needs is right, rerun_from_failed; if the workflow has to change, create_workflow with replace and execute_workflow.',
  TASK_UNCAUGHT:
    'Code of the task threw outside of its promise: its module has to be corrected, then rerun_from_failed.',
  TASK_TIMEOUT: 'Give the step a larger timeout or less work, then execute_workflow again.',
  TASK_TOTAL_TIMEOUT: 'Give the step a larger total_timeout or fewer retries, then execute_workflow again.',
  TASK_HEARTBEAT_TIMEOUT:
    'The body gave no sign of life: give a larger heartbeat_timeout, or have it call heartbeat().',
  TASK_CANCELLED: 'It was cancelled: rerun_from_failed does it again, keeping what is complete.',
  TASK_RESULT_INVALID: 'The body must return plain JSON data: its module has to be corrected.',
  TASK_RESULT_TOO_LARGE: 'The body must keep bytes with context.artifact and return the reference.',
  TASK_PARAMETERS_INVALID: 'The parameters of the step are not of the kind its action takes; the message says which.',
  PARAMETER_INVALID: 'A parameter is missing or of a wrong kind; the message says which: give it in parameters.',
  COMMAND_FAILED: 'The program ended with an error; details hold its code and what it wrote.',
  COMMAND_TIMEOUT: 'The program ran too long: give the step’s parameters a larger timeout.',
  THREAD_EXITED: 'The thread ended under the task, most likely by process.exit in it: rerun_from_failed tries again.',
  THREAD_OUT_OF_MEMORY: 'The task needs more memory than a thread has: give it less data at once.',
  UPSTREAM_FAILED: 'It did not run since a step before it did not complete: see to that one first.',
  REFERENCE_INVALID: 'A {{…}} reference of the step leads nowhere: correct its path.',
  RESOURCE_NOT_FOUND:
    'Declare the resource under resources of the workflow, or ask for one that get_system_status lists.',
  RESOURCE_CAPACITY_EXCEEDED: 'Ask for no more than the capacity that get_system_status shows.',
  RESOURCE_TIMEOUT: 'Capacity did not come free in time: get_system_status shows who holds it; try again later.',
  RESOURCE_DEADLOCK: 'Bodies waited for what each other held: have the step ask for all of it in its resources.',
  RUN_TIMEOUT:
    'The run took longer than the workflow’s timeout: raise it with create_workflow and replace, then execute_workflow.',
};

/** Where a single task differs: there is no workflow to correct. */
const OF_TASK: Readonly<Record<string, string>> = {
  MODULE_NOT_FOUND:
    'The module is in no tasks folder: correct module, or have the file added, and call execute_task again.',
  MODULE_LOAD_FAILED:
    'The task module throws when it is imported: its file has to be corrected; then call execute_task again.',
  ACTION_NOT_FOUND:
    'The module does not export the action; the message lists those it exports: correct action and call execute_task again.',
  TASK_FAILED:
    'The task body threw: read the message, and get_run with its task_id for attempts and log; then call execute_task again.',
  TASK_UNCAUGHT:
    'Code of the task threw outside of its promise: its module has to be corrected; then call execute_task again.',
  TASK_TIMEOUT: 'Give a larger timeout or less work, and call execute_task again.',
  TASK_CANCELLED: 'It was cancelled: call execute_task again when it is wanted.',
  THREAD_EXITED: 'The thread ended under the task, most likely by process.exit in it: call execute_task again.',
  UPSTREAM_FAILED: 'It did not run since a task it depends on did not complete: see to that one first.',
};

/** What to do about an error of a code, in a step of a workflow or in a single task. */
export function adviceOn(code: string, subject: 'step' | 'task' = 'step'): string {
  if (subject === 'task' && Object.hasOwn(OF_TASK, code)) return OF_TASK[code] ?? '';
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code] ?? '';
  return subject === 'task'
    ? 'Read the message, and get_run with its task_id for attempts and log; then call execute_task again.'
    : 'Read the message, and get_run with this step for its attempts and log; then rerun_from_failed, or correct the workflow and execute_workflow.';
}
