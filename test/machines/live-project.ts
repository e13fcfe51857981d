// Owns the stage of a project: an actor as each change restores it, beside a real project in a folder of its own whose
// manager is asked for every status that the actor takes on. The record on disk says what came of it.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { EventObject } from 'xstate';
import { moveProject, nextStatuses, restoreProject } from '../../src/actors/project-lifecycle.ts';
import { ProjectStatus } from '../../src/domain/statuses.ts';
import { ProjectManager } from '../../src/projects/project-manager.ts';
import { readProject, recordPath, writeProject } from '../../src/projects/project-store.ts';
import { makeProject } from '../projects/project-samples.ts';
import { ManualTimers } from '../support/manual-timers.ts';
import type { LiveCase, Stage, TransitionWatch } from './live-walk.ts';
import { projectCase } from './machine-catalogue.ts';

const NAME = 'walked';

class ProjectStage implements Stage {
  readonly actor: ReturnType<typeof restoreProject>;
  readonly #projectsDir = mkdtempSync(join(tmpdir(), 'live-project-'));
  readonly #folder = join(this.#projectsDir, NAME);
  readonly #manager: ProjectManager;
  readonly #recorded: ProjectStatus[] = [ProjectStatus.PLANNING];

  constructor(watch: TransitionWatch) {
    this.#manager = ProjectManager.open({ projectsDir: this.#projectsDir, clock: new ManualTimers() });
    this.actor = restoreProject(ProjectStatus.PLANNING, (status) => this.#recorded.push(status));
    watch.follow(this.actor);
    this.actor.start();
  }

  async begin(): Promise<this> {
    mkdirSync(dirname(recordPath(this.#folder)), { recursive: true });
    await writeProject(makeProject({ name: NAME }, this.#folder));
    return this;
  }

  async cause(event: EventObject): Promise<void> {
    this.actor.send(event as never);
    const status = this.#recorded.at(-1) ?? ProjectStatus.PLANNING;
    if (event.type === 'project.shelve') await this.#manager.archiveProject(NAME);
    else await this.#manager.updateProjectStatus(NAME, status);
  }

  async judge(state: string): Promise<void> {
    const { status, history } = await readProject(this.#folder);
    expect(status).toBe(state);
    expect(history.map((change) => change.status)).toEqual(this.#recorded);
    const possible = nextStatuses(status);
    const before = readFileSync(recordPath(this.#folder));
    for (const wanted of Object.values(ProjectStatus)) {
      expect(moveProject(status, wanted).kind).toBe(possible.includes(wanted) ? 'moved' : 'refused');
      if (possible.includes(wanted)) continue;
      await expect(this.#manager.updateProjectStatus(NAME, wanted)).rejects.toMatchObject({
        code: 'PROJECT_TRANSITION_INVALID',
        details: { possible },
      });
    }
    expect(readFileSync(recordPath(this.#folder))).toEqual(before);
  }

  finish(): void {
    this.actor.stop();
    rmSync(this.#projectsDir, { recursive: true });
  }
}

export const liveProject: LiveCase = {
  name: 'project',
  machine: projectCase,
  build: (_path, watch) => new ProjectStage(watch).begin(),
  refusal: () => null,
};
