// Owns version 2 of the journal's tables: how long the steps of each workflow took. What was released is never changed.

/**
 * A row a workflow: its name as JSON, the number of its latest recording, and what duration-codec.ts makes of its history.
 * No fact is in it: without the row, or with a damaged one, nothing is known of the workflow's steps.
 */
export const DURATION_TABLE = `
  CREATE TABLE durations (
    workflow TEXT PRIMARY KEY,
    recorded INTEGER NOT NULL,
    size INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    steps TEXT NOT NULL,
    seconds BLOB NOT NULL
  ) STRICT;
  CREATE INDEX durations_by_age ON durations (recorded, size);
`;
