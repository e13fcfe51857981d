// A run over scripted attempts: which task starts when, how ends travel, steering at awkward moments.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestOf } from '../scheduling/memory-capacity.ts';
import { RuntimeHarness, type StepFacts, turn } from './runtime-harness.ts';

const behind = (...dependencies: string[]): StepFacts => ({ dependencies });

function start(
  steps: Readonly<Record<string, StepFacts>>,
  options: ConstructorParameters<typeof RuntimeHarness>[0] = {},
) {
  const harness = new RuntimeHarness({ slots: 9, ...options });
  const session = harness.createSession();
  const { run, ended } = harness.startRun(session, steps);
  return { harness, session, run, ended, executor: harness.executor };
}

describe('a run', () => {
  it('starts each task when its own last dependency has completed', async () => {
    const { run, ended, executor } = start({ a: {}, b: {}, c: behind('a'), d: behind('a', 'b') });
    await turn();
    expect(executor.running).toEqual(['a', 'b']);
    executor.complete('a', 'A');
    await turn();
    expect(executor.running).toEqual(['b', 'c']);
    executor.complete('c');
    executor.complete('b');
    await turn();
    executor.complete('d');
    await ended;
    expect(run.status).toBe('completed');
    expect([run.outputOf(0), run.statusOf(3)]).toEqual(['A', 'completed']);
  });

  it('fails by a required task, not by one that is not required; both skip what is behind them', async () => {
    for (const required of [true, false]) {
      const { run, ended, executor } = start({ a: { required }, b: behind('a'), c: {} });
      await turn();
      executor.fail('a');
      executor.complete('c');
      await ended;
      expect(run.status).toBe(required ? 'failed' : 'completed');
      expect(run.skipOf(1)).toEqual({ code: 'UPSTREAM_FAILED', reason: "upstream failed: 'a'" });
    }
  });

  it('of no tasks completes at once', async () => {
    const { run, ended, harness } = start({});
    await ended;
    expect(run.status).toBe('completed');
    expect(harness.heard('workflow.started', 'workflow.completed')).toEqual(['workflow.started', 'workflow.completed']);
  });

  it('is at its end although a condition throws or is false', async () => {
    const { run, ended, executor } = start({
      odd: {
        condition: () => {
          throw new Error('no boolean');
        },
        required: false,
      },
      off: { condition: () => false },
      behind: behind('off'),
      on: {},
    });
    await turn();
    executor.complete('on');
    await ended;
    expect(run.status).toBe('completed');
    expect(run.errorOf(0)?.message).toBe('no boolean');
    expect([run.statusOf(1), run.statusOf(2)]).toEqual(['skipped', 'skipped']);
  });
});

describe('pause', () => {
  it('lets tasks of other runs pass that waited for capacity behind a task of this one', async () => {
    const { harness, run, session, executor } = start({ wide: { request: requestOf([0, 4]) } }, { capacities: [4] });
    const holder = requestOf([0, 1]);
    harness.capacity.tryGrant(holder);
    await turn();
    expect(run.statusOf(0)).toBe('ready');
    harness.startRun(session, { narrow: { request: requestOf([0, 1]) } });
    await turn();
    expect(executor.running).toEqual([]);
    run.actor.send({ type: 'run.pause' });
    await turn();
    expect(executor.running).toEqual(['narrow']);
  });

  it('keeps a paused run from ending nothing: what ran ends it', async () => {
    const { run, ended, executor } = start({ a: {} });
    await turn();
    run.actor.send({ type: 'run.pause' });
    executor.complete('a');
    await ended;
    expect(run.status).toBe('completed');
  });

  it('can be cancelled while paused', async () => {
    const { run, ended, executor } = start({ a: {}, b: behind('a') });
    await turn();
    run.actor.send({ type: 'run.pause' });
    run.actor.send({ type: 'run.cancel', reason: 'enough' });
    executor.stopped('a');
    await ended;
    expect([run.status, run.reason, run.counts().cancelled]).toEqual(['cancelled', 'enough', 2]);
  });
});

describe('cancelTask', () => {
  it('of a pending task is told and written like any other end, and skips what is behind it', async () => {
    const { harness, run, ended, executor } = start({ a: {}, b: behind('a'), c: behind('b') });
    await turn();
    expect(run.cancelTask(1, 'not this one')).toBe(true);
    expect(run.cancelTask(1, 'again')).toBe(false);
    executor.complete('a');
    await ended;
    expect(harness.heard('task.cancelled', 'task.skipped')).toEqual(['task.cancelled b', 'task.skipped c']);
    expect(harness.events.find(({ type }) => type === 'task.cancelled')?.data.reason).toBe('not this one');
    const kinds = harness.facts(run.runId).map(({ type }) => type);
    expect(kinds.filter((type) => type === 'task.cancelled' || type === 'task.skipped')).toEqual([
      'task.cancelled',
      'task.skipped',
    ]);
    expect(run.skipOf(2)?.reason).toBe("upstream did not complete: 'b' was cancelled");
  });

  it('of every task of a run that waits for its place still lets it end', async () => {
    const harness = new RuntimeHarness();
    const session = harness.createSession({ maxParallelWorkflows: 1 });
    const first = harness.startRun(session, { a: {} });
    const second = harness.startRun(session, { b: {} });
    await turn();
    expect(second.run.cancelTask(0, 'not needed')).toBe(true);
    await turn();
    expect(second.run.status).toBe('pending');
    harness.executor.complete('a');
    await first.ended;
    await second.ended;
    expect(second.run.counts().cancelled).toBe(1);
    expect(harness.heard('workflow.started')).toHaveLength(2);
  });
});

describe('the deadline of a run', () => {
  it('cancels what has not ended and fails the run', async () => {
    const harness = new RuntimeHarness();
    const { run, ended } = harness.startRun(harness.createSession(), { a: {}, b: behind('a') }, { timeoutMs: 100 });
    await turn();
    harness.timers.advance(100);
    expect(harness.executor.stops).toHaveLength(1);
    harness.executor.stopped('a');
    await ended;
    expect([run.status, run.timedOut, run.counts().cancelled]).toEqual(['failed', true, 2]);
    expect(harness.timers.pending).toBe(0);
  });

  it('is no more once it has ended', async () => {
    const harness = new RuntimeHarness();
    const { ended } = harness.startRun(harness.createSession(), { a: {} }, { timeoutMs: 100 });
    await turn();
    harness.executor.complete('a');
    await ended;
    expect(harness.timers.pending).toBe(0);
  });
});

const stepFacts = fc.record({
  fails: fc.boolean(),
  retries: fc.boolean(),
  required: fc.boolean(),
  needs: fc.array(fc.nat(20), { maxLength: 3 }),
  wide: fc.boolean(),
});
type Facts = typeof stepFacts extends fc.Arbitrary<infer T> ? T : never;

const acts = fc.record({
  what: fc.constantFrom('end', 'end', 'end', 'pause', 'resume', 'cancelTask', 'cancel'),
  n: fc.nat(20),
});

function stepsOf(facts: readonly Facts[]): Record<string, StepFacts> {
  const stepOf = ({ needs, required, retries, wide }: Facts, n: number): StepFacts => ({
    dependencies: n === 0 ? [] : [...new Set(needs.map((need) => `t${need % n}`))],
    required,
    maxAttempts: retries ? 2 : 1,
    request: requestOf([0, wide ? 2 : 1]),
  });
  return Object.fromEntries(facts.map((fact, n) => [`t${n}`, stepOf(fact, n)]));
}

const ENDS = /^task\.(completed|failed|cancelled|skipped)$/;

function checkEnd({ harness, run }: ReturnType<typeof start>, steps: readonly string[]): void {
  const told = harness.events.filter(({ type }) => ENDS.test(type));
  expect(told.map(({ task }) => task).sort()).toEqual([...steps].sort());
  for (const { task, type } of told) expect(type).toBe(`task.${run.statusOf(run.plan.indexOf(task ?? ''))}`);
  const written = harness.facts(run.runId).filter(({ type }) => ENDS.test(type));
  expect(written.map((fact) => ('task' in fact ? `${fact.type} ${fact.task}` : ''))).toEqual(
    told.map(({ type, task }) => `${type} ${task}`),
  );
  expect(harness.heard('workflow.completed', 'workflow.failed', 'workflow.cancelled')).toHaveLength(1);
  expect([harness.capacity.held, harness.capacity.marked, harness.timers.pending]).toEqual([0, 0, 0]);
  expect([harness.scheduler.inFlight, harness.runner.liveCount]).toEqual([0, 0]);
  expect(harness.crashes).toEqual([]);
}

describe('in any history', () => {
  it('every task ends once, the run ends once, events and facts tell the same', async () => {
    const histories = fc.array(acts, { maxLength: 30, size: 'max' });
    await fc.assert(
      fc.asyncProperty(fc.array(stepFacts, { maxLength: 12 }), histories, async (facts, history) => {
        const steps = stepsOf(facts);
        const started = start(steps, { slots: 3, capacities: [2] });
        const { harness, run, ended, executor } = started;
        const finish = (name: string | undefined) => {
          if (name === undefined) return;
          if (facts[Number(name.slice(1))]?.fails) executor.fail(name);
          else executor.complete(name, name);
        };
        for (const { what, n } of history) {
          await turn();
          if (what === 'end') finish(executor.running[n % Math.max(1, executor.running.length)]);
          else if (what === 'pause') run.actor.send({ type: 'run.pause' });
          else if (what === 'resume') run.actor.send({ type: 'run.resume' });
          else if (what === 'cancelTask') run.cancelTask(n % Math.max(1, facts.length), 'test');
          else if (n < 3) run.actor.send({ type: 'run.cancel', reason: 'test' });
        }
        run.actor.send({ type: 'run.resume' });
        for (let round = 0; round < 60 && run.endedAtMs === null; round++) {
          await turn();
          for (const name of executor.running) finish(name);
          harness.timers.advance(2_000);
        }
        await ended;
        checkEnd(started, Object.keys(steps));
      }),
      { numRuns: 250 },
    );
  });
});
