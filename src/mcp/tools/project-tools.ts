// Owns the tools about projects: making one from a template, and listing those there are.

import { z } from 'zod';
import { quoteName } from '../../domain/near-name.ts';
import { RuntimeError } from '../../domain/runtime-error.ts';
import { ProjectStatus, ProjectType } from '../../domain/statuses.ts';
import { defineTool, READ_ONLY, type ToolContext } from '../mcp-tool.ts';
import { projectUri } from '../resource-uris.ts';
import { advice, isoTime, listLimit, nameText } from '../tool-schemas.ts';

const DEFAULT_TEMPLATE = 'ai_analysis';
const MOST_ERRORS = 20;

export const createProject = defineTool({
  name: 'create_project',
  title: 'Create a project',
  description: [
    'Makes a project from a template: a folder with its directories, a workflow that runs at once, a task module, configuration and documents. It is there as a whole or not at all.',
    `Templates have the names of the types: ${Object.values(ProjectType).join(', ')}; people may have added their own.`,
    'Comes back with the folder and the workflows in it. These run with an engine that works in the project’s folder; workflows made by create_workflow belong to this server’s engine instead.',
    'An existing name or folder is an error, and so is a path that leads out of the projects folder.',
  ].join(' '),
  input: z.strictObject({
    name: nameText('Name of the project, and of its folder'),
    template: z.string().min(1).max(256).default(DEFAULT_TEMPLATE).describe('Template to make it from'),
    description: z.string().max(10_000).describe('For people').optional(),
    path: z
      .string()
      .min(1)
      .max(1_000)
      .describe('Folder below the projects folder, "/" between its parts; default: the name')
      .optional(),
    type: z.enum(ProjectType).describe('Default: that of the template').optional(),
    owner: z.string().max(10_000).describe('For people').optional(),
  }),
  output: z.strictObject({
    project_name: z.string(),
    project_type: z.enum(ProjectType),
    project_path: z.string().describe('Absolute folder'),
    template_used: z.string(),
    status: z.enum(ProjectStatus),
    workflows: z.array(z.string()).describe('Workflows in the project, which can be run in its folder'),
    warnings: z.array(z.string()).describe('What the template could not give it'),
    created_at: isoTime,
    resource: z.string(),
    next: advice,
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  run: async ({ name, template, description, path, type, owner }, { projects }) => {
    await requireTemplate(projects, template);
    const project = await projects.createProject({
      name,
      template,
      ...(description === undefined ? {} : { description }),
      ...(path === undefined ? {} : { path }),
      ...(type === undefined ? {} : { type }),
      ...(owner === undefined ? {} : { owner }),
    });
    const [first] = project.workflows;
    const run = first === undefined ? 'yardmaster mcp' : `yardmaster run ${first}`;
    return {
      project_name: project.name,
      project_type: project.type,
      project_path: project.path,
      template_used: project.template,
      status: project.status,
      workflows: [...project.workflows],
      warnings: [...project.warnings],
      created_at: project.createdAt,
      resource: projectUri(project.name),
      next: [
        `Its workflows run in its folder: \`${run}\` there, or a server started there with \`yardmaster mcp\`.`,
        'list_projects shows it with the others.',
      ],
    };
  },
});

export const listProjects = defineTool({
  name: 'list_projects',
  title: 'List projects',
  description:
    'Lists the projects in the projects folder, read from the folders themselves, and the folders that hold a damaged record. Use it to find a project’s folder and workflows, or to see whether a name is free before create_project.',
  input: z.strictObject({
    status: z.enum(ProjectStatus).describe('Only projects of this status').optional(),
    type: z.enum(ProjectType).describe('Only projects of this type').optional(),
    limit: listLimit(100, 1_000),
  }),
  output: z.strictObject({
    projects: z.array(
      z.strictObject({
        name: z.string(),
        type: z.enum(ProjectType),
        status: z.enum(ProjectStatus),
        path: z.string(),
        created_at: isoTime,
        updated_at: isoTime,
        description: z.string(),
        template: z.string(),
        workflows: z.array(z.string()),
        resource: z.string(),
      }),
    ),
    count: z.int().describe('Projects in this answer'),
    total: z.int().describe('Projects that match'),
    cut: z.boolean().describe('Whether there are more than the limit'),
    load_errors: z.array(z.strictObject({ folder: z.string(), message: z.string() })),
  }),
  annotations: READ_ONLY,
  run: async ({ status, type, limit }, { projects }) => {
    const all = await projects.listProjects({
      ...(status === undefined ? {} : { status }),
      ...(type === undefined ? {} : { type }),
    });
    const shown = all.slice(0, limit);
    return {
      projects: shown.map((project) => ({
        name: project.name,
        type: project.type,
        status: project.status,
        path: project.path,
        created_at: project.createdAt,
        updated_at: project.updatedAt,
        description: project.description.slice(0, 500),
        template: project.template,
        workflows: project.workflows.slice(0, 100),
        resource: projectUri(project.name),
      })),
      count: shown.length,
      total: all.length,
      cut: all.length > shown.length,
      load_errors: projects.loadErrors.slice(0, MOST_ERRORS).map(({ folder, message }) => ({ folder, message })),
    };
  },
});

/** @throws RuntimeError PROJECT_TEMPLATE_NOT_FOUND with the names there are, in words of the tools */
async function requireTemplate(projects: ToolContext['projects'], name: string): Promise<void> {
  const names = (await projects.listTemplates()).map((template) => template.name);
  if (names.includes(name)) return;
  throw new RuntimeError(
    'PROJECT_TEMPLATE_NOT_FOUND',
    `no project template is named ${quoteName(name)}; use one of ${names.join(', ')}`,
    { details: { template: name, templates: names } },
  );
}
