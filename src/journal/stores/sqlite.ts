// Owns the opening of the journal on SQLite: the lock, the writer thread, the reading connection and the inbox of a data
// directory, all of them or none.

import type { Clock } from '../../domain/clock.ts';
import type { Journal } from '../journal.ts';
import type { RequestInbox } from '../run-requests.ts';
import { journalFiles, makeDataDir } from './sqlite-files.ts';
import { openReadOnly } from './sqlite-inspection.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { lockDataDir } from './sqlite-lock.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { openRequestInbox } from './sqlite-requests.ts';
import { JournalWriter, type WriterListener } from './sqlite-writer.ts';
import type { Durability } from './sqlite-writer-protocol.ts';

export interface SqliteJournalOptions {
  /** Absolute; made when it is not there. */
  readonly dataDir: string;
  /** What `durable` promises; see `Durability`. */
  readonly durability: Durability;
  readonly clock: Clock;
}

/** A journal that other processes can read and leave requests at. */
export type DurableJournal = Journal & { readonly requests: RequestInbox };

/**
 * Opens the journal of a data directory, makes it where there is none, and keeps the directory for this engine alone.
 * @throws RuntimeError DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE, JOURNAL_CORRUPT, JOURNAL_NEWER, JOURNAL_WRITE_FAILED
 */
export async function openSqliteJournal({ dataDir, durability, clock }: SqliteJournalOptions): Promise<DurableJournal> {
  const files = journalFiles(dataDir);
  makeDataDir(dataDir);
  const lock = lockDataDir(files, clock.now());
  const undo: (() => void | Promise<void>)[] = [() => lock.release()];
  try {
    let journal: WriterListener | undefined;
    const writer = new JournalWriter({ dataDir, durability }, files.journal, {
      written: (last) => journal?.written(last),
      recorded: (last) => journal?.recorded(last),
      restarted: (death) => journal?.restarted(death),
      failed: (error) => journal?.failed(error),
    });
    undo.push(() => writer.close());
    const progress = await writer.started;
    const reader = new SqliteReader(openReadOnly(files), files.journal);
    undo.push(() => reader.close());
    const requests = openRequestInbox(dataDir, clock);
    const release = () => {
      requests.close();
      lock.release();
    };
    const opened = new SqliteJournal({ reader, writer, progress, durability, release });
    journal = opened;
    return Object.assign(opened, { requests });
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}
