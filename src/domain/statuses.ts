// Owns the closed sets of words that Yardmaster's users see: statuses, modes, priorities and kinds.
// Each is an `as const` object (upper-case keys) plus the union of its values; no behaviour lives here.

/** Life of a session. */
export const SessionStatus = {
  PENDING: 'pending',
  ACTIVE: 'active',
  COMPLETED: 'completed',
  CANCELLED: 'cancelled',
  FAILED: 'failed',
} as const satisfies Record<string, string>;
export type SessionStatus = (typeof SessionStatus)[keyof typeof SessionStatus];

/** Life of one task of a run, or of one submitted task. */
export const TaskStatus = {
  PENDING: 'pending',
  BLOCKED: 'blocked',
  READY: 'ready',
  RUNNING: 'running',
  RETRYING: 'retrying',
  CANCELLING: 'cancelling',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  SKIPPED: 'skipped',
} as const satisfies Record<string, string>;
export type TaskStatus = (typeof TaskStatus)[keyof typeof TaskStatus];

/** Life of a workflow run. */
export const WorkflowStatus = {
  PENDING: 'pending',
  RUNNING: 'running',
  PAUSED: 'paused',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
} as const satisfies Record<string, string>;
export type WorkflowStatus = (typeof WorkflowStatus)[keyof typeof WorkflowStatus];

/** Outcome of one task given to a ParallelExecutor. */
export const ExecutionStatus = {
  PENDING: 'pending',
  RUNNING: 'running',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TIMEOUT: 'timeout',
} as const satisfies Record<string, string>;
export type ExecutionStatus = (typeof ExecutionStatus)[keyof typeof ExecutionStatus];

/** How the dispatcher orders the ready tasks of a run. */
export const ExecutionMode = {
  SEQUENTIAL: 'sequential',
  PARALLEL: 'parallel',
  PRIORITY: 'priority',
  RESOURCE_AWARE: 'resource_aware',
} as const satisfies Record<string, string>;
export type ExecutionMode = (typeof ExecutionMode)[keyof typeof ExecutionMode];

/** Priority levels; a lower number goes first. */
export const TaskPriority = {
  CRITICAL: 0,
  HIGH: 1,
  NORMAL: 2,
  LOW: 3,
  BACKGROUND: 4,
} as const satisfies Record<string, number>;
export type TaskPriority = (typeof TaskPriority)[keyof typeof TaskPriority];

/** The lower-case names of the priority levels, index = level. */
export const PRIORITY_NAMES = ['critical', 'high', 'normal', 'low', 'background'] as const;
export type PriorityName = (typeof PRIORITY_NAMES)[number];

/** The name of a priority level; that of `normal` for a number that is none. */
export function priorityName(level: number): PriorityName {
  return PRIORITY_NAMES[level] ?? 'normal';
}

/** What a resource is; informs people, the guard treats all alike. */
export const ResourceType = {
  COMPUTE: 'compute',
  MEMORY: 'memory',
  STORAGE: 'storage',
  NETWORK: 'network',
  API_QUOTA: 'api_quota',
  DATABASE: 'database',
  CUSTOM: 'custom',
  FILE_HANDLE: 'file_handle',
  THREAD: 'thread',
  PROCESS: 'process',
  LOCK: 'lock',
} as const satisfies Record<string, string>;
export type ResourceType = (typeof ResourceType)[keyof typeof ResourceType];

/** State of a resource; only `maintenance` and `offline` are set by people, the others follow from its use. */
export const ResourceStatus = {
  AVAILABLE: 'available',
  ALLOCATED: 'allocated',
  BUSY: 'busy',
  MAINTENANCE: 'maintenance',
  OFFLINE: 'offline',
  DEPLETED: 'depleted',
  UNKNOWN: 'unknown',
} as const satisfies Record<string, string>;
export type ResourceStatus = (typeof ResourceStatus)[keyof typeof ResourceStatus];

/** Life of a project. */
export const ProjectStatus = {
  PLANNING: 'planning',
  ACTIVE: 'active',
  PAUSED: 'paused',
  COMPLETED: 'completed',
  ARCHIVED: 'archived',
  FAILED: 'failed',
} as const satisfies Record<string, string>;
export type ProjectStatus = (typeof ProjectStatus)[keyof typeof ProjectStatus];

/** What a project is for; decides which template it is made from where none is named. */
export const ProjectType = {
  AI_ANALYSIS: 'ai_analysis',
  WEB_APPLICATION: 'web_application',
  DATA_PIPELINE: 'data_pipeline',
  ML_MODEL: 'ml_model',
  DOCUMENTATION: 'documentation',
  RESEARCH: 'research',
  CUSTOM: 'custom',
} as const satisfies Record<string, string>;
export type ProjectType = (typeof ProjectType)[keyof typeof ProjectType];
