// Owns the commands about projects and their documents, their flags and their help. Each command's own code is imported
// when it is called.

import type { Command } from 'commander';
import { ProjectStatus, ProjectType } from '../domain/statuses.ts';
import { addFolders, examples, type FolderFlags } from './command-flags.ts';
import { usageError } from './error-lines.ts';
import type { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';

type Done = (code: ExitCode) => void;

export interface ProjectFlags extends FolderFlags {
  readonly projects?: string;
  readonly templates?: string;
  readonly json?: true;
}

export interface ProjectCreateFlags extends ProjectFlags {
  readonly type?: ProjectType;
  readonly template?: string;
  readonly description?: string;
  readonly owner?: string;
  readonly path?: string;
}

export interface ProjectListFlags extends ProjectFlags {
  readonly status?: ProjectStatus;
  readonly type?: ProjectType;
}

export interface ProjectReasonFlags extends ProjectFlags {
  readonly reason?: string;
}

export interface ProjectDeleteFlags extends ProjectFlags {
  readonly removeFiles?: true;
}

export interface DocsFlags extends FolderFlags {
  readonly check?: true;
  readonly documentTemplates?: string;
  readonly json?: true;
}

/** Adds `project` with its own commands, and `docs`. */
export function addProjectCommands(program: Command, shell: Shell, done: Done): void {
  const project = program
    .command('project')
    .description('Create projects with working workflows from templates, list them, move them through their life')
    .addHelpText(
      'after',
      examples(['project create sales --type data_pipeline', 'project list', 'project status sales active']),
    );
  addCreate(project, shell, done);
  addList(project, shell, done);
  addShow(project, shell, done);
  addStatus(project, shell, done);
  addArchive(project, shell, done);
  addDelete(project, shell, done);
  addTemplates(project, shell, done);
  addDocs(program, shell, done);
}

function addCreate(project: Command, shell: Shell, done: Done): void {
  const command = project
    .command('create')
    .description('Create a project: folders, workflows that run at once, task modules, documents')
    .argument('<name>', 'name of the project, and of its folder')
    .option(
      '--type <type>',
      `one of ${Object.values(ProjectType).join(', ')}; default: that of the template`,
      parseType,
    )
    .option('--template <name>', 'template to make it from; default: the one named as the type')
    .option('--description <text>', 'what the project is for')
    .option('--owner <name>', 'whose it is')
    .option('--path <folder>', 'where in the folder of projects; default: the name')
    .option('--json', 'the project as one object');
  addProjectFolders(command).addHelpText(
    'after',
    examples([
      'project create sales --type data_pipeline --description "Monthly figures"',
      'project create paper --type research --owner "Ada Lovelace"',
      'project create site --template my-template --templates ./my-templates',
    ]),
  );
  command.action(async (name: string, flags: ProjectCreateFlags) => {
    const { createProjectCommand } = await import('./project-command.ts');
    done(await createProjectCommand(shell, name, flags));
  });
}

function addList(project: Command, shell: Shell, done: Done): void {
  const command = project
    .command('list')
    .description('List the projects of a folder')
    .option('--status <status>', `only those that are ${Object.values(ProjectStatus).join(', ')}`, parseStatus)
    .option('--type <type>', 'only those of a type', parseType)
    .option('--json', 'one project a line');
  addProjectFolders(command).addHelpText('after', examples(['project list', 'project list --status active --json']));
  command.action(async (flags: ProjectListFlags) => {
    const { listProjectsCommand } = await import('./project-command.ts');
    done(await listProjectsCommand(shell, flags));
  });
}

function addShow(project: Command, shell: Shell, done: Done): void {
  const command = project
    .command('show')
    .description('Show a project: where it is, its workflows, its life so far')
    .argument('<name>', 'name of the project')
    .option('--json', 'the project as one object');
  addProjectFolders(command).addHelpText('after', examples(['project show sales']));
  command.action(async (name: string, flags: ProjectFlags) => {
    const { showProjectCommand } = await import('./project-command.ts');
    done(await showProjectCommand(shell, name, flags));
  });
}

function addStatus(project: Command, shell: Shell, done: Done): void {
  const command = project
    .command('status')
    .description('Print where a project stands and where it can go, or move it there')
    .argument('<name>', 'name of the project')
    .argument('[status]', 'the status to move to', parseStatus)
    .option('--reason <text>', 'kept in the project’s history')
    .option('--json', 'one object');
  addProjectFolders(command).addHelpText(
    'after',
    `${examples(['project status sales', 'project status sales active', 'project status sales paused --reason "waiting for data"'])}\n\nplanning → active ⇄ paused; active or paused → completed or failed; completed or failed → archived`,
  );
  command.action(async (name: string, status: ProjectStatus | undefined, flags: ProjectReasonFlags) => {
    const { projectStatusCommand } = await import('./project-command.ts');
    done(await projectStatusCommand(shell, name, status, flags));
  });
}

function addArchive(project: Command, shell: Shell, done: Done): void {
  const command = project
    .command('archive')
    .description('Take a project out of service for good, wherever it stands; its files stay')
    .argument('<name>', 'name of the project')
    .option('--reason <text>', 'kept in the project’s history')
    .option('--json', 'the project as one object');
  addProjectFolders(command).addHelpText('after', examples(['project archive sales --reason "replaced by sales-2"']));
  command.action(async (name: string, flags: ProjectReasonFlags) => {
    const { archiveProjectCommand } = await import('./project-command.ts');
    done(await archiveProjectCommand(shell, name, flags));
  });
}

function addDelete(project: Command, shell: Shell, done: Done): void {
  const command = project
    .command('delete')
    .description('Delete a project with all of its files')
    .argument('<name>', 'name of the project')
    .option('--remove-files', 'say that you mean it: the folder and everything in it are removed');
  addProjectFolders(command).addHelpText('after', examples(['project delete sales --remove-files']));
  command.action(async (name: string, flags: ProjectDeleteFlags) => {
    const { deleteProjectCommand } = await import('./project-command.ts');
    done(await deleteProjectCommand(shell, name, flags));
  });
}

function addTemplates(project: Command, shell: Shell, done: Done): void {
  const command = project
    .command('templates')
    .description('List the templates that projects can be made from')
    .option('--json', 'one template a line');
  addProjectFolders(command).addHelpText(
    'after',
    examples(['project templates', 'project templates --templates ./mine']),
  );
  command.action(async (flags: ProjectFlags) => {
    const { projectTemplatesCommand } = await import('./project-command.ts');
    done(await projectTemplatesCommand(shell, flags));
  });
}

function addDocs(program: Command, shell: Shell, done: Done): void {
  const command = program
    .command('docs')
    .description('Write a project’s documents anew from what is true of it; what people wrote in them stays')
    .argument('<dir>', 'folder of a project')
    .option('--check', 'write nothing; exit code 1 when a document is not as it would be written')
    .option('--document-templates <folder>', 'folder of your own templates of documents')
    .option('--json', 'one document a line');
  addFolders(command).addHelpText('after', examples(['docs projects/sales', 'docs . --check']));
  command.action(async (folder: string, flags: DocsFlags) => {
    const { docsCommand } = await import('./docs-command.ts');
    done(await docsCommand(shell, folder, flags));
  });
}

function addProjectFolders(command: Command): Command {
  return addFolders(
    command
      .option('--projects <folder>', 'folder of projects; default: projects')
      .option('--templates <folder>', 'folder of your own project templates'),
  );
}

function parseType(text: string): ProjectType {
  for (const type of Object.values(ProjectType)) if (type === text) return type;
  throw usageError(`--type must be one of ${Object.values(ProjectType).join(', ')}, not "${text}"`);
}

function parseStatus(text: string): ProjectStatus {
  for (const status of Object.values(ProjectStatus)) if (status === text) return status;
  throw usageError(`a status is one of ${Object.values(ProjectStatus).join(', ')}, not "${text}"`);
}
