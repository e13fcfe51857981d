// Owns projects for tests: a whole record with what a test cares about put in.

import { ProjectStatus, ProjectType } from '../../src/domain/statuses.ts';
import { Project, type ProjectRecord } from '../../src/projects/project.ts';

export const CREATED_AT = '2030-01-31T12:00:00.000Z';

/** A project of a folder, nothing of which is on the disk. */
export function makeProject(changes: Partial<ProjectRecord> = {}, path = '/nowhere/sample'): Project {
  const record: ProjectRecord = {
    name: 'sample',
    type: ProjectType.CUSTOM,
    status: ProjectStatus.PLANNING,
    description: 'For tests',
    owner: 'nobody',
    version: '1.0.0',
    template: 'custom',
    config: { limit: 3, deep: { list: [1, null, 'x'] } },
    tags: ['one'],
    documentation: {
      nestedDocs: ['src', 'src/parts'],
      links: { enabled: true, parentLink: true, childLinks: false },
      variables: { audience: 'testers' },
    },
    history: [{ status: ProjectStatus.PLANNING, at: CREATED_AT }],
    createdAt: CREATED_AT,
    updatedAt: CREATED_AT,
  };
  return new Project({ ...record, ...changes }, { path });
}
