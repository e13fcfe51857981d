// Every machine walked once more, with the effects that the engine gives it: real dispatch loop, journals, capacity guard,
// threads, sessions, runs and tasks. Where the real parts never go is listed here, with the reason, and nowhere else.

import { describe, expect, it } from 'vitest';
import { liveDispatcher } from './live-dispatcher.ts';
import { liveMemoryJournal, liveSqliteJournal, MEMORY_CLOSES } from './live-journal.ts';
import { liveProject } from './live-project.ts';
import { liveResourceManager } from './live-resource-manager.ts';
import { liveSession } from './live-session.ts';
import { liveTask, TASK_REFUSALS } from './live-task.ts';
import { coverageLine, type LiveCase, walkLive } from './live-walk.ts';
import { liveWorkerPool, POOL_REFUSALS } from './live-worker-pool.ts';
import { liveWorkflow } from './live-workflow.ts';
import { edgesOf, statesOf } from './machine-walk.ts';

/** A live case with all that it cannot show: transitions that no real part takes, and ways that it does not go. */
interface Expected {
  readonly live: LiveCase;
  readonly missing?: Readonly<Record<string, readonly string[]>>;
  readonly refused?: readonly string[];
  /** Events that in an engine the real parts send, and at another moment than the path's. */
  readonly byHand?: readonly string[];
}

const EXPECTED: readonly Expected[] = [
  // The loop runs in one state only; a crash heard in another one is from a call on its way out.
  { live: liveDispatcher, byHand: ['held on dispatch.crash', 'draining on dispatch.crash'] },
  {
    live: liveMemoryJournal,
    missing: { 'closing on journal.failed[0]': [MEMORY_CLOSES] },
    refused: [MEMORY_CLOSES],
    byHand: ['open on journal.failed'],
  },
  { live: liveSqliteJournal, byHand: ['open on journal.failed'] },
  { live: liveProject },
  { live: liveResourceManager },
  { live: liveSession },
  // Before its start only a run that is taken up again has a deadline: it is sent by the session then.
  { live: liveWorkflow, byHand: ['pending on run.deadline', 'held on run.deadline'] },
  { live: liveTask, refused: Object.values(TASK_REFUSALS) },
  {
    live: liveWorkerPool,
    missing: { 'ready on pool.died[0]': [POOL_REFUSALS.unheard] },
    refused: Object.values(POOL_REFUSALS),
  },
];

describe.each(EXPECTED.map((each) => [each.live.name, each] as const))('%s with its real parts', (_name, expected) => {
  it('goes every path, ends where it should, has its effects and leaves nothing', { timeout: 120_000 }, async () => {
    const { live, missing = {}, refused = [], byHand = [] } = expected;
    const coverage = await walkLive(live);
    process.stdout.write(coverageLine(live, coverage));
    for (const [reason, paths] of coverage.refused) process.stdout.write(`  ${paths} paths not gone: ${reason}\n`);
    expect(Object.fromEntries(coverage.missing)).toEqual(missing);
    expect([...coverage.refused.keys()].sort()).toEqual([...refused].sort());
    if (coverage.byHand.size > 0) process.stdout.write(`  sent by hand: ${[...coverage.byHand].join(', ')}\n`);
    expect([...coverage.byHand].sort()).toEqual([...byHand].sort());
    const { machine } = live.machine;
    expect(coverage.transitions.size + coverage.missing.size).toBe(edgesOf(machine).length);
    expect([...coverage.judged].sort()).toEqual(statesOf(machine).sort());
  });
});
