// Mutants of the engine: each is the engine with one deliberate fault, in a copy of the source, and the seeds must find
// it and name what is broken. One whose text is not in the source any more fails here, so that none rots unseen.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Mutant, SourceCopy } from '../support/source-copy.ts';
import { INVARIANTS, type Invariant } from './violation.ts';

/** Seeds that the sound engine passes and every mutant is given. */
const SEEDS = 400;
const COMMAND = ['test/simulation/run-seeds.ts', '--from', '1', '--count', String(SEEDS)];

interface EngineMutant extends Mutant {
  /** What may be named; the first that a seed happens to meet is. */
  readonly breaks: readonly Invariant[];
}

const MUTANTS: readonly EngineMutant[] = [
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
  let copy: SourceCopy;

  beforeAll(() => {
    copy = new SourceCopy('test/simulation', 'test/support');
  });

  afterAll(() => copy.remove());

  it('leave the sound engine unharmed: its copy passes', () => {
    expect(copy.run(...COMMAND)).toEqual({ status: 0, stderr: '' });
  }, 120_000);

  it.each(MUTANTS)(
    'are found: $name',
    (mutant) => {
      const { status, stderr } = copy.runMutant(mutant, ...COMMAND);
      const named = /^seed \d+: ([a-z-]+): /m.exec(stderr)?.[1];
      expect({ status, named }).toEqual({ status: 1, named: expect.toBeOneOf([...mutant.breaks]) });
      expect(Object.keys(INVARIANTS)).toContain(named);
      expect(stderr).toContain('replay: node test/simulation/run-seeds.ts --seed ');
    },
    120_000,
  );
});
