// Mutants of the engine: each is the engine with one deliberate fault, in a copy of the source, and the seeds must find
// it and name what is broken. One whose text is not in the source any more fails here, so that none rots unseen.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INVARIANTS, type Invariant } from './violation.ts';

/** Seeds that the sound engine passes and every mutant is given. */
const SEEDS = 400;

interface Mutant {
  readonly name: string;
  /** Under src. */
  readonly file: string;
  readonly text: string;
  readonly mutated: string;
  /** What may be named; the first that a seed happens to meet is. */
  readonly breaks: readonly Invariant[];
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'results are reported before they are durable',
    file: 'actors/workflow-run.ts',
    text: 'this.#chronicle.ended(endedAtMs, status, reason, this.timedOut).then(tell, () => {});',
    mutated:
      'this.#chronicle.ended(endedAtMs, status, reason, this.timedOut).catch(() => {}); Promise.resolve().then(tell);',
    breaks: ['reported-early'],
  },
  {
    name: 'completed tasks are not restored and run again',
    file: 'actors/run-restoration.ts',
    text: 'const how = endOfTask(task);',
    mutated: "const how = task.status === 'completed' ? null : endOfTask(task);",
    breaks: ['completed-runs-again', 'fold-differs', 'ended-whole'],
  },
  {
    name: 'dependents are released when the last but one dependency ends',
    file: 'scheduling/run-frontier.ts',
    text: 'if (remaining === 0 && this.#states[dependent] === PENDING)',
    mutated: 'if (remaining <= 1 && this.#states[dependent] === PENDING)',
    breaks: ['dependency-order'],
  },
  {
    name: 'capacity does not come back from a dead thread',
    file: 'actors/task-runner.ts',
    text: '    record.threadId = outcome.threadId;\n',
    mutated:
      "    record.threadId = outcome.threadId;\n    if (outcome.kind === 'failed' && outcome.error.code === 'THREAD_EXITED') Object.assign(record, { request: null });\n",
    breaks: ['capacity-left', 'capacity-granted', 'every-run-ends'],
  },
  {
    name: 'a recovery does not count the attempts that it interrupts',
    file: 'journal/run-history.ts',
    text: "      case 'run.recovered':\n        this.#interruptAll(fact.atMs);\n",
    mutated: "      case 'run.recovered':\n",
    breaks: ['fold-differs'],
  },
  {
    name: 'a retry that waited for its time starts at once in the next life',
    file: 'actors/run-restoration.ts',
    text: "dueMs: task.status === 'retrying' ? task.dueMs : null",
    mutated: 'dueMs: null',
    breaks: ['backoff-held'],
  },
  {
    name: 'the total time-out begins anew in each life',
    file: 'actors/run-restoration.ts',
    text: 'expiresAtMs: task.expiresAtMs',
    mutated: 'expiresAtMs: null',
    breaks: ['total-deadline'],
  },
  {
    name: 'a cancellation on record is forgotten in the next life',
    file: 'actors/workflow-run.ts',
    text: "else if (cancelRequested) this.actor.send({ type: 'run.cancel', reason: cancelRequested.reason });",
    mutated: '',
    breaks: ['cancelled-starts', 'cancelled-completes', 'fold-differs'],
  },
];

describe('mutants of the engine', () => {
  const root = join(import.meta.dirname, '../..');
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'yardmaster-mutants-'));
    for (const part of ['src', 'test/simulation']) cpSync(join(root, part), join(folder, part), { recursive: true });
    cpSync(join(root, 'package.json'), join(folder, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function runSeeds() {
    const command = ['test/simulation/run-seeds.ts', '--from', '1', '--count', String(SEEDS)];
    const { status, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
    return { status, stderr };
  }

  it('leave the sound engine unharmed: its copy passes', () => {
    expect(runSeeds()).toEqual({ status: 0, stderr: '' });
  }, 120_000);

  it.each(MUTANTS)(
    'are found: $name',
    ({ file, text, mutated, breaks }) => {
      const path = join(folder, 'src', file);
      const sound = readFileSync(path, 'utf8');
      expect(sound.split(text)).toHaveLength(2);
      writeFileSync(
        path,
        sound.replace(text, () => mutated),
      );
      try {
        const { status, stderr } = runSeeds();
        const named = /^seed \d+: ([a-z-]+): /m.exec(stderr)?.[1];
        expect({ status, named }).toEqual({ status: 1, named: expect.toBeOneOf([...breaks]) });
        expect(Object.keys(INVARIANTS)).toContain(named);
        expect(stderr).toContain('replay: node test/simulation/run-seeds.ts --seed ');
      } finally {
        writeFileSync(path, sound);
      }
    },
    120_000,
  );
});
