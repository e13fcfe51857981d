// Owns the one table of error codes. A code is part of the public contract: add, never rename.
// `retryable` is the default for errors of the code; `usage` marks bad input (exit code 2 in the shell).

interface ErrorCodeTraits {
  readonly retryable: boolean;
  readonly usage: boolean;
  /** What the code says, for docs/errors.md and for people reading a log. */
  readonly meaning: string;
}

export const ERROR_CODES = {
  // --- input: files, flags, arguments
  FILE_NOT_FOUND: { retryable: false, usage: true, meaning: 'a named file does not exist' },
  FILE_UNREADABLE: { retryable: false, usage: true, meaning: 'a named file exists and cannot be read' },
  FILE_UNWRITABLE: { retryable: false, usage: true, meaning: 'a file that was asked for cannot be written' },
  USAGE: { retryable: false, usage: true, meaning: 'a command, flag or flag value the command line does not know' },
  NODE_TOO_OLD: {
    retryable: false,
    usage: true,
    meaning: 'the Node that runs the command is older than the oldest one',
  },
  CONFIG_INVALID: { retryable: false, usage: true, meaning: 'a configuration key or value is not valid' },
  ARGUMENT_INVALID: { retryable: false, usage: true, meaning: 'a value given to an API function is not valid' },
  WORKFLOW_JSON: { retryable: false, usage: true, meaning: 'a workflow file is not valid JSON or not UTF-8' },
  WORKFLOW_SCHEMA: { retryable: false, usage: true, meaning: 'a workflow file has a missing, unknown or wrong field' },
  WORKFLOW_INVALID: { retryable: false, usage: true, meaning: 'a workflow has faults; details.faults lists all' },
  WORKFLOW_NOT_FOUND: { retryable: false, usage: true, meaning: 'no workflow of that name is loaded' },
  WORKFLOW_EXISTS: { retryable: false, usage: true, meaning: 'a workflow of that name is already defined' },
  REFERENCE_INVALID: { retryable: false, usage: true, meaning: 'a {{…}} reference is malformed or names nothing' },
  EXPRESSION_INVALID: { retryable: false, usage: true, meaning: 'a run_if expression is not valid CEL or not boolean' },
  PARAMETER_INVALID: {
    retryable: false,
    usage: true,
    meaning: 'a run or task parameter is missing or of a wrong kind',
  },
  // --- graphs
  DAG_INVALID: { retryable: false, usage: true, meaning: 'a task graph has faults; details.faults lists all' },
  DAG_CYCLE: { retryable: false, usage: true, meaning: 'tasks depend on each other in a ring; .cycle names it' },
  DEPENDENCY_MISSING: { retryable: false, usage: true, meaning: 'a task depends on a task that does not exist' },
  DEPENDENCY_SELF: { retryable: false, usage: true, meaning: 'a task depends on itself' },
  TASK_DUPLICATE: { retryable: false, usage: true, meaning: 'two tasks have the same name' },
  TASK_EXISTS: { retryable: false, usage: true, meaning: 'a single task of that id exists and is other work' },
  TASK_NOT_FOUND: { retryable: false, usage: true, meaning: 'no task of that name or id' },
  STATECHART_NOT_FOUND: { retryable: false, usage: true, meaning: 'no machine of that name is part of the engine' },
  TRACE_INVALID: { retryable: false, usage: true, meaning: 'a file is no trace, or a line of it is damaged' },
  INSPECT_LISTEN_FAILED: {
    retryable: false,
    usage: true,
    meaning: 'the bridge to Stately cannot listen on the port',
  },
  // --- task modules
  STEP_MODULE_UNKNOWN: { retryable: false, usage: true, meaning: 'a step names a module that no tasks folder has' },
  MODULE_NOT_FOUND: { retryable: false, usage: false, meaning: 'no tasks folder has the module' },
  MODULE_LOAD_FAILED: { retryable: false, usage: false, meaning: 'the module exists and failed while being imported' },
  ACTION_NOT_FOUND: { retryable: false, usage: false, meaning: 'the module does not export the action' },
  MODULE_PATH_ESCAPES: { retryable: false, usage: true, meaning: 'a module name leads outside the tasks folders' },
  // --- attempts
  TASK_FAILED: { retryable: true, usage: false, meaning: 'the task body threw something without a code' },
  TASK_TIMEOUT: { retryable: true, usage: false, meaning: 'an attempt ran longer than its time-out' },
  TASK_HEARTBEAT_TIMEOUT: {
    retryable: true,
    usage: false,
    meaning: 'an attempt gave no heartbeat for its heartbeat time-out',
  },
  TASK_TOTAL_TIMEOUT: {
    retryable: false,
    usage: false,
    meaning: 'all attempts of a task and the waits between them took longer than its total time-out',
  },
  TASK_CANCELLED: { retryable: false, usage: false, meaning: 'the task was cancelled' },
  TASK_UNCAUGHT: { retryable: true, usage: false, meaning: 'code of the task threw outside of its promise' },
  TASK_RESULT_INVALID: { retryable: false, usage: false, meaning: 'the result cannot be cloned or recorded as JSON' },
  TASK_RESULT_TOO_LARGE: {
    retryable: false,
    usage: false,
    meaning: 'the result is larger than 16 MB as JSON; keep bytes with context.artifact and return the reference',
  },
  ARTIFACT_WRITE_FAILED: { retryable: true, usage: false, meaning: 'an artifact cannot be written; nothing is left' },
  ARTIFACT_MISSING: { retryable: false, usage: false, meaning: 'the file of an artifact is gone or cannot be read' },
  ARTIFACT_CORRUPT: { retryable: false, usage: false, meaning: 'the file of an artifact holds other bytes' },
  TASK_PARAMETERS_INVALID: { retryable: false, usage: false, meaning: 'parameters cannot be sent to a thread' },
  THREAD_EXITED: { retryable: true, usage: false, meaning: 'the thread ended while the task ran on it' },
  THREAD_OUT_OF_MEMORY: { retryable: true, usage: false, meaning: 'the thread reached its heap limit' },
  COMMAND_FAILED: { retryable: true, usage: false, meaning: 'a child process ended with a non-zero code or signal' },
  COMMAND_TIMEOUT: { retryable: true, usage: false, meaning: 'a child process ran longer than its time-out' },
  UPSTREAM_FAILED: { retryable: false, usage: false, meaning: 'skipped: a task it depends on did not complete' },
  CONDITION_FALSE: { retryable: false, usage: false, meaning: 'skipped: its run_if is false' },
  // --- capacity
  RESOURCE_NOT_FOUND: { retryable: false, usage: true, meaning: 'no resource of that id is registered' },
  RESOURCE_EXISTS: {
    retryable: false,
    usage: true,
    meaning: 'a resource of that id is already registered differently',
  },
  RESOURCE_AMOUNT_INVALID: {
    retryable: false,
    usage: true,
    meaning: 'an amount is not positive, finite and a multiple',
  },
  RESOURCE_CAPACITY_EXCEEDED: {
    retryable: false,
    usage: true,
    meaning: 'asks for more than the resource can ever give',
  },
  RESOURCE_CLOSED: { retryable: false, usage: false, meaning: 'the capacity guard is closed' },
  RESOURCE_UNAVAILABLE: { retryable: true, usage: false, meaning: 'capacity asked for at once is not free now' },
  RESOURCE_TIMEOUT: { retryable: true, usage: false, meaning: 'capacity did not come free in time' },
  RESOURCE_DEADLOCK: {
    retryable: true,
    usage: false,
    meaning: 'bodies wait for what each other holds; this wait was refused so that the others go on; details.cycle',
  },
  RESOURCE_WOULD_BLOCK: {
    retryable: false,
    usage: true,
    meaning: 'a body on the main loop asked to block it until capacity comes free; await allocate() there',
  },
  RESOURCE_LIMIT: { retryable: false, usage: true, meaning: 'more resources or waiters than the guard has room for' },
  ALLOCATION_NOT_FOUND: { retryable: false, usage: true, meaning: 'no allocation of that id was ever made' },
  ALLOCATION_RELEASED: { retryable: false, usage: true, meaning: 'the allocation was already released' },
  ALLOCATION_STALE: { retryable: false, usage: false, meaning: 'the allocation belongs to an owner that is gone' },
  // --- runs, sessions, engine
  SESSION_NOT_FOUND: { retryable: false, usage: true, meaning: 'no session of that id' },
  SESSION_CLOSED: { retryable: false, usage: true, meaning: 'the session has ended' },
  SESSION_TIMEOUT: { retryable: false, usage: false, meaning: 'the session ran longer than its time-out' },
  RUN_NOT_FOUND: { retryable: false, usage: true, meaning: 'no run of that id' },
  RUN_EXISTS: { retryable: false, usage: true, meaning: 'a run of that id exists with other workflow or parameters' },
  RUN_ENDED: { retryable: false, usage: true, meaning: 'the run has ended and cannot be steered any more' },
  RUN_NOT_ENDED: { retryable: false, usage: true, meaning: 'the run has not ended yet; resume or cancel it first' },
  RUN_RECOVERY_LIMIT: {
    retryable: false,
    usage: false,
    meaning: 'the run was taken up after a crash too often; it is parked until it is released with `resume`',
  },
  SIMULATION_STUCK: {
    retryable: false,
    usage: true,
    meaning: 'a simulated run cannot go on: tasks are left that nothing can ever start',
  },
  RUN_TIMEOUT: { retryable: false, usage: false, meaning: 'the run took longer than its time-out' },
  RUN_FAILED: { retryable: false, usage: false, meaning: 'a run of a workflow ended as failed' },
  RUN_CANCELLED: { retryable: false, usage: false, meaning: 'the run was cancelled' },
  ENGINE_CLOSED: { retryable: false, usage: false, meaning: 'the engine was shut down' },
  ENGINE_UNRESPONSIVE: {
    retryable: true,
    usage: false,
    meaning: 'the engine that holds the data folder did not answer a request in time',
  },
  ACTOR_CRASHED: { retryable: true, usage: false, meaning: 'an actor of the engine ended with an error' },
  SUPERVISOR_SPEC_INVALID: { retryable: false, usage: true, meaning: 'supervisor flags or a child spec are not valid' },
  SUPERVISOR_CHILD: { retryable: false, usage: true, meaning: 'a child is not in the state the request needs' },
  SUPERVISOR_START_FAILED: {
    retryable: false,
    usage: false,
    meaning: 'a child did not start; those before it are stopped',
  },
  // --- journal and data directory
  JOURNAL_CORRUPT: {
    retryable: false,
    usage: false,
    meaning: 'the journal is damaged or no journal; nothing was written to it',
  },
  JOURNAL_NEWER: {
    retryable: false,
    usage: false,
    meaning: 'the journal was written by a newer version; it was left as it is',
  },
  JOURNAL_WRITE_FAILED: {
    retryable: false,
    usage: false,
    meaning: 'facts cannot be written to the journal any more; what was reported before is safe',
  },
  DATA_DIR_LOCKED: { retryable: false, usage: true, meaning: 'another engine works on the data directory' },
  DATA_DIR_UNWRITABLE: { retryable: false, usage: true, meaning: 'the data directory cannot be written to' },
  REQUESTS_FULL: {
    retryable: true,
    usage: false,
    meaning: 'too many requests wait for the engine of a data directory',
  },
  // --- projects
  PROJECT_NOT_FOUND: { retryable: false, usage: true, meaning: 'no project of that name or in that folder' },
  PROJECT_EXISTS: {
    retryable: false,
    usage: true,
    meaning: 'a project of that name, or something at its path, is there already',
  },
  PROJECT_NAME_INVALID: { retryable: false, usage: true, meaning: 'a project cannot be called so on every system' },
  PROJECT_PATH_INVALID: {
    retryable: false,
    usage: true,
    meaning: 'a project path leads out of the projects folder, through a link, or is not spelled as one',
  },
  PROJECT_AMBIGUOUS: { retryable: false, usage: true, meaning: 'several projects have the name that was asked for' },
  PROJECT_CORRUPT: {
    retryable: false,
    usage: false,
    meaning: 'the record of a project is damaged; it was left as it is',
  },
  PROJECT_TRANSITION_INVALID: {
    retryable: false,
    usage: true,
    meaning: 'a project of that status cannot take on the other one; details.possible lists those it can',
  },
  PROJECT_BUSY: {
    retryable: true,
    usage: false,
    meaning: 'another process has been changing the project or its projects folder for too long',
  },
  PROJECT_TEMPLATE_INVALID: {
    retryable: false,
    usage: true,
    meaning: 'a project template, or a file that it ships, is not valid; nothing was made of it',
  },
  PROJECT_TEMPLATE_NOT_FOUND: { retryable: false, usage: true, meaning: 'no project template of that name' },
  TEMPLATE_VARIABLE_UNKNOWN: { retryable: false, usage: true, meaning: 'a template uses a variable that has no value' },
  DOCUMENT_MARKERS_DAMAGED: {
    retryable: false,
    usage: true,
    meaning: 'the markers of generated parts in a document are not in pairs; it was left as it is',
  },
  MCP_LISTEN_FAILED: { retryable: false, usage: true, meaning: 'the MCP server cannot listen on the address and port' },
  MCP_TOKEN_REQUIRED: {
    retryable: false,
    usage: true,
    meaning: 'an MCP server that other machines can reach needs a token, and one that cannot be guessed',
  },
  MCP_TOOL_NOT_FOUND: { retryable: false, usage: true, meaning: 'no MCP tool of that name' },
  MCP_ARGUMENTS_INVALID: {
    retryable: false,
    usage: true,
    meaning: 'the arguments of an MCP tool are not as its schema says; details.faults lists all',
  },
  MCP_COMMAND_REFUSED: {
    retryable: false,
    usage: true,
    meaning: 'steps of core.command start programs, which the configuration does not allow over MCP',
  },
  MCP_UNAVAILABLE: { retryable: false, usage: false, meaning: 'the MCP server package cannot be imported' },
  DASHBOARD_LISTEN_FAILED: { retryable: false, usage: true, meaning: 'the dashboard cannot listen on the port' },
  DASHBOARD_TOKEN_INVALID: { retryable: false, usage: true, meaning: 'the token of the dashboard can be guessed' },
  DASHBOARD_PAGE_MISSING: { retryable: false, usage: false, meaning: 'the page of the dashboard has not been built' },
  DASHBOARD_REFUSED: {
    retryable: false,
    usage: true,
    meaning: 'a request to the dashboard is not from its page, lacks its token, or is not of a kind it takes',
  },
  INTERNAL: { retryable: false, usage: false, meaning: 'an assumption of Yardmaster itself does not hold: a bug' },
} as const satisfies Record<string, ErrorCodeTraits>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The traits of a code; a code of the user's own (from a task body) is retryable and no usage error. */
export function errorCodeTraits(code: string): ErrorCodeTraits {
  return Object.hasOwn(ERROR_CODES, code)
    ? ERROR_CODES[code as ErrorCode]
    : { retryable: true, usage: false, meaning: 'an error code of the task itself' };
}
