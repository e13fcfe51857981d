// Checks the way from one version of the file to the next: in order, each step once, each as a whole.

import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { migrate, versionOf } from '../../../src/journal/stores/sqlite-migrator.ts';

const STEPS = ['CREATE TABLE a (x); INSERT INTO a VALUES (1)', 'ALTER TABLE a ADD COLUMN y', 'UPDATE a SET y = x + 1'];

describe('migrations', () => {
  it('bring a file of any older version to the newest, each step once', () => {
    for (let from = 0; from <= STEPS.length; from++) {
      const database = new DatabaseSync(':memory:');
      migrate(database, 'f', STEPS.slice(0, from));
      expect(versionOf(database)).toBe(from);
      migrate(database, 'f', STEPS);
      migrate(database, 'f', STEPS);
      expect(versionOf(database)).toBe(3);
      expect(database.prepare('SELECT * FROM a').all()).toEqual(
        [{ x: 1, y: 2 }].map((row) => expect.objectContaining(row)),
      );
      database.close();
    }
  });

  it('leave the file at the last good version when a step fails', () => {
    const database = new DatabaseSync(':memory:');
    const broken = [STEPS[0] ?? '', 'CREATE TABLE b (x); nonsense'];
    expect(() => migrate(database, 'f', broken)).toThrow(/syntax/);
    expect(versionOf(database)).toBe(1);
    expect(database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'b'").get()).toMatchObject({ n: 0 });
    migrate(database, 'f', STEPS);
    expect(versionOf(database)).toBe(3);
    database.close();
  });

  it('refuse a version that is not known', () => {
    const database = new DatabaseSync(':memory:');
    migrate(database, 'f', STEPS);
    const newer = expect.objectContaining({ code: 'JOURNAL_NEWER', details: { file: 'f', version: 3, known: 1 } });
    expect(() => migrate(database, 'f', STEPS.slice(0, 1))).toThrow(newer);
    database.close();
  });
});
