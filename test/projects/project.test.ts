// A project and its JSON, there and back, and every fault of a record.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProjectStatus, ProjectType } from '../../src/domain/statuses.ts';
import { Project, type ProjectRecord } from '../../src/projects/project.ts';
import { CREATED_AT, makeProject } from './project-samples.ts';

const words = fc.string({ unit: 'grapheme', maxLength: 40 });
const moment = fc
  .date({ min: new Date(0), max: new Date('2999-01-01'), noInvalidDate: true })
  .map((at) => at.toISOString());
const change = fc.record(
  { status: fc.constantFrom(...Object.values(ProjectStatus)), at: moment, reason: words },
  { requiredKeys: ['status', 'at'] },
);
const records: fc.Arbitrary<Partial<ProjectRecord>> = fc.record({
  type: fc.constantFrom(...Object.values(ProjectType)),
  status: fc.constantFrom(...Object.values(ProjectStatus)),
  description: words,
  owner: words,
  tags: fc.array(words, { maxLength: 5 }),
  history: fc.array(change, { maxLength: 5 }),
  config: fc.dictionary(words, fc.jsonValue({ noUnicodeString: false })) as fc.Arbitrary<ProjectRecord['config']>,
  createdAt: moment,
});

describe('a project', () => {
  it('comes back from its JSON as it was, and from its record', () => {
    fc.assert(
      fc.property(records, (changes) => {
        const project = makeProject(changes);
        const text = JSON.stringify(project);
        const again = Project.fromJSON(JSON.parse(text), project.path);
        // JSON itself writes −0 as 0.
        expect(JSON.stringify(again)).toBe(text);
        expect(Project.fromJSON(JSON.parse(JSON.stringify(project.toRecord())), project.path)).toEqual(again);
      }),
    );
  });

  it('lies where it is read, whatever its JSON says', () => {
    const moved = Project.fromJSON(makeProject().toJSON(), '/elsewhere/x');
    expect(moved.path).toBe('/elsewhere/x');
  });

  it('does not record where it lies nor which workflows it has', () => {
    const record = makeProject()
      .at({ path: '/a', workflows: ['w'], warnings: ['x'] })
      .toRecord();
    expect(Object.keys(record)).not.toContain('path');
    expect(Object.keys(record)).not.toContain('workflows');
    expect(Object.keys(record)).not.toContain('warnings');
  });

  it.each<[string, unknown, string]>([
    ['a record that is no object', 'text', '$'],
    ['null', null, '$'],
    ['a list', [], '$'],
    ['a missing name', { name: undefined }, '$.name'],
    ['a name that no project can have', { name: 'a/b' }, '$.name'],
    ['a text with NUL', { owner: 'a\0' }, '$.owner'],
    ['a tag with half a character', { tags: ['ok', '\ud800'] }, '$.tags[1]'],
    ['an unknown type', { type: 'game' }, '$.type'],
    ['an unknown status', { status: 'lost' }, '$.status'],
    ['a time that is none', { createdAt: 'yesterday' }, '$.createdAt'],
    ['a config that is a list', { config: [] }, '$.config'],
    ['a description that is too long', { description: 'x'.repeat(10_001) }, '$.description'],
    ['a document folder that leads out', { documentation: docs('../x') }, '$.documentation.nestedDocs[0]'],
    [
      'a document folder in the middle of which is ..',
      { documentation: docs('a/../../x') },
      '$.documentation.nestedDocs[0]',
    ],
    ['an absolute document folder', { documentation: docs('/x') }, '$.documentation.nestedDocs[0]'],
    ['a document folder with a slash at its end', { documentation: docs('x/') }, '$.documentation.nestedDocs[0]'],
    ['a history of something else', { history: [{ status: 'active' }] }, '$.history[0].at'],
    ['a format of tomorrow', { format: 2 }, '$.format'],
  ])('is not read from %s', (_what, changes, path) => {
    const raw =
      typeof changes === 'object' && changes !== null && !Array.isArray(changes)
        ? { ...makeProject().toRecord(), ...changes }
        : changes;
    expect(findRecordFaults(raw)).toContainEqual(expect.objectContaining({ path }));
    expect(() => Project.fromJSON(raw, '/a')).toThrow(expect.objectContaining({ code: 'PROJECT_CORRUPT' }));
  });

  it('lists every fault of a record at once', () => {
    const faults = findRecordFaults({ ...makeProject().toRecord(), name: 5, type: 5, updatedAt: 5 });
    expect(faults.map(({ path }) => path)).toEqual(['$.name', '$.type', '$.updatedAt']);
  });

  it('is another one with changed values, and stays what it was', () => {
    const project = makeProject();
    const changed = project.with({ status: ProjectStatus.ACTIVE });
    expect([project.status, changed.status, changed.path]).toEqual(['planning', 'active', project.path]);
    expect(project.createdAt).toBe(CREATED_AT);
  });
});

function findRecordFaults(raw: unknown) {
  const reading = Project.read(raw, '/a');
  return reading.kind === 'faulty' ? reading.faults : [];
}

function docs(folder: string) {
  return { ...makeProject().documentation, nestedDocs: [folder] };
}
