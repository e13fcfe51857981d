// Owns the making of a run's picture from what is on record of it, in a live engine or in an archive alike.

import type { TaskGraph } from '../dag/task-graph.ts';
import type { StepDefinition, WorkflowDefinition } from '../domain/workflow-definition.ts';
import type { RunHistory } from '../engine/run-archive.ts';
import { type Holding, RunModel } from './run-model.ts';
import { RunShape } from './run-shape.ts';

/** Where recorded runs can be read. */
export interface RunReader {
  /** @throws RuntimeError JOURNAL_CORRUPT */
  history(runId: string): RunHistory | undefined;
  /** Of the run's own definition; undefined when it is not on record any more. @throws RuntimeError JOURNAL_CORRUPT */
  definitionOf(history: RunHistory): WorkflowDefinition | undefined;
  /** Seconds by step, from earlier runs of the workflow. */
  durationsOf(workflow: string): ReadonlyMap<string, number>;
  /** The definition's graph, where somebody has made it already. */
  graphOf?(definition: WorkflowDefinition): TaskGraph | undefined;
  holdingOf(history: RunHistory): Holding;
}

/** More changes than a picture ever has. */
const VERSIONS_EACH = 1e9;

/** Versions of pictures, so that those of a later one are always beyond those of the ones before: pages count on it. */
export class PictureVersions {
  #pictures = 0;

  next(): number {
    return ++this.#pictures * VERSIONS_EACH;
  }
}

/** The picture of a run, of its history if that has been read; undefined when it is not on record. @throws RuntimeError JOURNAL_CORRUPT */
export function readRun(
  reader: RunReader,
  runId: string,
  versions: PictureVersions,
  history: RunHistory | undefined = reader.history(runId),
): RunModel | undefined {
  if (history === undefined) return undefined;
  const holding = reader.holdingOf(history);
  const { record, origin } = history;
  const life = {
    record,
    isHeld: holding.isHeld,
    mode: origin.type === 'run.created' ? origin.mode : 'parallel',
    maxParallel: origin.type === 'run.created' ? origin.maxParallel : 1,
    parameters: origin.parameters,
  };
  const model = new RunModel(shapeOf(reader, history), life, versions.next());
  model.takeHistory(history, holding);
  return model;
}

function shapeOf(reader: RunReader, history: RunHistory): RunShape {
  const { origin, record } = history;
  if (origin.type === 'task.submitted') {
    const { task: name, module, action, priority } = origin;
    return RunShape.ofTasks([{ name, action: `${module}.${action}`, priority }], true);
  }
  const definition = reader.definitionOf(history);
  if (definition === undefined) return RunShape.ofTasks([], false);
  const durations = reader.durationsOf(record.workflow);
  const expected = ({ name }: StepDefinition) => durations.get(name);
  return RunShape.ofWorkflow(definition, { expected, graph: reader.graphOf?.(definition) });
}
