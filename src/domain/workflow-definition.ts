// Owns the checked, normalised form of a workflow that the engine runs; files and API calls are parsed into it.
// Times are milliseconds here (seconds stand in files only). Instances are frozen and shared, never changed.

import type { ConcurrencyLimit } from './concurrency-limit.ts';
import type { JsonObject } from './json-value.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { ExecutionMode, ResourceType, TaskPriority } from './statuses.ts';

/** A resource that a workflow brings along; registered when the workflow is first run. */
export interface ResourceDeclaration {
  readonly id: string;
  readonly type: ResourceType;
  readonly capacity: number;
  /** Smallest amount, default 1; capacity must be a whole multiple. */
  readonly granularity: number;
  /** A granted unit comes back by itself this long after its grant; null = when its holder gives it back. */
  readonly refillPeriodMs: number | null;
}

/** One step of a workflow. */
export interface StepDefinition {
  readonly name: string;
  readonly module: string;
  readonly action: string;
  readonly parameters: JsonObject;
  /** Declared ones; those from references come on top (see `stepDependencies`). */
  readonly dependencies: readonly string[];
  /** Per attempt; null = no limit. */
  readonly timeoutMs: number | null;
  /** Whole task: all attempts and the waits between them, from the start of the first attempt; null = no limit. */
  readonly totalTimeoutMs: number | null;
  /** Longest silence of an attempt, in heartbeats and progress; null = no limit. */
  readonly heartbeatTimeoutMs: number | null;
  readonly retry: RetryPolicy;
  readonly priority: TaskPriority;
  /** Amounts by resource id, granted all or nothing before the task starts. */
  readonly resources: Readonly<Record<string, number>>;
  /** Its key may hold `{{params.x}}`; null = no limit of this kind. */
  readonly concurrency: ConcurrencyLimit | null;
  /** CEL; null = always. */
  readonly runIf: string | null;
  readonly required: boolean;
  readonly estimatedSeconds: number | null;
}

export interface WorkflowDefinition {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** null = the session's or engine's default. */
  readonly mode: ExecutionMode | null;
  /** null = as many as there are threads. */
  readonly maxParallel: number | null;
  /** Whole run; null = no limit. */
  readonly timeoutMs: number | null;
  readonly parameters: JsonObject;
  readonly resources: readonly ResourceDeclaration[];
  readonly steps: readonly StepDefinition[];
}

/** One fault of a workflow: what, where (a JSON path such as `$.steps[2].priority`), and under which code. */
export interface WorkflowFault {
  readonly code: string;
  readonly message: string;
  readonly path: string;
  /** 1-based line in the file, where one is known. */
  readonly line?: number;
}
