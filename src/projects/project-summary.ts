// Owns the overview of many projects: counts and the latest changes.

import { ProjectStatus, ProjectType } from '../domain/statuses.ts';
import type { Project } from './project.ts';
import type { ProjectLoadError } from './project-store.ts';

/** Projects that a summary shows one by one. */
const RECENT = 5;

/** How things stand with the projects of a folder. */
export interface ProjectsSummary {
  readonly total: number;
  readonly byStatus: Readonly<Record<ProjectStatus, number>>;
  readonly byType: Readonly<Record<ProjectType, number>>;
  /** The five that changed last, the latest first. */
  readonly recent: readonly Pick<Project, 'name' | 'type' | 'status' | 'path' | 'updatedAt'>[];
  readonly loadErrors: number;
}

export function summarizeProjects(
  projects: readonly Project[],
  loadErrors: readonly ProjectLoadError[],
): ProjectsSummary {
  const latest = projects.toSorted((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt));
  return {
    total: projects.length,
    byStatus: countBy(
      Object.values(ProjectStatus),
      projects.map(({ status }) => status),
    ),
    byType: countBy(
      Object.values(ProjectType),
      projects.map(({ type }) => type),
    ),
    recent: latest
      .slice(0, RECENT)
      .map(({ name, type, status, path, updatedAt }) => ({ name, type, status, path, updatedAt })),
    loadErrors: loadErrors.length,
  };
}

function countBy<Word extends string>(words: readonly Word[], values: readonly Word[]): Record<Word, number> {
  const counts = words.map((word): [Word, number] => [word, values.filter((value) => value === word).length]);
  return Object.fromEntries(counts) as Record<Word, number>;
}
