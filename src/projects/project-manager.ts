// Owns the projects of one folder as callers see them: making, finding, moving on and deleting them.
// The files are the truth, since other processes and people change them too: nothing is remembered between two calls but
// what could not be read, and a change reads, decides and writes while it holds a lock that other processes respect.

import { mkdir } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { moveProject, nextStatuses, type ProjectRequest } from '../actors/project-lifecycle.ts';
import type { Clock } from '../domain/clock.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { ProjectStatus, type ProjectType } from '../domain/statuses.ts';
import { withFileLock } from '../engine/file-lock.ts';
import { SystemTimers } from '../engine/system-timers.ts';
import { DocumentationGenerator } from './documentation-generator.ts';
import { PROJECT_LIMITS, Project, type ProjectChange } from './project.ts';
import { requireProjectStatus, requireProjectText, requireProjectType } from './project-arguments.ts';
import { nameKey, requireProjectName, requireProjectPath } from './project-name.ts';
import { existsError, findPlace } from './project-site.ts';
import { publishFolder, removeFolder, removeLeftovers } from './project-staging.ts';
import {
  type FoundProjects,
  findProjects,
  holdsRecord,
  type ProjectLoadError,
  RECORD_FOLDER,
  readProject,
  withWorkflows,
  writeProject,
} from './project-store.ts';
import { type ProjectsSummary, summarizeProjects } from './project-summary.ts';
import type { ProjectTemplate } from './project-template.ts';
import { writeScaffold } from './scaffold.ts';
import { TemplateStore } from './template-store.ts';

/** Held while a project is made or deleted: one at a time in a projects folder. It stays there, empty. */
const FOLDER_LOCK = '.yardmaster.lock';
/** Held while a record is changed. */
const RECORD_LOCK = join(RECORD_FOLDER, 'project.lock');
/** A change waits this long for another one to end. */
const LOCK_WAIT_MS = 30_000;

export interface ProjectManagerOptions {
  /** Folder of the projects; made with the first project. */
  readonly projectsDir: string;
  /** Folder of users' own project templates, which come before the built-in ones. */
  readonly templatesDir?: string;
  /** Folder of users' own document templates. */
  readonly documentTemplatesDir?: string;
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>;
}

/** What a project is made from. */
export interface ProjectOptions {
  readonly name: string;
  /** Default: that of the template. */
  readonly type?: ProjectType;
  /** Name of a template; default: the one that is named as the type. */
  readonly template?: string;
  readonly description?: string;
  readonly owner?: string;
  /** Folder below the projects folder, `/` between its parts; default: the name. */
  readonly path?: string;
}

/** Which projects to list; all that is given must fit. */
export interface ProjectFilter {
  readonly status?: ProjectStatus;
  readonly type?: ProjectType;
}

/** The projects in a folder. */
export class ProjectManager {
  readonly projectsDir: string;
  readonly #templates: TemplateStore;
  readonly #documents: DocumentationGenerator;
  readonly #clock: Pick<Clock, 'now'>;
  #loadErrors: readonly ProjectLoadError[] = [];

  private constructor({ projectsDir, templatesDir, documentTemplatesDir, clock }: ProjectManagerOptions) {
    this.projectsDir = resolve(projectsDir);
    this.#templates = new TemplateStore(templatesDir === undefined ? [] : [templatesDir]);
    this.#documents = new DocumentationGenerator(
      documentTemplatesDir === undefined ? {} : { templatesDir: documentTemplatesDir },
    );
    this.#clock = clock ?? new SystemTimers();
  }

  /** The projects of a folder, which need not exist; reads nothing yet. */
  static open(options: ProjectManagerOptions): ProjectManager {
    return new ProjectManager(options);
  }

  /** What the latest look at the folder could not read, and projects that share a name. */
  get loadErrors(): readonly ProjectLoadError[] {
    return this.#loadErrors;
  }

  /**
   * Makes a project from a template, with its documents; it is there as a whole or not at all. What the template could
   * not give it is in `warnings`.
   * @throws RuntimeError ARGUMENT_INVALID, PROJECT_NAME_INVALID, PROJECT_PATH_INVALID, PROJECT_EXISTS, PROJECT_BUSY,
   *   PROJECT_TEMPLATE_NOT_FOUND, PROJECT_TEMPLATE_INVALID, TEMPLATE_VARIABLE_UNKNOWN, FILE_UNWRITABLE
   */
  async createProject(options: ProjectOptions): Promise<Project> {
    const name = requireProjectName(options?.name);
    const parts = requireProjectPath(options.path ?? name);
    const description = requireProjectText(options.description ?? '', 'description');
    const owner = requireProjectText(options.owner ?? '', 'owner');
    const given = options.type === undefined ? undefined : requireProjectType(options.type);
    const template = await this.#templates.get(requireTemplateName(options.template ?? given));
    const draft = this.#draftOf(template, { name, description, owner, type: given ?? template.type });
    // Looked at before anything is made: a refusal leaves nothing behind.
    await this.#findFreePlace(name, parts);
    await this.#makeProjectsDir();
    return this.#alone(async () => {
      await removeLeftovers(this.projectsDir);
      const place = await this.#findFreePlace(name, parts);
      await publishFolder(this.projectsDir, place, (folder) => this.#fill(template, draft, folder));
      const project = await readProject(place.target);
      return project.at({ ...project, warnings: [...template.warnings, ...project.warnings] });
    });
  }

  /**
   * The project of a name, undefined when there is none.
   * @throws RuntimeError PROJECT_CORRUPT when its folder, named so, holds a damaged record; PROJECT_AMBIGUOUS
   */
  async getProject(name: string): Promise<Project | undefined> {
    const project = await this.#pick(name, await this.#find());
    return project === undefined ? undefined : withWorkflows(project);
  }

  /** The project of a name. @throws RuntimeError PROJECT_NOT_FOUND, PROJECT_CORRUPT, PROJECT_AMBIGUOUS */
  async requireProject(name: string): Promise<Project> {
    return withWorkflows(await this.#require(name));
  }

  /** The projects, by name. @throws RuntimeError ARGUMENT_INVALID, FILE_UNREADABLE */
  async listProjects({ status, type }: ProjectFilter = {}): Promise<Project[]> {
    if (status !== undefined) requireProjectStatus(status);
    if (type !== undefined) requireProjectType(type);
    const listed: Project[] = [];
    for (const project of (await this.#find()).projects) {
      if ((status ?? project.status) !== project.status || (type ?? project.type) !== project.type) continue;
      listed.push(await withWorkflows(project));
    }
    return listed;
  }

  /** How many projects there are of each status and type, and those that changed last. */
  async getProjectsSummary(): Promise<ProjectsSummary> {
    const { projects, loadErrors } = await this.#find();
    return summarizeProjects(projects, loadErrors);
  }

  /**
   * Gives a project another status.
   * @throws RuntimeError PROJECT_TRANSITION_INVALID with details.possible; PROJECT_NOT_FOUND, PROJECT_CORRUPT,
   *   PROJECT_AMBIGUOUS, PROJECT_BUSY, ARGUMENT_INVALID, FILE_UNWRITABLE
   */
  async updateProjectStatus(name: string, status: ProjectStatus, reason?: string): Promise<Project> {
    return this.#move(name, requireProjectStatus(status), reason);
  }

  /**
   * Takes a project out of service, whether or not it came to an end; its files stay.
   * @throws RuntimeError as updateProjectStatus
   */
  async archiveProject(name: string, reason?: string): Promise<Project> {
    return this.#move(name, 'shelve', reason);
  }

  /**
   * Removes a project with all its files; links in it are removed, and what they lead to stays.
   * @throws RuntimeError ARGUMENT_INVALID without `removeFiles: true`; PROJECT_NOT_FOUND, PROJECT_CORRUPT,
   *   PROJECT_AMBIGUOUS, PROJECT_BUSY, FILE_UNWRITABLE
   */
  async deleteProject(name: string, options: { readonly removeFiles: boolean }): Promise<void> {
    if (options?.removeFiles !== true) {
      throw new RuntimeError(
        'ARGUMENT_INVALID',
        `project ${quoteName(String(name))} was not deleted: deleting it removes all its files, so ask for that with ` +
          'removeFiles: true; archiveProject takes it out of service and keeps them',
        { details: { name: String(name) } },
      );
    }
    await this.#require(name);
    await this.#alone(async () => {
      await removeLeftovers(this.projectsDir);
      await removeFolder(this.projectsDir, (await this.#require(name)).path);
    });
  }

  /** The statuses that `updateProjectStatus` takes for a project of this one. */
  nextStatuses(status: ProjectStatus): ProjectStatus[] {
    return nextStatuses(requireProjectStatus(status));
  }

  /** The templates that projects can be made from, by name. */
  async listTemplates(): Promise<ProjectTemplate[]> {
    return this.#templates.list();
  }

  /** The template of a name. @throws RuntimeError PROJECT_TEMPLATE_NOT_FOUND, PROJECT_TEMPLATE_INVALID */
  async getTemplate(name: string): Promise<ProjectTemplate> {
    return this.#templates.get(requireTemplateName(name));
  }

  #draftOf(template: ProjectTemplate, given: Pick<Project, 'name' | 'type' | 'description' | 'owner'>): Project {
    const at = new Date(this.#clock.now()).toISOString();
    const { nestedDocs, links, variables } = template.documentation;
    const record = {
      ...given,
      status: ProjectStatus.PLANNING,
      version: '1.0.0',
      template: template.name,
      config: template.defaultConfig,
      tags: [],
      documentation: { nestedDocs, links, variables },
      history: [{ status: ProjectStatus.PLANNING, at }],
      createdAt: at,
      updatedAt: at,
    };
    return new Project(record, { path: this.projectsDir });
  }

  async #fill(template: ProjectTemplate, draft: Project, folder: string): Promise<void> {
    const project = draft.at({ path: folder });
    await writeScaffold(template, project, folder);
    await writeProject(project);
    await this.#documents.generateAllDocumentation(project);
  }

  async #findFreePlace(name: string, parts: readonly string[]) {
    const place = await findPlace(this.projectsDir, parts);
    const key = nameKey(name);
    const twin = (await this.#find()).projects.find((each) => nameKey(each.name) === key);
    if (twin !== undefined) throw existsError(twin.path, twin.name === name ? undefined : twin.name);
    return place;
  }

  async #move(name: string, to: ProjectRequest, reason: string | undefined): Promise<Project> {
    if (reason !== undefined) requireProjectText(reason, 'reason');
    const { path } = await this.#require(name);
    try {
      return await this.#locked(join(path, RECORD_LOCK), `project ${quoteName(name)}`, async () => {
        // As it is now: it may have been changed while this one waited.
        const project = await readProject(path);
        const move = moveProject(project.status, to);
        if (move.kind === 'refused') throw refused(project, to, move.possible);
        const changed = withStatus(project, move.status, this.#clock.now(), reason);
        await writeProject(changed);
        return changed;
      });
    } catch (error) {
      if (await holdsRecord(path)) throw error;
      throw this.#notFound(name, undefined);
    }
  }

  /** The project of a name, without its workflows. @throws as requireProject */
  async #require(name: string): Promise<Project> {
    const found = await this.#find();
    const project = await this.#pick(name, found);
    if (project !== undefined) return project;
    throw this.#notFound(name, new NearNames(found.projects.map((each) => each.name)).nearest(name));
  }

  async #pick(name: string, { projects, loadErrors }: FoundProjects): Promise<Project | undefined> {
    const wanted = requireProjectText(name, 'name').normalize('NFC');
    const [project, ...others] = projects.filter((each) => each.name.normalize('NFC') === wanted);
    if (others.length > 0) throw ambiguous(name, [project, ...others]);
    if (project !== undefined) return project;
    const damaged = loadErrors.find(({ folder }) => [basename(folder), this.#pathOf(folder)].includes(wanted));
    // Read once more for its error, which says where the fault is.
    return damaged === undefined ? undefined : await readProject(damaged.folder);
  }

  async #find(): Promise<FoundProjects> {
    const found = await findProjects(this.projectsDir);
    this.#loadErrors = found.loadErrors;
    return found;
  }

  async #makeProjectsDir(): Promise<void> {
    try {
      await mkdir(this.projectsDir, { recursive: true });
    } catch (cause) {
      throw new RuntimeError(
        'FILE_UNWRITABLE',
        `projects folder ${this.projectsDir} cannot be made: ${messageOf(cause)}; name another folder`,
        { details: { folder: this.projectsDir }, cause },
      );
    }
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#locked(join(this.projectsDir, FOLDER_LOCK), `projects folder ${this.projectsDir}`, work);
  }

  #locked<Result>(file: string, what: string, work: () => Promise<Result>): Promise<Result> {
    const onBusy = () =>
      new RuntimeError(
        'PROJECT_BUSY',
        `${what} is being changed by someone else for more than ${LOCK_WAIT_MS / 1_000} s; try again later`,
        { details: { lock: file } },
      );
    return withFileLock(file, { waitMs: LOCK_WAIT_MS, onBusy }, work);
  }

  #pathOf(folder: string): string {
    return relative(this.projectsDir, folder).split(sep).join('/');
  }

  #notFound(name: string, near: string | undefined): RuntimeError {
    return new RuntimeError(
      'PROJECT_NOT_FOUND',
      `no project in ${this.projectsDir} is named ${quoteName(name)}${suggestion(near)}; list the projects, or create it`,
      { details: { name, projectsDir: this.projectsDir, ...(near === undefined ? {} : { suggestion: near }) } },
    );
  }
}

function requireTemplateName(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new RuntimeError('ARGUMENT_INVALID', 'a project needs a type or a template: name one of them');
}

function withStatus(project: Project, status: ProjectStatus, nowMs: number, reason: string | undefined): Project {
  // A clock that was set back does not make a later change look earlier.
  const at = new Date(Math.max(nowMs, Date.parse(project.updatedAt))).toISOString();
  const change: ProjectChange = { status, at, ...(reason === undefined ? {} : { reason }) };
  const history = [...project.history, change];
  const excess = Math.max(0, history.length - PROJECT_LIMITS.history);
  return project.with({ status, updatedAt: at, history: history.toSpliced(1, excess) });
}

function refused(project: Project, to: ProjectRequest, possible: readonly ProjectStatus[]): RuntimeError {
  const { name, status } = project;
  const wanted = to === 'shelve' ? ProjectStatus.ARCHIVED : to;
  const onward = possible.length === 0 ? 'nothing can follow it' : `possible now: ${possible.join(', ')}`;
  const also =
    wanted === ProjectStatus.ARCHIVED && nextStatuses(status).length > 0
      ? '; an abandoned project is archived with archiveProject'
      : '';
  const what = wanted === status ? `is ${status} already` : `is ${status} and cannot become ${wanted}`;
  return new RuntimeError('PROJECT_TRANSITION_INVALID', `project ${quoteName(name)} ${what}; ${onward}${also}`, {
    details: { name, from: status, to: wanted, possible },
  });
}

function ambiguous(name: string, projects: readonly (Project | undefined)[]): RuntimeError {
  const paths = projects.flatMap((project) => project?.path ?? []);
  return new RuntimeError(
    'PROJECT_AMBIGUOUS',
    `${paths.length} projects are named ${quoteName(name)}: ${paths.join(', ')}; rename all but one in their records`,
    { details: { name, paths } },
  );
}
