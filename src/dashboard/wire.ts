// Owns what crosses between the dashboard's server and its page: documents that are asked for, frames of the stream, and
// actions, each as a schema. Both sides take it from here, so that neither can say what the other does not understand.
// Large runs travel as columns: an array for each property, the same index for the same task.
// It imports no Node built-in and nothing that needs one: it runs in the browser too.

import * as z from 'zod/mini';

/** States of a task, by the code under which they cross. */
export const TASK_STATES = [
  'pending',
  'blocked',
  'ready',
  'running',
  'retrying',
  'cancelling',
  'completed',
  'failed',
  'cancelled',
  'skipped',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** How attempts end, by the code under which they cross. `killed`: its thread was terminated. */
export const ATTEMPT_OUTCOMES = ['running', 'completed', 'failed', 'cancelled', 'interrupted', 'killed'] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** How a run stands: its status, or what became of one that nobody has in hand. */
export const RUN_STANDINGS = [
  'pending',
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'parked',
  'suspended',
  'interrupted',
] as const;
export type RunStanding = (typeof RUN_STANDINGS)[number];

const json = z.unknown();
/** Epoch milliseconds. */
const time = z.number();
const optionalTime = z.nullable(time);
const index = z.int().check(z.gte(0));

/** An error as people see it. */
export const wireError = z.object({
  code: z.string(),
  message: z.string(),
  /** The rest of it (stack, details, cause) as text; null = there is no more. */
  more: z.nullable(z.string()),
});
export type WireError = z.infer<typeof wireError>;

/** A refusal or fault of the server: the body of every answer that is not 2xx. */
export const wireFault = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

// --- what the page is looking at

/** What the server is and may do; the first thing that a page asks for. */
export const welcome = z.object({
  version: z.string(),
  /** `live`: an engine in the server's own process; `record`: the journal of a data folder; `trace`: a recorded file. */
  source: z.enum(['live', 'record', 'trace']),
  /** The data folder or the file, for people; `:memory:` too. */
  place: z.string(),
  /** What `POST /api/actions` takes at the moment. */
  actions: z.array(z.string()),
  /** Epoch milliseconds of the server, for pages whose clock is another. */
  now: time,
  /** Of the process that has the engine; null = none has. */
  enginePid: z.nullable(z.number()),
});
export type Welcome = z.infer<typeof welcome>;

// --- runs

/** One row of the list of runs. */
export const runSummary = z.object({
  runId: z.string(),
  kind: z.enum(['workflow', 'task']),
  /** The workflow's name, or the task's. */
  workflow: z.string(),
  standing: z.enum(RUN_STANDINGS),
  steps: z.number(),
  /** Tasks by how they ended; null where counting them would be dear. */
  ends: z.nullable(z.object({ completed: z.number(), failed: z.number(), skipped: z.number(), cancelled: z.number() })),
  createdAt: time,
  startedAt: optionalTime,
  endedAt: optionalTime,
  recoveries: z.number(),
  rerunOf: z.nullable(z.string()),
  /** Why it was cancelled, timed out or parked. */
  reason: z.nullable(z.string()),
});
export type RunSummary = z.infer<typeof runSummary>;

/** `GET /api/runs?standing=&search=&skip=&limit=&kind=`; newest first. */
export const runsPage = z.object({
  runs: z.array(runSummary),
  /** How many match in all. */
  total: z.number(),
  /** Runs of the place by standing, whatever the filter. */
  counts: z.record(z.string(), z.number()),
});
export type RunsPage = z.infer<typeof runsPage>;

/** `GET /api/runs/:runId` */
export const runDocument = z.object({
  summary: runSummary,
  /** Grows with every change; frames say from which version they go on. */
  version: z.number(),
  mode: z.string(),
  /** null = as many as there are threads. */
  maxParallel: z.nullable(z.number()),
  /** null = none. */
  deadlineAt: optionalTime,
  sessionId: z.string(),
  description: z.nullable(z.string()),
  parameters: json,
  cancelRequested: z.nullable(z.string()),
  /** Why nobody goes on with it; null = nothing holds it. */
  heldBecause: z.nullable(z.string()),
  moments: z.array(z.object({ type: z.string(), at: time, detail: z.nullable(z.string()) })),
  /** False: the definition is not on record any more; there are tasks without edges then. */
  hasDefinition: z.boolean(),
  tasks: z.object({
    names: z.array(z.string()),
    /** `module.action`, by index into `actionNames`. */
    actions: z.array(index),
    actionNames: z.array(z.string()),
    /** Edges as rows: the dependencies of task i are `dependencies[offsets[i] … offsets[i + 1]]`. */
    offsets: z.array(index),
    dependencies: z.array(index),
    /** Execution level of each task, from 0. */
    levels: z.array(index),
    states: z.array(index),
    /** Indexes of the tasks on the critical path, in order. */
    criticalPath: z.array(index),
    /** Attempts begun. */
    attempts: z.array(z.number()),
    /** 0 … 1 while it runs and says so; -1 = it does not. */
    progress: z.array(z.number()),
    priorities: z.array(z.number()),
  }),
});
export type RunDocument = z.infer<typeof runDocument>;

/** One attempt as a bar: a tuple, since there are ten thousands of them. Times are milliseconds after `origin`. */
export const timelineBar = z.tuple([
  /** Which bar this is: a later row with the same number replaces it. */
  z.number(),
  /** Task index of the run's document. */
  z.number(),
  z.number(),
  /** Lane index. */
  z.number(),
  /** When the task was ready for this attempt. */
  z.number(),
  z.number(),
  /** -1 = it still runs. */
  z.number(),
  /** Index into ATTEMPT_OUTCOMES. */
  z.number(),
]);
/** [bar, task, attempt, lane, readyMs, startMs, endMs, outcome] */
export type TimelineBar = z.infer<typeof timelineBar>;

export const timelineLane = z.object({
  label: z.string(),
  /** `thread`: a worker thread; `inline`: the main loop; `packed`: no thread is on record, packed without overlaps. */
  kind: z.enum(['thread', 'inline', 'packed']),
});

/** `GET /api/runs/:runId/timeline` */
export const timelineDocument = z.object({
  version: z.number(),
  /** Epoch milliseconds: 0 of the bars. */
  origin: time,
  /** Now, or the end of the run, in milliseconds after `origin`. */
  end: z.number(),
  isLive: z.boolean(),
  lanes: z.array(timelineLane),
  bars: z.array(timelineBar),
  /** Stretches in which nobody had the run in hand, in milliseconds after `origin`. */
  gaps: z.array(z.object({ from: z.number(), to: z.number() })),
});
export type TimelineDocument = z.infer<typeof timelineDocument>;

/** `GET /api/runs/:runId/plan`: how the run would go in simulation; times in milliseconds after the run's start. */
export const planDocument = z.object({
  makespanMs: z.number(),
  lowerBoundMs: z.number(),
  /** What durations come from, for people. */
  note: z.string(),
  /** [task index, thread (-1 = none), startMs, endMs, slackMs] */
  rows: z.array(z.tuple([z.number(), z.number(), z.number(), z.number(), z.number()])),
});
export type PlanDocument = z.infer<typeof planDocument>;

// --- one task

export const wireAttempt = z.object({
  attempt: z.number(),
  startedAt: time,
  endedAt: optionalTime,
  outcome: z.enum(ATTEMPT_OUTCOMES),
  /** null = not on record; 0 = on the main loop. */
  threadId: z.nullable(z.number()),
  error: z.nullable(wireError),
});

/** A value as JSON text, cut where it is long. */
export const wireValue = z.object({ text: z.string(), isCut: z.boolean(), characters: z.number() });

export const logLine = z.object({
  at: z.string(),
  kind: z.string(),
  message: z.string(),
  fields: z.nullable(z.string()),
});

/** One step of the way of a statechart: an event, and the state after it. */
export const pathStep = z.object({
  at: time,
  /** null for the first: the initial state. */
  event: z.nullable(z.string()),
  state: z.string(),
});
export type PathStep = z.infer<typeof pathStep>;

/** `GET /api/runs/:runId/task?name=` */
export const taskDocument = z.object({
  runId: z.string(),
  name: z.string(),
  /** Grows with every change of the task. */
  version: z.number(),
  state: z.enum(TASK_STATES),
  module: z.string(),
  action: z.string(),
  priority: z.string(),
  resources: z.record(z.string(), z.number()),
  dependencies: z.array(z.object({ name: z.string(), state: z.enum(TASK_STATES) })),
  dependents: z.array(z.object({ name: z.string(), state: z.enum(TASK_STATES) })),
  attempts: z.array(wireAttempt),
  maxAttempts: z.nullable(z.number()),
  timeoutMs: z.nullable(z.number()),
  /** As written in the workflow, references unresolved; null = none. */
  input: z.nullable(wireValue),
  /** null while it has none. */
  output: z.nullable(wireValue),
  error: z.nullable(wireError),
  /** Why it was cancelled or skipped. */
  reason: z.nullable(z.string()),
  adoptedFrom: z.nullable(z.string()),
  progress: z.nullable(z.object({ fraction: z.number(), message: z.nullable(z.string()) })),
  /** Why it waits, in a sentence; null when it does not, or nobody knows. */
  waiting: z.nullable(z.object({ kind: z.string(), message: z.string(), since: optionalTime })),
  logs: z.object({
    lines: z.array(logLine),
    omitted: z.number(),
    /** ISO 8601: earlier lines are not kept; null = the source keeps no logs. */
    since: z.nullable(z.string()),
  }),
  statechart: z.object({
    /** For `GET /api/statecharts/:name`. */
    machine: z.string(),
    /** The state it is in, as the machine names it; null = its actor has not come to life. */
    current: z.nullable(z.string()),
    path: z.array(pathStep),
    /** Steps before those shown. */
    omitted: z.number(),
  }),
});
export type TaskDocument = z.infer<typeof taskDocument>;

/** `GET /api/statecharts` gives `{names}`, `GET /api/statecharts/:name` this. */
export const statechartDocument = z.object({
  name: z.string(),
  initial: z.string(),
  states: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['atomic', 'compound', 'parallel', 'final', 'history']),
      initial: z.boolean(),
      entry: z.array(z.string()),
      exit: z.array(z.string()),
    }),
  ),
  transitions: z.array(
    z.object({
      event: z.string(),
      from: z.string(),
      to: z.string(),
      guard: z.nullable(z.string()),
      actions: z.array(z.string()),
    }),
  ),
  events: z.array(z.string()),
  definition: json,
});
export type StatechartDocument = z.infer<typeof statechartDocument>;

// --- the engine as a whole

export const resourceDocument = z.object({
  id: z.string(),
  type: z.string(),
  status: z.string(),
  capacity: z.number(),
  current: z.number(),
  peak: z.number(),
  available: z.number(),
  waiting: z.number(),
  allocations: z.number(),
});
export type ResourceDocument = z.infer<typeof resourceDocument>;

/** One moment of the engine; also a frame of the stream. */
export const systemSample = z.object({
  at: time,
  /** In use, by resource. */
  use: z.record(z.string(), z.number()),
  waiting: z.record(z.string(), z.number()),
  busyThreads: z.number(),
  aliveThreads: z.number(),
  running: z.number(),
  /** By priority level: critical, high, normal, low, background. */
  queue: z.array(z.number()),
  waitingForCapacity: z.number(),
  /** Of the main thread, milliseconds since the sample before. */
  loopDelayMeanMs: z.number(),
  loopDelayP99Ms: z.number(),
  rssBytes: z.number(),
  heapUsedBytes: z.number(),
  completedTasks: z.number(),
});
export type SystemSample = z.infer<typeof systemSample>;

/** `GET /api/system`; null for what only a live engine knows. */
export const systemDocument = z.object({
  health: z.nullable(
    z.object({
      status: z.enum(['healthy', 'degraded', 'unhealthy']),
      components: z.record(z.string(), z.object({ status: z.string(), detail: z.string() })),
    }),
  ),
  uptimeMs: z.nullable(z.number()),
  resources: z.array(resourceDocument),
  threads: z.array(
    z.object({ threadId: z.number(), state: z.string(), completed: z.number(), task: z.nullable(z.string()) }),
  ),
  /** The last minutes, oldest first, evenly spaced. */
  samples: z.array(systemSample),
  sampleEveryMs: z.number(),
  /** Why there is nothing to see, with what to do; null when there is. */
  absent: z.nullable(z.string()),
});
export type SystemDocument = z.infer<typeof systemDocument>;

/** One actor of the tree; children of a registry beyond the first are counted, not sent. */
export interface TreeNode {
  readonly id: string;
  readonly kind: 'supervisor' | 'registry' | 'machine' | 'actor';
  /** The state of its machine, or its status. */
  readonly state: string;
  /** Of `GET /api/statecharts/:name`; null = it is none of the machines. */
  readonly machine: string | null;
  /** Since the engine started. */
  readonly restarts: number;
  readonly lastCrash: { readonly at: number; readonly message: string } | null;
  /** For a session, run or task: what people know it by. */
  readonly label: string | null;
  readonly runId: string | null;
  readonly children: readonly TreeNode[];
  readonly moreChildren: number;
}
export const treeNode: z.ZodMiniType<TreeNode> = z.object({
  id: z.string(),
  kind: z.enum(['supervisor', 'registry', 'machine', 'actor']),
  state: z.string(),
  machine: z.nullable(z.string()),
  restarts: z.number(),
  lastCrash: z.nullable(z.object({ at: time, message: z.string() })),
  label: z.nullable(z.string()),
  runId: z.nullable(z.string()),
  get children() {
    return z.array(treeNode);
  },
  moreChildren: z.number(),
});

/** `GET /api/tree` */
export const treeDocument = z.object({
  /** null = no engine in this process. */
  root: z.nullable(treeNode),
  strategy: z.nullable(z.string()),
  /** Restarts and crashes of late, newest first. */
  crashes: z.array(z.object({ at: time, child: z.string(), type: z.string(), message: z.string() })),
  absent: z.nullable(z.string()),
});
export type TreeDocument = z.infer<typeof treeDocument>;

// --- actions

/** `POST /api/actions`; the answer is an `ActionAnswer`. */
export const actionRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cancel'),
    runId: z.string(),
    reason: z.optional(z.string().check(z.maxLength(500))),
  }),
  z.strictObject({ kind: z.literal('cancel-task'), runId: z.string(), task: z.string() }),
  z.strictObject({ kind: z.literal('pause'), runId: z.string() }),
  z.strictObject({ kind: z.literal('resume'), runId: z.string() }),
  z.strictObject({ kind: z.literal('release'), runId: z.string() }),
  z.strictObject({ kind: z.literal('rerun'), runId: z.string(), fromFailed: z.boolean() }),
  z.strictObject({ kind: z.literal('set-capacity'), resourceId: z.string(), capacity: z.number() }),
]);
export type ActionRequest = z.infer<typeof actionRequest>;
export type ActionKind = ActionRequest['kind'];

export const actionAnswer = z.object({
  message: z.string(),
  /** Of a new run; null = there is none. */
  runId: z.nullable(z.string()),
});
export type ActionAnswer = z.infer<typeof actionAnswer>;

// --- the stream: `GET /api/stream?run=&timeline=1&task=&topics=runs,system,tree`, server-sent events
//
// `event: task` is the document of the task that was asked for, at most five times a second; `event: tree` the document of
// the tree when it changed, at most once a second.

/** `event: open`: the first of each connection. What was fetched before may be old: fetch it again. */
export const openFrame = z.object({ now: time });

/** `event: runs`: rows that are new or changed, at most five times a second. */
export const runsFrame = z.object({
  changed: z.array(runSummary),
  total: z.number(),
  counts: z.record(z.string(), z.number()),
});
export type RunsFrame = z.infer<typeof runsFrame>;

/** `event: run`: what changed of the run that was asked for, at most ten times a second. A gap in versions: fetch it again. */
export const runFrame = z.object({
  runId: z.string(),
  from: z.number(),
  to: z.number(),
  summary: runSummary,
  cancelRequested: z.nullable(z.string()),
  /** [task index, state, attempts, progress], flat: four numbers a task. */
  tasks: z.array(z.number()),
  /** Only with `timeline=1`. */
  bars: z.array(timelineBar),
  lanes: z.array(timelineLane),
});
export type RunFrame = z.infer<typeof runFrame>;

/** `event: system`: once a sample. */
export const systemFrame = z.object({
  sample: systemSample,
  resources: z.array(resourceDocument),
  threads: systemDocument.shape.threads,
  health: systemDocument.shape.health,
});
export type SystemFrame = z.infer<typeof systemFrame>;

/** `event: gone`: the server is on its way out; what it says is for people. */
export const goneFrame = z.object({ message: z.string() });
