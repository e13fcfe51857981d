// Every move from every status to every other, against a table of what is allowed.

import { describe, expect, it } from 'vitest';
import { moveProject, nextStatuses, restoreProject } from '../../src/actors/project-lifecycle.ts';
import { ProjectStatus } from '../../src/domain/statuses.ts';

const ALLOWED: Readonly<Record<ProjectStatus, readonly ProjectStatus[]>> = {
  planning: ['active'],
  active: ['paused', 'completed', 'failed'],
  paused: ['active', 'completed', 'failed'],
  completed: ['archived'],
  failed: ['archived'],
  archived: [],
};
const STATUSES = Object.values(ProjectStatus);

describe('the status of a project', () => {
  it.each(STATUSES)('of %s can become what is possible next, and nothing else', (from) => {
    expect(nextStatuses(from)).toEqual(ALLOWED[from]);
    for (const to of STATUSES) {
      const possible = ALLOWED[from];
      const expected = possible.includes(to) ? { kind: 'moved', status: to } : { kind: 'refused', possible };
      expect(moveProject(from, to), `${from} to ${to}`).toEqual(expected);
    }
  });

  it('can be archived outright from anywhere but archived', () => {
    for (const from of STATUSES) {
      const expected =
        from === 'archived' ? { kind: 'refused', possible: [] } : { kind: 'moved', status: ProjectStatus.ARCHIVED };
      expect(moveProject(from, 'shelve')).toEqual(expected);
    }
  });

  it('is not recorded anew when an actor is restored at it', () => {
    for (const from of STATUSES) {
      const recorded: ProjectStatus[] = [];
      const actor = restoreProject(from, (status) => recorded.push(status)).start();
      expect(actor.getSnapshot().value).toBe(from);
      actor.stop();
      expect(recorded).toEqual([]);
    }
  });
});
