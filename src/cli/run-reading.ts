// Owns reading what is known of one recorded run: its facts, its graph, and what a live engine says of tasks that wait.

import type { RunArchive, RunHistory, RunRecord } from '../engine/run-archive.ts';
import { type CompiledWorkflow, compileWorkflow } from '../engine/workflow-compiler.ts';
import { requireHistory } from './run-lookup.ts';
import { type RunStanding, standingOf } from './run-standing.ts';
import { type RunTimeline, timelineOf } from './run-timeline.ts';

export interface KnownRun {
  readonly timeline: RunTimeline;
  /** null for a single task, and where the definition is not on record any more. */
  readonly workflow: CompiledWorkflow | null;
}

/** All that is known of a run at the moment. @throws RuntimeError RUN_NOT_FOUND, JOURNAL_CORRUPT */
export async function readRun(archive: RunArchive, record: RunRecord, nowMs: number): Promise<KnownRun> {
  // Before the record is read: what starts in between is known to have started.
  const heard = isLive(standingOf(record, archive.isHeld(record))) ? await archive.waits(record) : new Map();
  const history = requireHistory(archive, record.runId);
  const standing = standingOf(history.record, archive.isHeld(history.record));
  const workflow = workflowOf(archive, history);
  return { timeline: timelineOf(history, workflow, standing, nowMs, heard), workflow };
}

// A paused run and an ended one are told by their record alone.
function isLive(standing: RunStanding): boolean {
  return standing === 'running' || standing === 'pending';
}

function workflowOf(archive: RunArchive, { origin }: RunHistory): CompiledWorkflow | null {
  if (origin.type !== 'run.created') return null;
  const definition = archive.definition(origin.definition);
  const compilation = definition === undefined ? undefined : compileWorkflow(definition);
  return compilation?.kind === 'compiled' ? compilation.workflow : null;
}
