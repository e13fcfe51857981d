// Owns version 1 of the journal's tables. What was released is never changed: a later form is a later file.

/**
 * A chunk holds the facts of one run that were committed together: lines of sequence, space, JSON. Chunks of a batch
 * overlap in their sequences, those of different batches do not. `crc` is the CRC-32 of the body.
 */
export const JOURNAL_TABLES = `
  CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), last_sequence INTEGER NOT NULL, last_run INTEGER NOT NULL);
  INSERT INTO progress VALUES (1, 0, 0);

  CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    kind TEXT,
    is_open INTEGER NOT NULL,
    ended_at_ms REAL,
    definition TEXT,
    record TEXT
  );
  CREATE INDEX open_runs ON runs (number) WHERE is_open = 1;
  CREATE INDEX runs_by_definition ON runs (definition) WHERE definition IS NOT NULL;

  CREATE TABLE chunks (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    run INTEGER NOT NULL,
    size INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX chunks_by_run ON chunks (run, first);

  CREATE TABLE definitions (key TEXT NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (key, part));

  CREATE TABLE artifacts (run INTEGER NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (run, hash)) WITHOUT ROWID;
  CREATE INDEX artifacts_by_hash ON artifacts (hash);
  CREATE TABLE orphans (hash TEXT PRIMARY KEY) WITHOUT ROWID;
`;
