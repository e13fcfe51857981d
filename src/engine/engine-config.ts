// Owns the configuration of an engine: what may be set, what holds when nothing is, where files of settings are found.
// Order: what the caller gives, then config/default.json of the current folder, then the defaults below.

import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { SupervisorOptions } from '../actors/supervisor.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ExecutionMode, ResourceType } from '../domain/statuses.ts';

const positiveCount = z.int().min(1);

const resourceSchema = z.strictObject({
  id: z.string().min(1),
  type: z.enum(ResourceType),
  capacity: z.number().min(0),
  granularity: z.number().positive().optional(),
  refillPeriodMs: z.number().positive().nullable().optional(),
});

const retentionSchema = z.strictObject({
  maxAgeMs: z.number().positive().optional(),
  maxRuns: z.int().min(0).optional(),
  maxTasks: z.int().min(0).optional(),
});

const configSchema = z.strictObject({
  $schema: z.string().optional(),
  workflowsDir: z.string().min(1).optional(),
  tasksDirs: z.array(z.string().min(1)).optional(),
  projectsDir: z.string().min(1).optional(),
  templatesDir: z.string().min(1).optional(),
  documentTemplatesDir: z.string().min(1).optional(),
  mcp: z.strictObject({ allowCommands: z.boolean().optional() }).optional(),
  dataDir: z.string().min(1).optional(),
  maxWorkers: positiveCount.max(128).optional(),
  durability: z.enum(['full', 'normal', 'none']).optional(),
  resume: z.enum(['auto', 'manual']).optional(),
  maxRecoveries: z.int().min(0).optional(),
  retention: retentionSchema.optional(),
  resources: z.array(resourceSchema).optional(),
  defaultMode: z.enum(ExecutionMode).optional(),
  ageingMs: z.number().positive().optional(),
  planBudgetMs: z.number().min(0).max(60_000).optional(),
  cancelGraceMs: z.number().min(0).optional(),
  threadHeapMb: z.number().min(32).optional(),
  maxInlineTasks: positiveCount.optional(),
  taskMachine: z.enum(['compiled', 'interpreted']).optional(),
  inspect: z.custom<Inspector>((value) => typeof value === 'function', 'must be a function').optional(),
});

/** What `OrchestrationEngine.create` takes; each key has a default that serves. */
export interface EngineConfig {
  /** Folder whose `*.json` are loaded as workflows; default `config/workflows/production`. */
  readonly workflowsDir?: string | undefined;
  /** Folders of task modules, first hit wins; default `['tasks']`. */
  readonly tasksDirs?: readonly string[] | undefined;
  /** Folder of projects; default `projects`. */
  readonly projectsDir?: string | undefined;
  /** Folder of one's own project templates, looked through before the built-in ones; default `config/templates/projects`. */
  readonly templatesDir?: string | undefined;
  /** Folder of one's own templates of documents; default `config/templates/documents`. */
  readonly documentTemplatesDir?: string | undefined;
  /** What is offered to agents over MCP. */
  readonly mcp?: McpConfig | undefined;
  /** Folder of the journal and of artifacts, default `.yardmaster`; `':memory:'` keeps nothing. */
  readonly dataDir?: string | undefined;
  /** Threads, 1…128; default: what this machine can run at once. */
  readonly maxWorkers?: number | undefined;
  /**
   * What a reported result survives: `full` (default) a loss of power, `normal` the end of the process by any means,
   * `none` nothing for sure: facts are written behind, the last moments may be lost.
   */
  readonly durability?: 'full' | 'normal' | 'none' | undefined;
  /** Whether runs that an earlier engine left unfinished in the data folder go on at once (default) or wait for `resumeRun`. */
  readonly resume?: 'auto' | 'manual' | undefined;
  /** How often a run is taken up after a crash before it is parked as failed; default 100, 0 = never taken up. */
  readonly maxRecoveries?: number | undefined;
  /** How long ended runs stay on record. */
  readonly retention?: RetentionConfig | undefined;
  /** Resources besides the three defaults, or other capacities for these. */
  readonly resources?: readonly ResourceConfig[] | undefined;
  readonly defaultMode?: ExecutionMode | undefined;
  /**
   * A task that has waited so many milliseconds counts as one priority level better, after twice that two, and so on;
   * default 30,000. What is always overtaken starts after at most four times that.
   */
  readonly ageingMs?: number | undefined;
  /**
   * Milliseconds of search for a better order of a resource_aware run before it starts, default 20, and never more than a
   * hundredth of the run's longest path; trying the result may take twice that again. 0 = longest remaining path first.
   */
  readonly planBudgetMs?: number | undefined;
  /** Milliseconds between asking a task to stop and terminating its thread; default 250. */
  readonly cancelGraceMs?: number | undefined;
  /** Heap limit of a thread, in MB, from 32; default 1024. Buffers do not count. */
  readonly threadHeapMb?: number | undefined;
  /** Inline tasks at once; default 64. */
  readonly maxInlineTasks?: number | undefined;
  /** How task actors run: `compiled` (default) or by XState's interpreter, whose microsteps an inspector can see. */
  readonly taskMachine?: 'compiled' | 'interpreted' | undefined;
  /** Told of every actor, event and snapshot of the tree, as XState's `inspect` is; what it throws is ignored. */
  readonly inspect?: Inspector | undefined;
}

/** Limits on what comes in over MCP. */
export interface McpConfig {
  /** Whether steps of `core.command`, which start programs of this machine, are accepted; default false. */
  readonly allowCommands?: boolean | undefined;
}

/** An observer of XState's inspection events. */
export type Inspector = NonNullable<SupervisorOptions['inspect']>;

/** Bounds on what is kept of ended runs; the runs beyond them are forgotten with their artifacts. */
export interface RetentionConfig {
  /** Default 30 days. */
  readonly maxAgeMs?: number | undefined;
  /** Workflow runs, default 10,000. */
  readonly maxRuns?: number | undefined;
  /** Single tasks, default 100,000. */
  readonly maxTasks?: number | undefined;
}

export interface ResourceConfig {
  readonly id: string;
  readonly type: ResourceType;
  readonly capacity: number;
  readonly granularity?: number | undefined;
  /**
   * Milliseconds after which a granted unit comes back by itself; null = it is given back. Default: 60,000 for
   * `api_quota`, null for other types.
   */
  readonly refillPeriodMs?: number | null | undefined;
}

export interface ResolvedConfig {
  readonly workflowsDir: string;
  readonly tasksDirs: readonly string[];
  readonly projectsDir: string;
  readonly templatesDir: string;
  readonly documentTemplatesDir: string;
  readonly mcp: { readonly allowCommands: boolean };
  readonly dataDir: string;
  readonly inMemory: boolean;
  readonly maxWorkers: number;
  readonly durability: 'full' | 'normal' | 'none';
  readonly resume: 'auto' | 'manual';
  readonly maxRecoveries: number;
  readonly retention: { readonly maxAgeMs: number; readonly maxRuns: number; readonly maxTasks: number };
  readonly resources: readonly ResourceConfig[];
  readonly defaultMode: ExecutionMode;
  readonly ageingMs: number;
  readonly planBudgetMs: number;
  readonly cancelGraceMs: number;
  readonly threadHeapMb: number | undefined;
  readonly maxInlineTasks: number;
  readonly taskMachine: 'compiled' | 'interpreted';
  readonly inspect: Inspector | undefined;
}

const THIRTY_DAYS_MS = 30 * 24 * 60 * 60 * 1_000;
/** The data folder that is none: nothing is kept. */
export const IN_MEMORY = ':memory:';
const CONFIG_FILE = 'config/default.json';

/** Completes and checks a configuration; paths become absolute. @throws RuntimeError CONFIG_INVALID */
export function resolveConfig(given: EngineConfig = {}, folder: string = process.cwd()): ResolvedConfig {
  const config = { ...readConfigFile(resolve(folder, CONFIG_FILE)), ...parseConfig(given, 'the given configuration') };
  const dataDir = config.dataDir ?? '.yardmaster';
  return {
    workflowsDir: resolve(folder, config.workflowsDir ?? 'config/workflows/production'),
    tasksDirs: (config.tasksDirs ?? ['tasks']).map((dir) => resolve(folder, dir)),
    projectsDir: resolve(folder, config.projectsDir ?? 'projects'),
    templatesDir: resolve(folder, config.templatesDir ?? 'config/templates/projects'),
    documentTemplatesDir: resolve(folder, config.documentTemplatesDir ?? 'config/templates/documents'),
    mcp: { allowCommands: config.mcp?.allowCommands ?? false },
    inMemory: dataDir === IN_MEMORY,
    dataDir: dataDir === IN_MEMORY ? dataDir : resolve(folder, dataDir),
    maxWorkers: config.maxWorkers ?? Math.min(128, availableParallelism()),
    durability: config.durability ?? 'full',
    resume: config.resume ?? 'auto',
    maxRecoveries: config.maxRecoveries ?? 100,
    retention: {
      maxAgeMs: config.retention?.maxAgeMs ?? THIRTY_DAYS_MS,
      maxRuns: config.retention?.maxRuns ?? 10_000,
      maxTasks: config.retention?.maxTasks ?? 100_000,
    },
    resources: config.resources ?? [],
    defaultMode: config.defaultMode ?? ExecutionMode.RESOURCE_AWARE,
    ageingMs: config.ageingMs ?? 30_000,
    planBudgetMs: config.planBudgetMs ?? 20,
    cancelGraceMs: config.cancelGraceMs ?? 250,
    threadHeapMb: config.threadHeapMb,
    maxInlineTasks: config.maxInlineTasks ?? 64,
    // Whoever looks sees microsteps too, unless he says otherwise.
    taskMachine: config.taskMachine ?? (config.inspect === undefined ? 'compiled' : 'interpreted'),
    inspect: config.inspect,
  };
}

function readConfigFile(path: string): EngineConfig {
  if (!existsSync(path)) return {};
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new RuntimeError('CONFIG_INVALID', `${path} cannot be read as JSON: ${String(cause)}; correct or remove it`, {
      cause,
      details: { file: path },
    });
  }
  return parseConfig(content, path);
}

function parseConfig(content: unknown, source: string): EngineConfig {
  const result = configSchema.safeParse(content);
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`);
    throw new RuntimeError('CONFIG_INVALID', `${source}: ${faults.join('; ')}`, { details: { source, faults } });
  }
  const { $schema: _, ...config } = result.data;
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}
