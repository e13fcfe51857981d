// Single tasks across lives of the engine, over a journal in memory: crashed at every fact, or several times at random.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fact } from '../../src/domain/facts.ts';
import type { TaskId } from '../../src/domain/ids.ts';
import { foldRun } from '../../src/journal/run-history.ts';
import { RuntimeHarness, specOf, turn } from './runtime-harness.ts';
import { factsOf, idAt, journalOf, live, nameAt, type PlannedTask, takeUp } from './single-task-lives.ts';

const plans: fc.Arbitrary<PlannedTask[]> = fc
  .array(
    fc.record({
      back: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }),
      failures: fc.integer({ min: 0, max: 3 }),
      maxAttempts: fc.integer({ min: 1, max: 3 }),
      priority: fc.integer({ min: 0, max: 4 }),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .map((drafts) =>
    drafts.map(({ back, ...rest }, place) => ({
      ...rest,
      needs: back.map((steps) => place - steps).filter((needed) => needed >= 0),
    })),
  );

function lifeOn(facts: readonly Fact[], life: number): RuntimeHarness {
  return new RuntimeHarness({ slots: 2, journal: journalOf(facts), life: `life-${life}` });
}

function planSpec(plan: readonly PlannedTask[]) {
  return (name: string) => specOf(name, plan[Number(name.slice(1))]);
}

/** How every task ended, without what depends on time, interruptions and which of several upstreams failed first. */
function results(harness: RuntimeHarness, plan: readonly PlannedTask[]) {
  return plan.map((_, place) => {
    const task = harness.singles.find(idAt(place));
    return [task?.status, task?.output, task?.error?.code, task?.reason?.split(':')[0], task?.isReported];
  });
}

function endsOf(facts: readonly Fact[]): string[] {
  const ends = ['task.completed', 'task.failed', 'task.cancelled', 'task.skipped'];
  return facts.filter(({ type }) => ends.includes(type)).map(({ runId }) => runId);
}

function expectSound(facts: readonly Fact[], plan: readonly PlannedTask[]): void {
  expect(endsOf(facts).sort()).toEqual(plan.map((_, place) => idAt(place)).sort());
  for (const [place, task] of plan.entries()) {
    const own = facts.filter(({ runId }) => runId === idAt(place));
    const attempts = own.flatMap((fact) => (fact.type === 'task.started' ? [fact.attempt] : []));
    expect(attempts).toEqual(attempts.map((_, index) => index + 1));
    const failed = own.filter(({ type }) => type === 'task.retry-scheduled' || type === 'task.failed').length;
    expect(failed).toBeLessThanOrEqual(task.maxAttempts ?? 1);
    expect(own.filter(({ type }) => type === 'task.submitted')).toHaveLength(1);
  }
}

describe('a crash', () => {
  it('at any fact changes no result, repeats no ended task and keeps the count of attempts', async () => {
    let boundaries = 0;
    await fc.assert(
      fc.asyncProperty(plans, fc.nat(), async (plan, seed) => {
        const undisturbed = lifeOn([], 0);
        await live(undisturbed, plan, () => seed);
        const all = factsOf(undisturbed.journal);
        const expected = results(undisturbed, plan);
        expectSound(all, plan);
        for (let kept = 0; kept <= all.length; kept++) {
          boundaries++;
          const before = all.slice(0, kept);
          const harness = lifeOn(before, 1);
          takeUp(harness, kept % 2 === 0 ? 'before' : 'after', planSpec(plan));
          await live(harness, plan, () => seed + kept);
          expect(results(harness, plan)).toEqual(expected);
          expectSound(factsOf(harness.journal), plan);
          const ended = new Set(endsOf(before));
          expect(harness.executor.started.filter(({ runId }) => ended.has(runId))).toEqual([]);
        }
      }),
      { numRuns: 25 },
    );
    expect(boundaries).toBeGreaterThan(200);
  }, 60_000);

  it('that comes again and again changes no result either', async () => {
    await fc.assert(
      fc.asyncProperty(
        plans,
        fc.nat(),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
        async (plan, seed, cuts) => {
          const undisturbed = lifeOn([], 0);
          await live(undisturbed, plan, () => seed);
          let facts: Fact[] = [];
          for (const [life, cut] of [...cuts, 1].entries()) {
            const harness = lifeOn(facts, life + 1);
            const inherited = facts.length;
            takeUp(harness, 'after', planSpec(plan));
            await live(harness, plan, () => seed + life);
            const all = factsOf(harness.journal);
            facts = all.slice(0, inherited + Math.round(cut * (all.length - inherited)));
            if (cut === 1) expect(results(harness, plan)).toEqual(results(undisturbed, plan));
          }
          expectSound(facts, plan);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe('an interrupted task', () => {
  it('is tried again as the next attempt under its id, which is not held against it', async () => {
    const first = lifeOn([], 1);
    const { taskId } = first.singles.submit(specOf('a'), { place: 0 }, []);
    await turn();
    const second = lifeOn(factsOf(first.journal), 2);
    takeUp(second);
    await turn();
    expect(second.executor.started).toMatchObject([
      { idempotencyKey: taskId, runId: taskId, attempt: 2, parameters: { place: 0 } },
    ]);
    second.executor.complete('a', 'done');
    expect(await second.singles.wait(taskId)).toMatchObject({
      taskId,
      status: 'completed',
      attempts: 2,
      output: 'done',
    });
  });

  it('that waited for its retry goes on at the recorded time', async () => {
    const first = lifeOn([], 1);
    const retry = { maxAttempts: 2, retry: { initialIntervalMs: 5_000 } };
    const { taskId } = first.singles.submit(specOf('a', retry), {}, []);
    await turn();
    first.executor.fail('a');
    const second = lifeOn(factsOf(first.journal), 2);
    takeUp(second, 'after', (name) => specOf(name, retry));
    second.timers.advance(4_999);
    await turn();
    expect(second.singles.get(taskId)).toMatchObject({ status: 'retrying', attempts: 1 });
    expect(second.executor.started).toEqual([]);
    second.timers.advance(1);
    await turn();
    expect(second.executor.started).toMatchObject([{ attempt: 2 }]);
  });

  it('whose time was up while nobody ran it fails at once', async () => {
    const first = lifeOn([], 1);
    const facts = { totalTimeoutMs: 10_000, maxAttempts: 9 };
    const { taskId } = first.singles.submit(specOf('a', facts), {}, []);
    await turn();
    const second = lifeOn(factsOf(first.journal), 2);
    second.timers.advance(10_001);
    takeUp(second, 'after', (name) => specOf(name, facts));
    expect(await second.singles.wait(taskId)).toMatchObject({
      status: 'failed',
      error: { code: 'TASK_TOTAL_TIMEOUT' },
    });
    expect(second.executor.started).toEqual([]);
  });

  it('whose cancellation was asked for is cancelled', async () => {
    const first = lifeOn([], 1);
    const { taskId } = first.singles.submit(specOf('a'), {}, []);
    await turn();
    expect(first.singles.cancel(taskId, 'no more')).toBe(true);
    expect(first.singles.cancel(taskId, 'again')).toBe(true);
    expect(first.facts(taskId).map(({ type }) => type)).toEqual([
      'task.submitted',
      'task.started',
      'task.cancel-requested',
    ]);
    const second = lifeOn(factsOf(first.journal), 2);
    takeUp(second);
    expect(await second.singles.wait(taskId)).toMatchObject({ status: 'cancelled', reason: 'no more', attempts: 1 });
    expect(second.executor.started).toEqual([]);
  });
});

describe('dependencies of an earlier life', () => {
  it('count as they ended, for tasks taken up and for new ones', async () => {
    const first = lifeOn([], 1);
    const [good, bad, open] = ['good', 'bad', 'open'].map((name) => first.singles.submit(specOf(name), {}, []).taskId);
    if (good === undefined || bad === undefined || open === undefined) throw new Error('three were submitted');
    const afterAll = first.singles.submit(specOf('after-all'), {}, [good, open]).taskId;
    const afterBad = first.singles.submit(specOf('after-bad'), {}, [open, bad]).taskId;
    await turn();
    first.executor.complete('good');
    first.executor.fail('bad');
    const second = lifeOn(
      factsOf(first.journal).filter(({ type }) => type !== 'task.skipped'),
      2,
    );
    takeUp(second);
    const late = second.singles.submit(specOf('late'), {}, [good]).taskId;
    await turn();
    expect(await second.singles.wait(afterBad)).toMatchObject({
      status: 'skipped',
      reason: "upstream failed: 'bad' was failed",
    });
    expect(second.executor.running).toEqual(['open', 'late']);
    second.executor.complete('open');
    second.executor.complete('late');
    await turn();
    second.executor.complete('after-all');
    expect((await second.singles.wait(afterAll)).status).toBe('completed');
    expect((await second.singles.wait(late)).status).toBe('completed');
    expect(() => second.singles.submit(specOf('x'), {}, ['nobody' as TaskId])).toThrow(/no submitted task/);
  });

  it('that the journal does not know any more skip the task with that reason', async () => {
    const first = lifeOn([], 1);
    const gone = first.singles.submit(specOf('gone'), {}, []).taskId;
    const { taskId } = first.singles.submit(specOf('a'), {}, [gone]);
    const second = lifeOn(first.facts(taskId), 2);
    takeUp(second);
    expect(await second.singles.wait(taskId)).toMatchObject({
      status: 'skipped',
      reason: expect.stringContaining(gone),
    });
  });

  it('that are taken up later, or not at all, block it until they end', async () => {
    const first = lifeOn([], 1);
    const held = first.singles.submit(specOf('held'), {}, []).taskId;
    const parked = first.singles.submit(specOf('parked'), {}, []).taskId;
    const behindHeld = first.singles.submit(specOf('behind-held'), {}, [held]).taskId;
    const behindParked = first.singles.submit(specOf('behind-parked'), {}, [parked]).taskId;
    const second = lifeOn(factsOf(first.journal), 2);
    const { singles, journal, timers } = second;
    journal.append({
      type: 'run.parked',
      v: 1,
      runId: parked,
      atMs: timers.now(),
      code: 'RUN_RECOVERY_LIMIT',
      reason: 'too often',
    });
    for (const taskId of [behindHeld, behindParked]) {
      const history = foldRun(journal.read(taskId));
      if (history !== undefined) singles.restore(history, specOf(history.record.workflow));
    }
    const waiting = singles.wait(held);
    expect(await singles.wait(parked)).toMatchObject({
      status: 'failed',
      error: { code: 'RUN_RECOVERY_LIMIT' },
      endedAtMs: null,
    });
    expect([...singles.list()].map(({ status }) => status)).toEqual(['blocked', 'blocked']);
    const history = foldRun(journal.read(held));
    if (history !== undefined) singles.restore(history, specOf('held'));
    await turn();
    second.executor.complete('held', 1);
    expect(await waiting).toMatchObject({ status: 'completed', output: 1 });
    await turn();
    second.executor.complete('behind-held');
    expect(singles.cancel(parked, 'enough')).toBe(true);
    expect(singles.cancel(parked, 'enough')).toBe(false);
    expect((await singles.wait(behindParked)).status).toBe('skipped');
    expect(await singles.wait(parked)).toMatchObject({ status: 'cancelled', reason: 'enough', error: null });
    await singles.idle();
    expect(singles.open).toBe(0);
  });
});

describe('a task that is not in memory', () => {
  it('is told from the journal as it was told from memory', async () => {
    const plan: PlannedTask[] = [
      { needs: [], failures: 0 },
      { needs: [], failures: 2, maxAttempts: 2 },
      { needs: [1], failures: 0 },
    ];
    const first = lifeOn([], 1);
    await live(first, plan, () => 0);
    const second = lifeOn(factsOf(first.journal), 2);
    const view = ({ singles }: RuntimeHarness, place: number) => {
      const task = singles.find(idAt(place));
      if (task === undefined) throw new Error(`no ${nameAt(place)}`);
      const { taskId, name, status, output, error, reason, attempts, submittedAtMs, startedAtMs, endedAtMs } = task;
      return { taskId, name, status, output, error, reason, attempts, submittedAtMs, startedAtMs, endedAtMs };
    };
    for (const place of plan.keys()) {
      expect(view(second, place)).toEqual(view(first, place));
      expect((await second.singles.wait(idAt(place))).status).toBe(view(first, place).status);
    }
    expect([...second.singles.list()]).toEqual([]);
    expect(second.singles.cancel(idAt(0), 'too late')).toBe(false);
    expect(() => second.singles.wait('nobody' as TaskId)).toThrow(/no task 'nobody'/);
  });
});
