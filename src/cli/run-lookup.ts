// Owns how people name a recorded run: `latest`, an id, or the start of one.

import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { RunArchive, RunHistory, RunRecord } from '../engine/run-archive.ts';

/** The newest run, by this name instead of an id. */
const LATEST = 'latest';
/** Ids that the engine makes begin like this; people may leave it out. */
const ID_HEAD = 'run-';
const MOST_LISTED_IDS = 5;

/**
 * The run of an id, of the unique start of an id, or the newest one for `latest`.
 * @throws RuntimeError RUN_NOT_FOUND, with what may have been meant
 */
export function findRun(archive: RunArchive, wanted: string, folder: string): RunRecord {
  if (wanted === LATEST) {
    const [newest] = archive.runs({ kind: 'workflow', limit: 1 });
    if (newest !== undefined) return newest;
    throw new RuntimeError('RUN_NOT_FOUND', `there is no run yet, in ${folder}; start one with \`yardmaster run\``);
  }
  const exact = archive.run(wanted);
  if (exact !== undefined) return exact;
  // Single tasks are named by their whole id: there may be a great many of them.
  const records = archive.runs({ kind: 'workflow' });
  const starts = [wanted, `${ID_HEAD}${wanted}`];
  const matches = records.filter(({ runId }) => wanted !== '' && starts.some((start) => runId.startsWith(start)));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  throw matches.length > 1 ? ambiguous(wanted, matches) : unknown(wanted, records, folder);
}

/** A run that can be steered: a single task belongs to the program that submitted it. @throws RuntimeError RUN_NOT_FOUND */
export function findWorkflowRun(archive: RunArchive, wanted: string, folder: string): RunRecord {
  const record = findRun(archive, wanted, folder);
  if (record.kind === 'workflow') return record;
  throw new RuntimeError(
    'RUN_NOT_FOUND',
    `${quoteName(wanted)} is a single task and no run; the program that submitted it has it in its hands`,
  );
}

function ambiguous(wanted: string, matches: readonly RunRecord[]): RuntimeError {
  const ids = matches.slice(0, MOST_LISTED_IDS).map(({ runId }) => runId);
  const more = matches.length > ids.length ? ', …' : '';
  return new RuntimeError(
    'RUN_NOT_FOUND',
    `${matches.length} runs begin with ${quoteName(wanted)}: ${ids.join(', ')}${more}; give more of the id`,
  );
}

function unknown(wanted: string, records: readonly RunRecord[], folder: string): RuntimeError {
  const near = new NearNames(records.map(({ runId }) => runId)).nearest(wanted);
  return new RuntimeError(
    'RUN_NOT_FOUND',
    `no run has the id ${quoteName(wanted)}${suggestion(near)}, in ${folder}; \`yardmaster runs\` lists them`,
  );
}

/** All that is recorded of a run that was found. @throws RuntimeError RUN_NOT_FOUND when it was forgotten meanwhile */
export function requireHistory(archive: RunArchive, runId: string): RunHistory {
  const history = archive.history(runId);
  if (history !== undefined) return history;
  throw new RuntimeError(
    'RUN_NOT_FOUND',
    `run '${runId}' was forgotten a moment ago; \`yardmaster runs\` lists what is left`,
  );
}
