// What the spans of attempts are told, for every way in which an attempt can end, over virtual time.

import { expect, it } from 'vitest';
import type { RunTracing, TracedAttempt, TracedAttemptEnd } from '../../src/domain/run-tracing.ts';
import { RuntimeHarness, type StepFacts, specOf, turn } from './runtime-harness.ts';

/** What a tracer heard of one attempt. */
interface HeardAttempt {
  readonly attempt: number;
  ends: (readonly [end: TracedAttemptEnd, threadId: number])[];
  readonly retries: number[];
}

/** A tracer that writes down what it hears; `here` is where every caller stands. */
class RecordingTracer implements RunTracing {
  readonly heard: HeardAttempt[] = [];
  readonly #here: object | null;
  readonly #hasRuns: boolean;

  constructor(here: object | null, hasRuns = false) {
    this.#here = here;
    this.#hasRuns = hasRuns;
  }

  runStarted(): void {}
  runEnded(): void {}
  close(): void {}
  isTraced(): boolean {
    return this.#hasRuns;
  }
  caller(): object | null {
    return this.#here;
  }
  attemptStarted({ attempt, task }: TracedAttempt, caller: object | null) {
    expect(caller).toBe(this.#hasRuns ? null : this.#here);
    const heard: HeardAttempt = { attempt, ends: [], retries: [] };
    this.heard.push(heard);
    return {
      carrier: { traceparent: `${task}#${attempt}` },
      retryScheduled: (delayMs: number) => heard.retries.push(delayMs),
      end: (end: TracedAttemptEnd, threadId: number) => heard.ends.push([end, threadId]),
    };
  }
}

async function traced(facts: StepFacts, act: (harness: RuntimeHarness, taskId: string) => unknown) {
  const tracing = new RecordingTracer({});
  const harness = new RuntimeHarness({ tracing });
  const { taskId } = harness.singles.submit(specOf('a', facts), {}, []);
  await turn();
  expect(harness.executor.started.map(({ trace }) => trace)).toEqual([{ traceparent: 'a#1' }]);
  await act(harness, taskId);
  return tracing.heard.map(({ ends, retries }) => {
    expect(ends, 'ended exactly once').toHaveLength(1);
    return { ...ends[0]?.[0], threadId: ends[0]?.[1], retries };
  });
}

it('completed', async () => {
  expect(await traced({}, ({ executor }) => executor.complete('a'))).toEqual([
    { kind: 'completed', threadId: 1, retries: [] },
  ]);
});

it('failed, with the time until the next attempt; the next one is another span', async () => {
  const heard = await traced({ maxAttempts: 2 }, async ({ executor, timers }) => {
    executor.fail('a', 'E_FIRST');
    timers.advance(1_000);
    await turn();
    executor.fail('a', 'E_SECOND');
  });
  expect(heard).toMatchObject([
    { kind: 'failed', error: { code: 'E_FIRST' }, retries: [1_000] },
    { kind: 'failed', error: { code: 'E_SECOND' }, retries: [] },
  ]);
});

it('failed by its time-out, even when its body completed in its grace, and tried again', async () => {
  const heard = await traced({ timeoutMs: 100, maxAttempts: 2 }, async ({ executor, timers }) => {
    timers.advance(100);
    executor.complete('a');
    timers.advance(1_000);
    await turn();
    // An error of the attempt before is not that of this one.
    executor.complete('a');
  });
  expect(heard).toMatchObject([
    { kind: 'failed', error: { code: 'TASK_TIMEOUT' }, retries: [1_000] },
    { kind: 'completed', retries: [] },
  ]);
});

it.each([true, false])('failed by parameters that cannot be made, in a run that is traced (%s)', async (isTraced) => {
  const tracing = new RecordingTracer({}, isTraced);
  const harness = new RuntimeHarness({ tracing });
  const parameters = () => {
    throw new Error('no parameters');
  };
  const { ended } = harness.startRun(harness.createSession(), { a: { parameters } });
  expect((await ended).status).toBe('failed');
  const expected = [[expect.objectContaining({ kind: 'failed' }), -1]];
  expect(tracing.heard.map(({ ends }) => ends)).toEqual(isTraced ? [expected] : []);
});

it('cancelled, with the reason, whatever its body did', async () => {
  const heard = await traced({ maxAttempts: 3 }, ({ executor, singles }, taskId) => {
    singles.cancel(taskId as never, 'not needed');
    executor.fail('a');
  });
  expect(heard).toEqual([{ kind: 'cancelled', reason: 'not needed', threadId: 1, retries: [] }]);
});

it('interrupted when its thread was taken away, and returned when none came free', async () => {
  const heard = await traced({}, async ({ executor }) => {
    executor.stopped('a');
    await turn();
    executor.giveBack('a');
    await turn();
    executor.complete('a');
  });
  expect(heard).toMatchObject([{ kind: 'interrupted' }, { kind: 'returned' }, { kind: 'completed' }]);
});

it('interrupted when the engine lets go of it', async () => {
  const heard = await traced({}, ({ executor, runner }) => {
    runner.freeze();
    executor.stopped('a');
  });
  expect(heard).toMatchObject([{ kind: 'interrupted' }]);
});

it('nobody traces: bodies are given nothing', async () => {
  const harness = new RuntimeHarness({ tracing: new RecordingTracer(null) });
  harness.singles.submit(specOf('a'), {}, []);
  await turn();
  expect(harness.executor.started.map(({ trace }) => trace)).toEqual([undefined]);
});
