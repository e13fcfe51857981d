// Owns what a project template is: the kind of project, its folders, the files that it ships, its defaults, and what its
// documents are about. A file of it is JSON in snake_case; every field, its bounds and its faults are here.
// It must not touch the file system: where templates are and what lies beside them is the store's business.

import { z } from 'zod';
import type { JsonPathSegment } from '../domain/json-path.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { ProjectType } from '../domain/statuses.ts';
import type { WorkflowFault } from '../domain/workflow-definition.ts';
import { NOTE_FIELD } from '../domain/workflow-schema.ts';
import { RECORD_FOLDER } from './project-store.ts';
import { jsonObject, must, readBySchema } from './schema-reading.ts';
import { templateError, templateFault } from './template-faults.ts';
import { NO_CONTENTS, type TemplateContents } from './template-files.ts';
import { directoryFault, folderFault, normalizeFolder, pathFault } from './template-path.ts';
import { missingParts } from './template-shipments.ts';

const MOST_ENTRIES = 10_000;
const MOST_TEXT = 10_000;

/** Variables that every template has; those of `doc_variables` come on top. */
export const PROJECT_VARIABLES = [
  'project_name',
  'project_type',
  'description',
  'owner',
  'author',
  'version',
  'created_at',
] as const;

/** The documents that a template may bring its own text for. */
const DOCUMENTS = ['README', 'AGENTS', 'SPEC', 'PAI'] as const;

/** What the documents of a template's projects are made of. */
export interface TemplateDocumentation {
  /** Relative folders that get documents of their own, without slash at the end. */
  readonly nestedDocs: readonly string[];
  readonly links: { readonly enabled: boolean; readonly parentLink: boolean; readonly childLinks: boolean };
  readonly variables: Readonly<Record<string, string>>;
  /** Texts of document templates by document: `README`, `AGENTS`, `SPEC`, `PAI`, each with or without `.nested`. */
  readonly templates: Readonly<Record<string, string>>;
}

const NAME = must('a name of letters, digits, "_", "-" and ".", at most 100, that starts with a letter or digit');
const NAME_LIST = must('a list of names');
const FOLDER_LIST = must('a list of folders, relative to the project');
const FOLDER_MAP = must('an object of folders by the file, folder or pattern that is copied there');
const TEXT_MAP = must('an object of texts by name');
const WHEN = must('a moment in ISO form, such as "2026-01-31T12:00:00Z"');

const text = (expectation: string) =>
  z.string(must(expectation)).max(MOST_TEXT, must(`at most ${MOST_TEXT} characters`));
const names = z
  .array(z.string(NAME_LIST).min(1, NAME_LIST).max(256, NAME_LIST), NAME_LIST)
  .max(MOST_ENTRIES, NAME_LIST);
const folders = z.array(z.string(FOLDER_LIST), FOLDER_LIST).max(MOST_ENTRIES, must(`at most ${MOST_ENTRIES} folders`));
const truth = z.boolean(must('true or false'));

const LINKS = z.object(
  { enabled: truth.default(true), parent_link: truth.default(true), child_links: truth.default(true) },
  must('an object with enabled, parent_link and child_links'),
);

const DOCUMENTATION = z.object(
  {
    nested_docs: folders.default([]),
    doc_links: LINKS.optional(),
    doc_variables: z.record(z.string(), text('a text'), TEXT_MAP).default({}),
    doc_templates: z.record(z.string(), z.string(must('a text')).max(1_000_000), TEXT_MAP).default({}),
  },
  must('an object'),
);

const TEMPLATE_FILE = z.object(
  {
    $schema: z.string().optional(),
    name: z.string(NAME).regex(/^[A-Za-z0-9][\w.-]{0,99}$/, NAME),
    type: z.enum(ProjectType, must(`one of ${Object.values(ProjectType).join(', ')}`)),
    description: text('a text').default(''),
    version: text('a text such as "1.0"').default('1.0'),
    directory_structure: folders.default([]),
    template_files: z.record(z.string(), z.string(FOLDER_MAP), FOLDER_MAP).default({}),
    workflows: names.default([]),
    required_modules: names.default([]),
    optional_modules: names.default([]),
    default_config: jsonObject().default({}),
    documentation_config: DOCUMENTATION.optional(),
    doc_links: LINKS.optional(),
    template_generators: jsonObject().default({}),
    author: text('a text').default(''),
    created_at: z
      .string(WHEN)
      .refine((value) => !Number.isNaN(Date.parse(value)), WHEN)
      .nullable()
      .default(null),
  },
  must('an object with name, type and what a project of it has'),
);

type TemplateContent = z.output<typeof TEMPLATE_FILE>;

/** The workflows among a template's files. */
export interface ShippedWorkflows {
  readonly names: readonly string[];
  /** What they ask for in vain. */
  readonly warnings: readonly string[];
}

const NO_WORKFLOWS: ShippedWorkflows = { names: [], warnings: [] };

/** What `ProjectTemplate.read` found in a JSON value. */
export type TemplateReading =
  | { readonly kind: 'sound'; readonly template: ProjectTemplate }
  | { readonly kind: 'faulty'; readonly faults: readonly WorkflowFault[] };

/** What projects of one kind start with. Frozen; `TemplateStore` gives those that have files. */
export class ProjectTemplate {
  readonly name: string;
  readonly type: ProjectType;
  readonly description: string;
  readonly version: string;
  /** Relative folders, without slash at the end. */
  readonly directoryStructure: readonly string[];
  /** Folder of the project by the file, folder or pattern that is copied there; empty: all files, as they lie. */
  readonly templateFiles: Readonly<Record<string, string>>;
  /** Names of workflows that a project is expected to have. */
  readonly workflows: readonly string[];
  readonly requiredModules: readonly string[];
  readonly optionalModules: readonly string[];
  readonly defaultConfig: JsonObject;
  readonly documentation: TemplateDocumentation;
  readonly author: string;
  /** ISO, as the file has it. */
  readonly createdAt: string | null;
  /** The JSON file, absolute; null for a template that was made in memory. */
  readonly file: string | null;
  /** What is copied into a project. */
  readonly contents: TemplateContents;
  /** What the template names and does not ship, in sentences that say what to do; a project of it is told them. */
  readonly warnings: readonly string[];
  readonly #content: TemplateContent;

  private constructor(
    content: TemplateContent,
    file: string | null,
    contents: TemplateContents,
    workflows: ShippedWorkflows,
  ) {
    this.#content = content;
    this.name = content.name;
    this.type = content.type;
    this.description = content.description;
    this.version = content.version;
    this.directoryStructure = [...new Set(content.directory_structure.map(normalizeFolder))];
    this.templateFiles = content.template_files;
    this.workflows = content.workflows;
    this.requiredModules = content.required_modules;
    this.optionalModules = content.optional_modules;
    this.defaultConfig = content.default_config;
    this.documentation = documentationOf(content, this.directoryStructure);
    this.author = content.author;
    this.createdAt = content.created_at;
    this.file = file;
    this.contents = contents;
    this.warnings = [...missingParts(this, contents, workflows.names), ...workflows.warnings, ...unusedParts(content)];
    Object.freeze(this);
  }

  /** Reads the JSON value of a template's file; every fault at once. */
  static read(raw: unknown): TemplateReading {
    const faults = unknownFields(raw);
    const reading = readBySchema(TEMPLATE_FILE, raw);
    if (reading.kind === 'faulty') {
      for (const { place, message } of reading.faults) {
        faults.push(templateFault(place, isMissing(raw, place) ? `is missing; it ${message}` : message));
      }
      return { kind: 'faulty', faults };
    }
    faults.push(...contentFaults(reading.content));
    if (faults.length > 0) return { kind: 'faulty', faults };
    return { kind: 'sound', template: new ProjectTemplate(reading.content, null, NO_CONTENTS, NO_WORKFLOWS) };
  }

  /**
   * The template of a JSON value, as `toJSON` gives it and its file holds it; it has no files.
   * @throws RuntimeError PROJECT_TEMPLATE_INVALID
   */
  static fromJSON(raw: unknown): ProjectTemplate {
    const reading = ProjectTemplate.read(raw);
    if (reading.kind === 'faulty') throw templateError('value', reading.faults);
    return reading.template;
  }

  /** The same template with what lies beside its JSON file. */
  withContents(file: string, contents: TemplateContents, workflows: ShippedWorkflows): ProjectTemplate {
    return new ProjectTemplate(this.#content, file, contents, workflows);
  }

  /** The content of the template's file. */
  toJSON(): JsonObject {
    const { documentation_config, doc_links, template_generators, $schema, created_at, ...rest } = this.#content;
    return {
      ...($schema === undefined ? {} : { $schema }),
      ...rest,
      ...(Object.keys(template_generators).length === 0 ? {} : { template_generators }),
      ...(documentation_config === undefined ? {} : { documentation_config: documentationJson(documentation_config) }),
      ...(doc_links === undefined ? {} : { doc_links }),
      ...(created_at === null ? {} : { created_at }),
    };
  }
}

function unusedParts({ name, template_generators }: TemplateContent): string[] {
  const count = Object.keys(template_generators).length;
  if (count === 0) return [];
  return [
    `template ${quoteName(name)} has ${count} template_generators, which make nothing; ship the files themselves`,
  ];
}

function documentationOf(content: TemplateContent, directories: readonly string[]): TemplateDocumentation {
  const { documentation_config: given, doc_links: older } = content;
  const links = given?.doc_links ?? older ?? { enabled: true, parent_link: true, child_links: true };
  const nested = given === undefined ? directories : given.nested_docs.map(normalizeFolder);
  return {
    nestedDocs: [...new Set(nested)].filter((folder) => !`${folder}/`.startsWith(`${RECORD_FOLDER}/`)),
    links: { enabled: links.enabled, parentLink: links.parent_link, childLinks: links.child_links },
    variables: given?.doc_variables ?? {},
    templates: given?.doc_templates ?? {},
  };
}

function documentationJson({ doc_links, ...rest }: z.output<typeof DOCUMENTATION>): JsonObject {
  return doc_links === undefined ? rest : { ...rest, doc_links };
}

function contentFaults(content: TemplateContent): WorkflowFault[] {
  const faults: WorkflowFault[] = [];
  const report = (place: readonly JsonPathSegment[], fault: string | undefined) => {
    if (fault !== undefined) faults.push(templateFault(place, fault));
  };
  for (const [index, folder] of content.directory_structure.entries()) {
    report(['directory_structure', index], directoryFault(folder));
  }
  for (const [source, target] of Object.entries(content.template_files)) {
    const place = ['template_files', source];
    report(place, pathFault(source.replace(/\/$/, '').replaceAll(/[*?]/g, 'x')));
    if (target !== '' && target !== '.' && target !== './') report(place, folderFault(target));
  }
  const documentation = content.documentation_config;
  for (const [index, folder] of (documentation?.nested_docs ?? []).entries()) {
    report(['documentation_config', 'nested_docs', index], folderFault(folder));
  }
  for (const name of Object.keys(documentation?.doc_variables ?? {})) {
    report(['documentation_config', 'doc_variables', name], variableFault(name));
  }
  for (const name of Object.keys(documentation?.doc_templates ?? {})) {
    report(['documentation_config', 'doc_templates', name], documentFault(name));
  }
  return faults;
}

function variableFault(name: string): string | undefined {
  if (!/^[\p{L}_][\p{L}\p{M}\p{N}_-]*$/u.test(name)) return 'is no name of a variable; use letters, digits and "_"';
  return PROJECT_VARIABLES.some((known) => known === name)
    ? 'is a variable that every project has; choose another name'
    : undefined;
}

function documentFault(name: string): string | undefined {
  if (DOCUMENTS.some((document) => name === document || name === `${document}.nested`)) return undefined;
  return `is no document; use one of ${DOCUMENTS.join(', ')}, or one of them with ".nested"`;
}

function unknownFields(raw: unknown): WorkflowFault[] {
  const root = recordOf(raw);
  const documentation = recordOf(root?.documentation_config);
  const objects: [Record<string, unknown> | undefined, z.ZodObject, JsonPathSegment[]][] = [
    [root, TEMPLATE_FILE, []],
    [documentation, DOCUMENTATION, ['documentation_config']],
    [recordOf(documentation?.doc_links), LINKS, ['documentation_config', 'doc_links']],
    [recordOf(root?.doc_links), LINKS, ['doc_links']],
  ];
  return objects.flatMap(([object, schema, place]) => {
    const known = Object.keys(schema.shape);
    const near = new NearNames(known);
    return Object.keys(object ?? {})
      .filter((key) => !known.includes(key) && !NOTE_FIELD.test(key))
      .map((key) => {
        const message = `is no field of a template${suggestion(near.nearest(key))}; remove ${quoteName(key)} or rename it`;
        return templateFault([...place, key], message);
      });
  });
}

function isMissing(raw: unknown, place: readonly JsonPathSegment[]): boolean {
  let value = raw;
  for (const part of place) {
    const inside = typeof value === 'object' && value !== null ? value : undefined;
    if (inside === undefined || !Object.hasOwn(inside, part)) return true;
    value = Reflect.get(inside, part);
  }
  return false;
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
