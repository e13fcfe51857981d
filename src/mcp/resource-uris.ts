// Owns the addresses under which the server gives the long form of what tools cut: tools name them, the server reads them.
// Names of users are percent-encoded; an address must lead back to exactly the name it was made of.

const SCHEME = 'yardmaster://';

/** The newest runs. */
export const RUNS_URI = `${SCHEME}runs`;

/** What the engine does now. */
export const STATUS_URI = `${SCHEME}status`;

/** Standing, tasks, attempts and outputs of a run. */
export function runUri(runId: string): string {
  return `${SCHEME}runs/${encodeURIComponent(runId)}`;
}

/** What the tasks of a run logged in this life of the process. */
export function runLogsUri(runId: string): string {
  return `${runUri(runId)}/logs`;
}

/** The whole output of one step of a run, as JSON. */
export function stepOutputUri(runId: string, step: string): string {
  return `${runUri(runId)}/outputs/${encodeURIComponent(step)}`;
}

export function workflowUri(name: string): string {
  return `${SCHEME}workflows/${encodeURIComponent(name)}`;
}

export function projectUri(name: string): string {
  return `${SCHEME}projects/${encodeURIComponent(name)}`;
}
