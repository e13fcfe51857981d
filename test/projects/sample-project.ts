// Owns projects for the tests of documents: a folder with a workflow, a task module and a few folders, and its record.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Project, type ProjectRecord } from '../../src/projects/project.ts';
import { createTestFolder } from '../support/test-folder.ts';

const RECORD: ProjectRecord = {
  name: 'sample',
  type: 'data_pipeline',
  status: 'planning',
  description: 'Adds numbers up',
  owner: 'Ada',
  version: '1.0.0',
  template: 'data_pipeline',
  config: {},
  tags: [],
  documentation: {
    nestedDocs: ['tasks', 'data', 'data/raw', 'data/output', 'config/workflows/production', 'notes'],
    links: { enabled: true, parentLink: true, childLinks: true },
    variables: {},
  },
  history: [],
  createdAt: '2026-02-03T04:05:06.000Z',
  updatedAt: '2026-02-03T04:05:06.000Z',
};

const WORKFLOW = {
  name: 'add-up',
  description: 'Adds up both halves',
  parameters: { limit: 10 },
  resources: [{ id: 'desk', type: 'custom', capacity: 2 }],
  steps: [
    { name: 'left', module: 'sums', action: 'add', parameters: { upTo: '{{params.limit}}' }, resources: { desk: 1 } },
    { name: 'right', module: 'sums', action: 'add', parameters: { upTo: '{{params.from}}' }, max_retries: 2 },
    {
      name: 'join',
      module: 'sums',
      action: 'join',
      parameters: { parts: ['{{left.output}}', '{{right.output}}'] },
      run_if: 'params.limit > 1',
      required: false,
    },
  ],
};

const MODULE = `// Adds numbers. It is small.
import type { TaskContext } from 'yardmaster';

interface AddParameters {
  /** Last number. Counted too. */
  upTo: number;
  from?: number;
}

/** Adds all numbers of a range, e.g. of 1 to 10. Slow on purpose. */
export async function add({ upTo, from = 1 }: AddParameters, context: TaskContext) {
  return upTo + from;
}

/** Joins \`parts\` | sums. */
export const join = (parameters: { parts: number[] }) => parameters.parts.length;
`;

/** What a sample has that is not usual. */
export interface SampleChanges {
  readonly record?: Partial<ProjectRecord>;
  readonly workflow?: object;
  readonly module?: string;
  /** More files, by relative path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Gone with the test where left out. */
  readonly folder?: string;
}

/** A project on disk; its documents are not written. */
export function createSampleProject(changes: SampleChanges = {}): Project {
  const folder = changes.folder ?? createTestFolder();
  const files: Record<string, string> = {
    'config/workflows/production/add-up.json': JSON.stringify({ ...WORKFLOW, ...changes.workflow }),
    'tasks/sums.ts': changes.module ?? MODULE,
    'data/raw/numbers.csv': '1\n2\n',
    'data/output/sum.txt': '3\n',
    'notes/a (draft) [1].txt': 'odd names are linked to as well\n',
    ...changes.files,
  };
  for (const [path, text] of Object.entries(files)) writeFile(folder, path, text);
  const project = new Project({ ...RECORD, ...changes.record }, { path: folder, workflows: ['add-up'] });
  writeFile(folder, '.yardmaster/project.json', JSON.stringify(project.toRecord()));
  return project;
}

/** Writes a file and the folders that it lies in. */
export function writeFile(folder: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}
