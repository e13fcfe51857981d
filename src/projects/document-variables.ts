// Owns the variables of document templates: their names, what they mean, and their values for one document. Values are
// Markdown that holds wherever a template puts it; what comes from people has been escaped. Single values are one line,
// blocks are whole paragraphs, lists, tables or fences, and empty where there is nothing true to say.

import { limitList, outputList, toolCalls, toolTable } from './agent-sections.ts';
import { purposeOfDirectory } from './directory-purposes.ts';
import { DOCUMENT_KINDS, DOCUMENT_TITLES, type DocumentKind, documentPath } from './document-kinds.ts';
import type { FolderContents, FolderEntry } from './folder-contents.ts';
import { codeSpan, escapeMarkdown, escapeParagraphs, escapeProse, joinBlocks, markdownLink } from './markdown-text.ts';
import { taskModuleDetails, taskModuleTable } from './module-sections.ts';
import { childFolders, liesIn, type ProjectFacts, parentFolder } from './project-facts.ts';
import type { TemplateVariables } from './variable-substitution.ts';
import {
  parameterTable,
  resourceTable,
  runCommands,
  shortText,
  workflowDetails,
  workflowFaults,
  workflowGraphs,
  workflowTable,
} from './workflow-sections.ts';

/** The folder whose documents variables are for. */
export interface DocumentPlace {
  /** Relative to the project; `''` is its own folder. */
  readonly folder: string;
  readonly contents: FolderContents;
}

/** Folders that `active_components` lists at most. */
const MAX_COMPONENTS = 200;

/** Every variable with what it stands for. */
export const DOCUMENT_VARIABLES = {
  project_name: 'name of the project',
  project_type: 'its type, such as `data_pipeline`',
  description: 'its description on one line, or its type in words where it has none',
  overview: 'its description with its paragraphs',
  version: 'its version',
  owner: 'its owner; may be empty',
  author: 'the same as `owner`',
  created_at: 'when it was made, in ISO form',
  template: 'name of the project template that it was made from',
  summary: 'type, version, owner and day of creation on one line, what is empty left out',
  directory_name: 'the folder of the document, relative to the project; in its own folder the name of the project',
  purpose: 'what the folder is for, by its name; in the project’s own folder its description',
  purpose_lower: '`purpose`, its first letter in lower case',
  active_components: 'a list of the documented folders below, with what each is for',
  child_links: 'a list of links to the same document of the folders right below',
  parent_link: 'a list item, on a new line, that links to the same document of the nearest documented folder above',
  sibling_links: 'a list of links to the other documents of the same folder',
  contents: 'a list of the files and folders in the folder, and of documented ones deeper down',
  commands: 'a block of commands that run the workflows',
  workflows: 'a table of the workflows',
  workflow_graphs: 'the graph of each workflow, in Mermaid',
  workflow_details: 'each workflow in full: parameters, steps, dependencies, resources, rules, graph',
  workflow_faults: 'a list of the workflow files that cannot be loaded, and why',
  parameters: 'a table of the parameters that runs can be given',
  resources: 'a table of the resources that the workflows declare or take',
  task_modules: 'a table of the task modules and their actions',
  task_module_details: 'each task module in full: actions, their first sentence, their parameters',
  tools: 'a table of the MCP tools that act on what is here, and what to use each for',
  tool_calls: 'a block with arguments of `execute_workflow`, one line for each workflow',
  outputs: 'a list of what the workflows give back',
  limits: 'a list of what bounds the workflows',
} as const satisfies Readonly<Record<string, string>>;

export type DocumentVariable = keyof typeof DOCUMENT_VARIABLES;

/**
 * The values for the documents of a folder. Workflows and modules are those whose files lie in it; what is said of them is
 * the same in all of its documents, and is put into words once.
 */
export function documentVariables(
  facts: ProjectFacts,
  place: DocumentPlace,
): (kind: DocumentKind) => TemplateVariables {
  const shared = { ...projectValues(facts), ...workValues(facts, place.folder) };
  const own = ownVariables(facts);
  return (kind) => {
    const values: Record<DocumentVariable, string> = { ...shared, ...folderValues(facts, place, kind) };
    return { ...values, ...own };
  };
}

// The variables that a project brings itself. They come from people; one of a name above takes its place.
function ownVariables({ project }: ProjectFacts): Record<string, string> {
  const { variables } = project.documentation;
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, escapeMarkdown(value)]));
}

function projectValues({ project }: ProjectFacts) {
  const type = typeInWords(project.type);
  const owner = escapeMarkdown(project.owner);
  const summary = [
    `**Type**: ${escapeMarkdown(project.type)}`,
    `**Version**: ${escapeMarkdown(project.version)}`,
    ...(owner === '' ? [] : [`**Owner**: ${owner}`]),
    `**Created**: ${escapeMarkdown(project.createdAt.slice(0, 10))}`,
  ];
  return {
    project_name: escapeMarkdown(project.name),
    project_type: escapeMarkdown(project.type),
    description: escapeMarkdown(project.description) || `${type} project`,
    overview: escapeParagraphs(project.description) || `${type} project.`,
    version: escapeMarkdown(project.version),
    owner,
    author: owner,
    created_at: escapeMarkdown(project.createdAt),
    template: escapeMarkdown(project.template),
    summary: summary.join(' · '),
  };
}

function folderValues(facts: ProjectFacts, place: DocumentPlace, kind: DocumentKind) {
  const { folder } = place;
  const { links } = facts.project.documentation;
  const hasLinks = links.enabled;
  const purpose = folder === '' ? projectValues(facts).description : purposeOf(folder);
  const parent = parentFolder(facts, folder);
  const below = facts.folders.filter((other) => liesIn(other, folder)).slice(0, MAX_COMPONENTS);
  const children = childFolders(facts, folder);
  return {
    directory_name: folder === '' ? escapeMarkdown(facts.project.name) : escapeMarkdown(folder),
    purpose,
    purpose_lower: purpose.charAt(0).toLowerCase() + purpose.slice(1),
    active_components: below
      .map((other) => folderItem(folder, other, hasLinks && links.childLinks ? kind : null))
      .join('\n'),
    child_links:
      hasLinks && links.childLinks ? children.map((other) => folderItem(folder, other, kind)).join('\n') : '',
    parent_link: hasLinks && links.parentLink && parent !== null ? `\n${parentItem(facts, folder, parent, kind)}` : '',
    sibling_links: hasLinks
      ? DOCUMENT_KINDS.filter((other) => other !== kind)
          .map(siblingItem)
          .join('\n')
      : '',
    contents: contentsList(facts, place, kind),
  };
}

function workValues(facts: ProjectFacts, folder: string) {
  const workflows = facts.workflows.filter(({ file }) => liesIn(file, folder));
  const modules = facts.taskModules.filter(({ outline }) => liesIn(outline.file, folder));
  return {
    commands: runCommands(workflows),
    workflows: workflowTable(workflows),
    workflow_graphs: workflowGraphs(workflows),
    workflow_details: workflowDetails(workflows),
    workflow_faults: workflowFaults(facts.faulty.filter(({ file }) => liesIn(file, folder))),
    parameters: parameterTable(workflows),
    resources: resourceTable(workflows),
    task_modules: taskModuleTable(modules),
    task_module_details: taskModuleDetails(modules),
    tools: toolTable({ workflows, modules, isRoot: folder === '' }),
    tool_calls: toolCalls(workflows),
    outputs: outputList(workflows),
    limits: limitList(workflows),
  };
}

function purposeOf(folder: string): string {
  return purposeOfDirectory(folder) ?? `Files of ${escapeMarkdown(folder.split('/').at(-1) ?? folder)}`;
}

// --- lists of links

function folderItem(from: string, folder: string, kind: DocumentKind | null): string {
  const shown = from === '' ? folder : folder.slice(from.length + 1);
  const label = codeSpan(`${shown}/`);
  return `- ${kind === null ? label : markdownLink(label, documentPath(shown, kind))} – ${purposeOf(folder)}`;
}

function parentItem({ project }: ProjectFacts, folder: string, parent: string, kind: DocumentKind): string {
  const steps = folder.split('/').length - (parent === '' ? 0 : parent.split('/').length);
  const label = parent === '' ? escapeMarkdown(project.name) : codeSpan(`${parent}/`);
  return `- ${markdownLink(label, '../'.repeat(steps) + documentPath('', kind))} – one level up`;
}

function siblingItem(kind: DocumentKind): string {
  return `- ${markdownLink(documentPath('', kind), documentPath('', kind))} – ${DOCUMENT_TITLES[kind]}`;
}

function contentsList(facts: ProjectFacts, { folder, contents }: DocumentPlace, kind: DocumentKind): string {
  const { links } = facts.project.documentation;
  const linked = links.enabled && links.childLinks ? kind : null;
  const pathOf = (name: string) => (folder === '' ? name : `${folder}/${name}`);
  const items = contents.entries.map((entry) => {
    const path = pathOf(entry.name);
    if (facts.parents.has(path)) return folderItem(folder, path, linked);
    const label = codeSpan(entry.kind === 'folder' ? `${entry.name}/` : entry.name);
    const shown = links.enabled && isLinkable(entry) ? markdownLink(label, entry.name) : label;
    const meaning = entry.kind === 'folder' ? (purposeOfDirectory(path) ?? '') : meaningOfFile(facts, path);
    return `- ${shown}${meaning === '' ? '' : ` – ${meaning}`}`;
  });
  const listed = new Set(contents.entries.map(({ name }) => pathOf(name)));
  const deeper = childFolders(facts, folder).filter((other) => !listed.has(other));
  const notes = [
    ...(contents.left > 0 ? [`And ${contents.left} more.`] : []),
    ...(contents.isProduced ? ['Runs may write files here; they are not listed.'] : []),
  ];
  return joinBlocks([[...items, ...deeper.map((other) => folderItem(folder, other, linked))].join('\n'), ...notes]);
}

// A name that is no Unicode text was read with replacements, and would lead nowhere.
function isLinkable({ name, kind }: FolderEntry): boolean {
  return kind === 'file' && !name.includes('\ufffd');
}

function meaningOfFile(facts: ProjectFacts, path: string): string {
  const workflow = facts.workflows.find(({ file }) => file === path);
  if (workflow !== undefined) return escapeProse(shortText(workflow.definition.description));
  const module = facts.taskModules.find(({ outline }) => outline.file === path);
  return module?.outline.kind === 'read' ? escapeProse(module.outline.description) : '';
}

function typeInWords(type: string): string {
  const words = type.replaceAll('_', ' ').replace(/\b(?:ai|ml)\b/g, (short) => short.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}
