// Owns the changes of a project's status: an actor of the project machine, restored at the status that is recorded, is
// sent the event of the change, and what it records is the outcome. It keeps nothing between two changes and touches no
// file: the record is read before and written after, under a lock, by src/projects/project-manager.ts.

import { type Actor, createActor } from 'xstate';
import { ProjectStatus } from '../domain/statuses.ts';
import { type ProjectEvent, projectMachine } from '../machines/project-machine.ts';

/** `shelve` takes a project out of service whatever it was, and leads to archived. */
export type ProjectRequest = ProjectStatus | 'shelve';

/** What became of a request. */
export type ProjectMove =
  | { readonly kind: 'moved'; readonly status: ProjectStatus }
  | { readonly kind: 'refused'; readonly possible: readonly ProjectStatus[] };

// Planning is where a project begins; nothing leads back to it.
const EVENT_OF: Readonly<Record<ProjectRequest, ProjectEvent | null>> = {
  planning: null,
  active: { type: 'project.activate' },
  paused: { type: 'project.pause' },
  completed: { type: 'project.complete' },
  failed: { type: 'project.fail' },
  archived: { type: 'project.archive' },
  shelve: { type: 'project.shelve' },
};

/** An actor of the project machine at a status; `record` is told each status that it takes on. */
export function restoreProject(
  status: ProjectStatus,
  record: (status: ProjectStatus) => void = () => {},
): Actor<typeof projectMachine> {
  const machine = projectMachine.provide({
    actions: {
      recordActive: () => record(ProjectStatus.ACTIVE),
      recordPaused: () => record(ProjectStatus.PAUSED),
      recordCompleted: () => record(ProjectStatus.COMPLETED),
      recordFailed: () => record(ProjectStatus.FAILED),
      recordArchived: () => record(ProjectStatus.ARCHIVED),
    },
  });
  return createActor(machine, { snapshot: machine.resolveState({ value: status, context: {} }) });
}

/** The statuses that a project of this one can take on by `moveProject`, in the order of a project's life. */
export function nextStatuses(status: ProjectStatus): ProjectStatus[] {
  const snapshot = restoreProject(status).getSnapshot();
  return Object.values(ProjectStatus).filter((next) => {
    const event = EVENT_OF[next];
    return event !== null && snapshot.can(event);
  });
}

/** Asks a project of a status to take on another one; the same one is refused too. */
export function moveProject(from: ProjectStatus, to: ProjectRequest): ProjectMove {
  let recorded: ProjectStatus | undefined;
  const actor = restoreProject(from, (status) => {
    recorded = status;
  }).start();
  const event = EVENT_OF[to];
  if (event !== null && actor.getSnapshot().can(event)) actor.send(event);
  actor.stop();
  return recorded === undefined
    ? { kind: 'refused', possible: nextStatuses(from) }
    : { kind: 'moved', status: recorded };
}
