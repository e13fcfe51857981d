// Owns `project` and what it can do: each call is one question or one change, printed for people or as JSON.

import { resolve } from 'node:path';
import type { ProjectStatus } from '../domain/statuses.ts';
import type { Project } from '../projects/project.ts';
import { ProjectManager } from '../projects/project-manager.ts';
import { usageError } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import { jsonLine } from './json-output.ts';
import type { Shell } from './main.ts';
import { columnsOf, fitToColumns, toPrintableLine } from './printable-text.ts';
import type {
  ProjectCreateFlags,
  ProjectDeleteFlags,
  ProjectFlags,
  ProjectListFlags,
  ProjectReasonFlags,
} from './project-commands.ts';
import { settingsOf } from './shell-config.ts';
import { type StyleName, stylerFor } from './text-style.ts';

const WIDEST_NAME = 40;
const TYPE_COLUMNS = 16;
const STATUS_COLUMNS = 10;

const STATUS_STYLES: Readonly<Record<ProjectStatus, StyleName>> = {
  planning: 'quiet',
  active: 'active',
  paused: 'warning',
  completed: 'good',
  failed: 'bad',
  archived: 'quiet',
};

/** Makes a project and says how to go on. */
export async function createProjectCommand(shell: Shell, name: string, flags: ProjectCreateFlags): Promise<ExitCode> {
  const manager = managerOf(flags);
  const template = flags.template ?? flags.type;
  if (template === undefined) {
    throw usageError('say what kind of project it is: --type <type>, or --template <name>');
  }
  const project = await manager.createProject({
    name,
    template,
    ...(flags.type === undefined ? {} : { type: flags.type }),
    ...(flags.description === undefined ? {} : { description: flags.description }),
    ...(flags.owner === undefined ? {} : { owner: flags.owner }),
    ...(flags.path === undefined ? {} : { path: flags.path }),
  });
  for (const warning of project.warnings) shell.stderr.line(`warning: ${toPrintableLine(warning)}`);
  if (flags.json === true) shell.stdout.line(jsonLine(project));
  else {
    shell.stdout.line(`created ${toPrintableLine(project.path)}`);
    const [first] = project.workflows;
    if (first !== undefined) {
      for (const line of ['', `  cd ${quoted(project.path)}`, `  yardmaster run ${quoted(first)}`])
        shell.stdout.line(line);
    }
  }
  return ExitCode.COMPLETED;
}

/** Lists projects, by name. */
export async function listProjectsCommand(shell: Shell, flags: ProjectListFlags): Promise<ExitCode> {
  const manager = managerOf(flags);
  const projects = await manager.listProjects({
    ...(flags.status === undefined ? {} : { status: flags.status }),
    ...(flags.type === undefined ? {} : { type: flags.type }),
  });
  for (const { file, message } of manager.loadErrors)
    shell.stderr.line(`warning: ${toPrintableLine(`${file}: ${message}`)}`);
  if (flags.json === true) for (const project of projects) shell.stdout.line(jsonLine(project));
  else if (projects.length === 0) {
    shell.stderr.line(`no projects in ${projectsDirOf(flags)}; \`yardmaster project create\` makes one`);
  } else printTable(shell, projects);
  return ExitCode.COMPLETED;
}

/** Shows one project. */
export async function showProjectCommand(shell: Shell, name: string, flags: ProjectFlags): Promise<ExitCode> {
  printProject(shell, await managerOf(flags).requireProject(name), flags);
  return ExitCode.COMPLETED;
}

/** Prints where a project stands, or moves it. */
export async function projectStatusCommand(
  shell: Shell,
  name: string,
  status: ProjectStatus | undefined,
  flags: ProjectReasonFlags,
): Promise<ExitCode> {
  const manager = managerOf(flags);
  const project =
    status === undefined
      ? await manager.requireProject(name)
      : await manager.updateProjectStatus(name, status, flags.reason);
  const next = manager.nextStatuses(project.status);
  if (flags.json === true) shell.stdout.line(jsonLine({ name: project.name, status: project.status, next }));
  else {
    const onward = next.length === 0 ? 'the end of its life' : `next: ${next.join(', ')}`;
    shell.stdout.line(`${toPrintableLine(project.name)}: ${project.status} (${onward})`);
  }
  return ExitCode.COMPLETED;
}

/** Takes a project out of service. */
export async function archiveProjectCommand(shell: Shell, name: string, flags: ProjectReasonFlags): Promise<ExitCode> {
  const project = await managerOf(flags).archiveProject(name, flags.reason);
  if (flags.json === true) shell.stdout.line(jsonLine(project));
  else
    shell.stdout.line(`${toPrintableLine(project.name)}: archived; its files stay in ${toPrintableLine(project.path)}`);
  return ExitCode.COMPLETED;
}

/** Removes a project and its files. */
export async function deleteProjectCommand(shell: Shell, name: string, flags: ProjectDeleteFlags): Promise<ExitCode> {
  const manager = managerOf(flags);
  if (flags.removeFiles !== true) {
    const { path } = await manager.requireProject(name);
    throw usageError(`deleting removes ${path} and everything in it: say --remove-files; \`project archive\` keeps it`);
  }
  await manager.deleteProject(name, { removeFiles: true });
  shell.stdout.line(`deleted ${toPrintableLine(name)}`);
  return ExitCode.COMPLETED;
}

/** Lists templates. */
export async function projectTemplatesCommand(shell: Shell, flags: ProjectFlags): Promise<ExitCode> {
  const templates = await managerOf(flags).listTemplates();
  const columns = Math.max(...templates.map(({ name }) => columnsOf(toPrintableLine(name))));
  for (const template of templates) {
    if (flags.json === true) shell.stdout.line(jsonLine(template));
    else {
      const name = fitToColumns(toPrintableLine(template.name), columns);
      shell.stdout.line(
        `${name} ${fitToColumns(template.type, TYPE_COLUMNS)} ${toPrintableLine(template.description)}`,
      );
    }
  }
  return ExitCode.COMPLETED;
}

function managerOf(flags: ProjectFlags): ProjectManager {
  const { templatesDir, documentTemplatesDir } = settingsOf(flags);
  return ProjectManager.open({
    projectsDir: projectsDirOf(flags),
    templatesDir: flags.templates === undefined ? templatesDir : resolve(flags.templates),
    documentTemplatesDir,
  });
}

function projectsDirOf(flags: ProjectFlags): string {
  return flags.projects === undefined ? settingsOf(flags).projectsDir : resolve(flags.projects);
}

function printTable(shell: Shell, projects: readonly Project[]): void {
  const style = stylerFor({ isTTY: shell.stdout.isTerminal }, shell.environment);
  const widest = Math.max('project'.length, ...projects.map(({ name }) => columnsOf(toPrintableLine(name))));
  const columns = Math.min(WIDEST_NAME, widest);
  const head = ['project'.padEnd(columns), 'type'.padEnd(TYPE_COLUMNS), 'status'.padEnd(STATUS_COLUMNS), 'folder'];
  shell.stdout.line(style('quiet', head.join(' ')));
  for (const { name, type, status, path } of projects) {
    const state = style(STATUS_STYLES[status], status.padEnd(STATUS_COLUMNS));
    const row = [fitToColumns(toPrintableLine(name), columns), type.padEnd(TYPE_COLUMNS), state, toPrintableLine(path)];
    shell.stdout.line(row.join(' '));
  }
}

function printProject(shell: Shell, project: Project, { json }: ProjectFlags): void {
  if (json === true) {
    shell.stdout.line(jsonLine(project));
    return;
  }
  const style = stylerFor({ isTTY: shell.stdout.isTerminal }, shell.environment);
  const { name, type, status, description, owner, version, template, path, workflows, history } = project;
  const rows: [label: string, text: string][] = [
    ['type', `${type} (template ${template}, version ${version})`],
    ['status', status],
    ['folder', path],
    ['owner', owner],
    ['about', description],
    ['workflows', workflows.join(', ')],
  ];
  shell.stdout.line(style('strong', toPrintableLine(name)));
  for (const [label, text] of rows) {
    if (text !== '')
      shell.stdout.line(`  ${style('quiet', label.padEnd('workflows'.length))} ${toPrintableLine(text)}`);
  }
  for (const { status: then, at, reason } of history) {
    const why = reason === undefined ? '' : ` · ${reason}`;
    shell.stdout.line(`  ${style('quiet', at)} ${toPrintableLine(then + why)}`);
  }
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
