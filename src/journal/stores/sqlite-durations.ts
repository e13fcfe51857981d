// Owns the table of durations: reads a workflow's history for either side, and adds recordings on the writer thread.
// Derived data: nothing that is wrong with it is anybody's failure. What cannot be read is empty, what cannot be written is
// lost, and the facts go on. Bounded: 2,000 workflows and 64 MB, the ones recorded longest ago forgotten.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { decodeHistory, encodeHistory } from '../duration-codec.ts';
import { DurationHistory, type DurationRecording } from '../duration-history.ts';
import { numberIn, textIn } from './sqlite-rows.ts';
import type { WriterStore } from './sqlite-writer-store.ts';

const MAX_WORKFLOWS = 2_000;
const MAX_BYTES = 64 * 1_048_576;
/** No recording has a higher number; a damaged one must not take all numbers. */
const LAST_NUMBER = 2 ** 52;

/** Finds what `storedHistory` reads. */
export const FIND_DURATIONS = 'SELECT recorded, crc, steps, seconds FROM durations WHERE workflow = ?';

const KEEP =
  'INSERT OR REPLACE INTO durations (workflow, recorded, size, crc, steps, seconds) VALUES (?, ?, ?, ?, ?, ?)';

export interface RecordedHistory {
  /** The number of the latest recording in it; 0 = it is empty. */
  readonly recorded: number;
  readonly history: DurationHistory;
}

/** The key of a workflow: JSON, because SQLite keeps no text that is not well-formed Unicode. */
function keyOf(workflow: string): string {
  return JSON.stringify(workflow);
}

/** What the file has of a workflow; `find` prepares FIND_DURATIONS, also in vain. Never throws. */
export function storedHistory(find: () => StatementSync, workflow: string): RecordedHistory {
  try {
    const row = find().get(keyOf(workflow));
    if (row !== undefined && row.seconds instanceof Uint8Array) {
      const { seconds } = row;
      const [recorded, crc] = [numberIn(row, 'recorded'), numberIn(row, 'crc')];
      const history = decodeHistory({ recorded, steps: textIn(row, 'steps'), seconds, crc });
      if (history !== undefined) return { recorded, history };
    }
  } catch {
    // A damaged row, or a file of a version without the table.
  }
  return { recorded: 0, history: new DurationHistory() };
}

/** The highest number that a recording in the file has; 0 when none can be read. */
export function lastRecordingIn(database: DatabaseSync): number {
  try {
    const text = 'SELECT coalesce(max(recorded), 0) AS last FROM durations WHERE recorded BETWEEN 1 AND ?';
    return numberIn(database.prepare(text).get(LAST_NUMBER), 'last');
  } catch {
    return 0;
  }
}

/** Adds recordings, in their order and each once, in one transaction; never throws. */
export function keepRecordings(store: WriterStore, recordings: readonly DurationRecording[]): void {
  try {
    store.inLooseTransaction(() => {
      const { database } = store;
      const find = database.prepare(FIND_DURATIONS);
      const keep = database.prepare(KEEP);
      const byWorkflow = Map.groupBy(recordings, ({ workflow }) => workflow);
      for (const [workflow, added] of byWorkflow) keepHistory({ find, keep }, workflow, added);
      forgetOldest(database);
    });
  } catch {
    // Lost. Whatever is wrong with the file is told of by the next facts.
  }
}

interface Statements {
  readonly find: StatementSync;
  readonly keep: StatementSync;
}

function keepHistory({ find, keep }: Statements, workflow: string, added: readonly DurationRecording[]): void {
  const { recorded, history } = storedHistory(() => find, workflow);
  let last = recorded;
  for (const recording of added) {
    // It is there already, from before a crash of the thread.
    if (recording.number <= last) continue;
    history.take(recording);
    last = recording.number;
  }
  if (last === recorded) return;
  const { steps, seconds, crc } = encodeHistory(last, history);
  keep.run(keyOf(workflow), last, steps.length + seconds.length, crc, steps, seconds);
}

function forgetOldest(database: DatabaseSync): void {
  const total = database.prepare('SELECT count(*) AS workflows, total(size) AS bytes FROM durations').get();
  let workflows = numberIn(total, 'workflows');
  let bytes = numberIn(total, 'bytes');
  if (workflows <= MAX_WORKFLOWS && bytes <= MAX_BYTES) return;
  const forget: StatementSync = database.prepare('DELETE FROM durations WHERE workflow = ?');
  for (const row of database.prepare('SELECT workflow, size FROM durations ORDER BY recorded').all()) {
    if (workflows <= 1 || (workflows <= MAX_WORKFLOWS && bytes <= MAX_BYTES)) break;
    forget.run(textIn(row, 'workflow'));
    workflows -= 1;
    bytes -= numberIn(row, 'size');
  }
}
