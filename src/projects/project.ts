// Owns what a project is: its fields, its record as JSON, and the way from one to the other.
// Where a project lies and which workflows it has are facts of the file system: they are given to it and never recorded,
// so that a folder that is moved, or a workflow file that is added by hand, makes no record wrong.

import { z } from 'zod';
import { formatJsonPath } from '../domain/json-path.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ProjectStatus, ProjectType } from '../domain/statuses.ts';
import type { WorkflowFault } from '../domain/workflow-definition.ts';
import { nameFault } from './project-name.ts';
import { jsonObject, must, readBySchema } from './schema-reading.ts';

/** Format of a record; a higher one was written by a newer version. */
const FORMAT = 1;

/** Bounds of a project's texts and lists. */
export const PROJECT_LIMITS = Object.freeze({
  textLength: 10_000,
  /** Changes of status that are kept: the first, and the latest ones. */
  history: 1_000,
  nestedDocs: 10_000,
  tags: 100,
});

/** What is generated about a project. */
export interface ProjectDocumentation {
  /** Folders with documents of their own: relative, `/` between parts, none at the end. */
  readonly nestedDocs: readonly string[];
  readonly links: { readonly enabled: boolean; readonly parentLink: boolean; readonly childLinks: boolean };
  readonly variables: Readonly<Record<string, string>>;
}

/** A status that a project took on. */
export interface ProjectChange {
  readonly status: ProjectStatus;
  /** ISO 8601. */
  readonly at: string;
  readonly reason?: string;
}

/** What the record of a project holds. */
export interface ProjectRecord {
  readonly name: string;
  readonly type: ProjectType;
  readonly status: ProjectStatus;
  readonly description: string;
  readonly owner: string;
  readonly version: string;
  /** Name of the template that it was made from. */
  readonly template: string;
  readonly config: JsonObject;
  readonly tags: readonly string[];
  readonly documentation: ProjectDocumentation;
  /** Oldest first. */
  readonly history: readonly ProjectChange[];
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601; of the latest change to the record. */
  readonly updatedAt: string;
}

/** What is true of a project where it lies. */
export interface ProjectSite {
  /** Absolute folder. */
  readonly path: string;
  /** Names of the workflows whose files are there, sorted. */
  readonly workflows?: readonly string[];
  /** What its creation could not give it, in sentences; empty for a project that was read. */
  readonly warnings?: readonly string[];
}

/** A project as JSON: its record, and what is true of it where it lies. */
export type ProjectJson = ProjectRecord & Required<ProjectSite>;

/** What `Project.read` found in a JSON value. */
export type ProjectReading =
  | { readonly kind: 'sound'; readonly project: Project }
  | { readonly kind: 'faulty'; readonly faults: readonly WorkflowFault[] };

/** A project as it was read or made; it does not change when its folder does. */
export class Project implements ProjectJson {
  readonly name: string;
  readonly type: ProjectType;
  readonly status: ProjectStatus;
  readonly description: string;
  readonly owner: string;
  readonly version: string;
  readonly template: string;
  readonly path: string;
  readonly workflows: readonly string[];
  readonly warnings: readonly string[];
  readonly config: JsonObject;
  readonly tags: readonly string[];
  readonly documentation: ProjectDocumentation;
  readonly history: readonly ProjectChange[];
  readonly createdAt: string;
  readonly updatedAt: string;

  constructor(record: ProjectRecord, site: ProjectSite) {
    this.name = record.name;
    this.type = record.type;
    this.status = record.status;
    this.description = record.description;
    this.owner = record.owner;
    this.version = record.version;
    this.template = record.template;
    this.path = site.path;
    this.workflows = site.workflows ?? [];
    this.warnings = site.warnings ?? [];
    this.config = record.config;
    this.tags = record.tags;
    this.documentation = record.documentation;
    this.history = record.history;
    this.createdAt = record.createdAt;
    this.updatedAt = record.updatedAt;
  }

  /** Reads a record, or what `toJSON` gave, of a project that lies in `folder`; every fault at once. */
  static read(raw: unknown, folder: string): ProjectReading {
    const format = typeof raw === 'object' && raw !== null ? Reflect.get(raw, 'format') : undefined;
    if (typeof format === 'number' && format > FORMAT) {
      const message = `the record was written by a newer version (format ${format}, known up to ${FORMAT}); use that one`;
      return { kind: 'faulty', faults: [{ code: 'PROJECT_CORRUPT', message, path: '$.format' }] };
    }
    const reading = readBySchema(RECORD, raw);
    if (reading.kind === 'sound') {
      return { kind: 'sound', project: new Project(recordOf(reading.content), { path: folder }) };
    }
    const faults = reading.faults.map(({ place, message }) => {
      return { code: 'PROJECT_CORRUPT', message, path: formatJsonPath(place) };
    });
    return { kind: 'faulty', faults };
  }

  /**
   * A project from its record, or from what `toJSON` gave; it lies in `folder`, whatever the JSON says.
   * @throws RuntimeError PROJECT_CORRUPT with details.faults
   */
  static fromJSON(raw: unknown, folder: string): Project {
    const reading = Project.read(raw, folder);
    if (reading.kind === 'sound') return reading.project;
    const { faults } = reading;
    const list = faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new RuntimeError('PROJECT_CORRUPT', `this is no record of a project: ${list}; correct it`, {
      details: { folder, faults },
    });
  }

  /** The project with other values in its record. */
  with(changes: Partial<ProjectRecord>): Project {
    return new Project({ ...this.toRecord(), ...changes }, this);
  }

  /** The project as it would be somewhere else. */
  at(site: ProjectSite): Project {
    return new Project(this.toRecord(), site);
  }

  /** What is written to the project's folder. */
  toRecord(): ProjectRecord & { readonly format: number } {
    const { path: _path, workflows: _workflows, warnings: _warnings, ...record }: ProjectJson = this;
    return { format: FORMAT, ...record };
  }

  toJSON(): ProjectJson {
    const { format: _, ...record } = this.toRecord();
    return { ...record, path: this.path, workflows: this.workflows, warnings: this.warnings };
  }
}

/** What is wrong with a text about a project, as it would go on after its name; undefined for a sound one. */
export function textFault(value: string): string | undefined {
  const { textLength } = PROJECT_LIMITS;
  if (value.length > textLength)
    return `must have at most ${textLength} characters, and has ${value.length}; shorten it`;
  if (value.includes('\0')) return 'must not have a NUL in it; remove it';
  return value.isWellFormed() ? undefined : 'must be whole characters; half of one is in it';
}

const text = () =>
  z.string(must('a string')).refine((value) => textFault(value) === undefined, {
    error: ({ input }) => textFault(String(input)) ?? 'is faulty',
  });
const stamp = () => z.iso.datetime(must('a time such as 2030-01-31T12:00:00.000Z'));
const status = () => z.enum(ProjectStatus, must(`one of ${Object.values(ProjectStatus).join(', ')}`));

const DOCUMENTATION = z.strictObject({
  nestedDocs: z
    .array(
      z
        .string(must('a string'))
        .regex(/^(?!\/)(?!.*(?:^|\/)\.{0,2}(?:\/|$))[^\0\\]+$/u, must('a relative folder without . and ..')),
    )
    .max(PROJECT_LIMITS.nestedDocs),
  links: z.strictObject({ enabled: z.boolean(), parentLink: z.boolean(), childLinks: z.boolean() }),
  variables: z.record(z.string(), text()),
});

const RECORD = z.object({
  format: z.literal(FORMAT, must(String(FORMAT))).optional(),
  name: z
    .string(must('a string'))
    .refine((name) => nameFault(name) === undefined, { error: ({ input }) => nameFault(String(input)) ?? 'is faulty' }),
  type: z.enum(ProjectType, must(`one of ${Object.values(ProjectType).join(', ')}`)),
  status: status(),
  description: text(),
  owner: text(),
  version: text(),
  template: text(),
  config: jsonObject(),
  tags: z.array(text(), must('a list of strings')).max(PROJECT_LIMITS.tags, must('a list of at most 100 strings')),
  documentation: DOCUMENTATION,
  history: z.array(
    z.strictObject({ status: status(), at: stamp(), reason: text().optional() }),
    must('a list of changes'),
  ),
  createdAt: stamp(),
  updatedAt: stamp(),
});

// Optional members are left out rather than undefined.
function recordOf({ format: _, history, ...rest }: z.output<typeof RECORD>): ProjectRecord {
  return {
    ...rest,
    history: history.map(({ status: each, at, reason }) => ({
      status: each,
      at,
      ...(reason === undefined ? {} : { reason }),
    })),
  };
}
