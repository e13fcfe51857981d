// Owns a recorded run as a graph: the state, attempts and time of each task beside its dependencies, and the path that
// decided how long the run took. Pure; how it is drawn is the notations' and the picture's.

import { criticalPath } from '../dag/critical-path.ts';
import { type NotationLook, toDot, toMermaid } from '../dag/graph-notation.ts';
import type { TaskGraph } from '../dag/task-graph.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { TaskStatus } from '../domain/statuses.ts';
import { type RecordedCourse, recordedCourse } from '../engine/simulation/step-durations.ts';
import type { CompiledWorkflow } from '../engine/workflow-compiler.ts';
import { durationText } from './duration-text.ts';
import { type GraphState, STATE_LOOKS } from './graph-marks.ts';
import type { KnownRun } from './run-reading.ts';
import type { RunTimeline, TimelineTask } from './run-timeline.ts';

export interface RunGraphTask {
  readonly name: string;
  /** `module.action` */
  readonly action: string;
  readonly state: GraphState;
  readonly attempts: number;
  /** From the first attempt to the end, stretches without an engine left out; null while it has not ended. */
  readonly durationMs: number | null;
  readonly critical: boolean;
}

export interface RunGraph {
  readonly graph: TaskGraph;
  readonly title: string;
  /** The run's standing, how far it is, how long it took. */
  readonly subtitle: string;
  readonly timeline: RunTimeline;
  readonly tasks: readonly RunGraphTask[];
  /** Indexes of tasks, in order. */
  readonly criticalPath: readonly number[];
}

/** The graph of a run that is on record. @throws RuntimeError WORKFLOW_NOT_FOUND when its definition is not */
export function runGraphOf({ timeline, workflow }: KnownRun): RunGraph {
  const { record } = timeline.history;
  if (workflow === null) {
    throw new RuntimeError(
      'WORKFLOW_NOT_FOUND',
      `the definition of run '${record.runId}' is not on record any more, so that it has no graph; \`yardmaster show ${record.runId}\` tells of its tasks`,
      { details: { runId: record.runId, workflow: record.workflow } },
    );
  }
  const { graph, definition } = workflow;
  const { durations } = recordedCourse(workflow, timeline.history);
  const path = decisivePath(timeline, workflow, durations);
  const known = new Map(timeline.tasks.map((task) => [task.name, task]));
  const onPath = new Set(path);
  const tasks = graph.names.map((name, index): RunGraphTask => {
    const task = known.get(name);
    const step = definition.steps[index];
    const hasRun = task !== undefined && task.attempts.length > 0 && task.waiting === null;
    return {
      name,
      action: step === undefined ? '' : `${step.module}.${step.action}`,
      state: stateOf(task),
      attempts: task?.attempts.length ?? 0,
      durationMs: hasRun ? Math.round((durations[index]?.seconds ?? 0) * 1_000) : null,
      critical: onPath.has(index),
    };
  });
  return { graph, title: record.workflow, subtitle: subtitleOf(timeline), timeline, tasks, criticalPath: path };
}

/**
 * The chain of tasks that held up the end: the longest path by what was recorded. Tasks that never ran take no time, so
 * that of a run under way it is the path so far.
 */
function decisivePath(
  timeline: RunTimeline,
  workflow: CompiledWorkflow,
  durations: RecordedCourse['durations'],
): number[] {
  const weights = Float64Array.from(durations, ({ seconds, isKnown }) => (isKnown ? seconds : 0));
  const hasRun = (node: number): boolean => {
    const name = workflow.graph.names[node] ?? '';
    return (timeline.history.tasks.get(name)?.attempts.length ?? 0) > 0;
  };
  return criticalPath(workflow.graph, weights).path.filter(hasRun);
}

function stateOf(task: TimelineTask | undefined): GraphState {
  if (task === undefined) return TaskStatus.PENDING;
  if (task.waiting !== null && task.history?.cancelRequested) return TaskStatus.CANCELLING;
  if (task.status !== 'pending') return task.status;
  if (task.awaits.length > 0) return TaskStatus.BLOCKED;
  return task.wait === null || task.wait.reason.kind === 'run-pending' ? TaskStatus.PENDING : TaskStatus.READY;
}

function subtitleOf({ standing, counts, axis, history }: RunTimeline): string {
  const joint = history.record.endedAtMs === null ? 'after' : 'in';
  const time = durationText(axis.endMs - axis.startMs);
  return `${standing} ${joint} ${time} · ${counts.completed} of ${counts.total} completed · run ${history.record.runId}`;
}

/** What stands under the name of a task: attempts where there was more than one, and its time. */
export function noteOf({ attempts, durationMs }: RunGraphTask): string {
  const parts = attempts > 1 ? [`${attempts} attempts`] : [];
  if (durationMs !== null) parts.push(durationText(durationMs));
  return parts.join(' · ');
}

/** A Mermaid flowchart with a class for each state. */
export function runMermaid(run: RunGraph): string {
  return toMermaid(run.graph, lookOf(run));
}

/** The same for Graphviz. */
export function runDot(run: RunGraph): string {
  return toDot(run.graph, lookOf(run));
}

/** The run as one object: what `graph --format json` gives of a workflow, with what became of each task. */
export function runGraphJson({ graph, timeline, tasks, criticalPath: path }: RunGraph) {
  const { record } = timeline.history;
  return {
    runId: record.runId,
    workflow: record.workflow,
    status: timeline.standing,
    criticalPath: path.map((index) => graph.names[index] ?? ''),
    tasks: tasks.map((task, index) => ({ ...task, dependencies: dependenciesOf(graph, index) })),
  };
}

/** Names of the tasks that a task needs, in file order. */
export function dependenciesOf(graph: TaskGraph, index: number): string[] {
  const row = graph.dependencies.subarray(graph.dependencyOffsets[index], graph.dependencyOffsets[index + 1]);
  return Array.from(row, (dependency) => graph.names[dependency] ?? '');
}

function lookOf({ tasks, criticalPath: path }: RunGraph): NotationLook {
  const next = new Map(path.map((node, place) => [node, path[place + 1]]));
  return {
    noteOf: (index) => {
      const task = tasks[index];
      return task === undefined ? '' : [task.state, noteOf(task)].filter((text) => text !== '').join(' · ');
    },
    styleOf: (index) => {
      const state = tasks[index]?.state ?? TaskStatus.PENDING;
      const { fill, light, dashed } = STATE_LOOKS[state];
      return { name: state, fill, stroke: light, dashed: dashed === true };
    },
    isThick: (dependency, dependent) => next.get(dependency) === dependent,
  };
}
