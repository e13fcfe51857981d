// Checks the parent of many like children: their ends reach it, their errors stay with it, its stop takes them all.

import { describe, expect, it } from 'vitest';
import { type Actor, assign, createActor, createMachine, fromCallback, fromPromise, setup } from 'xstate';
import { ActorRegistry, createRegistryLogic, registryOf } from '../../src/actors/actor-registry.ts';
import { isRuntimeError } from '../../src/domain/runtime-error.ts';
import { heapUsedAfterCollection } from '../support/collect-garbage.ts';
import { collectUncaughtErrors } from '../support/uncaught-errors.ts';

type JobEvent = { type: 'job.finish'; value: number } | { type: 'job.crash' };

const jobMachine = setup({
  types: {
    context: {} as { value: number },
    input: {} as { value: number },
    events: {} as JobEvent,
    output: {} as number,
  },
  actions: {
    keep: assign({ value: ({ event, context }) => (event.type === 'job.finish' ? event.value : context.value) }),
    crash: () => {
      throw new Error('the job crashed');
    },
  },
}).createMachine({
  context: ({ input }) => ({ value: input.value }),
  initial: 'running',
  states: {
    running: { on: { 'job.finish': { target: 'done', actions: 'keep' }, 'job.crash': { actions: 'crash' } } },
    done: { type: 'final' },
  },
  output: ({ context }) => context.value,
});
type Job = typeof jobMachine;

interface Heard {
  readonly done: { child: Actor<Job>; output: number }[];
  readonly failed: { child: Actor<Job>; error: unknown }[];
}

function startJobs(): { registry: ActorRegistry<Job>; heard: Heard } {
  const heard: Heard = { done: [], failed: [] };
  const registry = ActorRegistry.start<Job>({
    id: 'jobs',
    childId: 'job',
    onDone: (child, output) => heard.done.push({ child, output }),
    onError: (child, error) => heard.failed.push({ child, error }),
  });
  return { registry, heard };
}

describe('ActorRegistry', () => {
  it('reports each child that is done with its output, and lets go of it', () => {
    const { registry, heard } = startJobs();
    const first = registry.spawn(jobMachine, { value: 1 });
    const second = registry.spawn(jobMachine, { value: 2 });
    expect(registry.size).toBe(2);
    expect([...registry.children()]).toEqual([first, second]);
    second.send({ type: 'job.finish', value: 20 });
    expect(heard.done).toEqual([{ child: second, output: 20 }]);
    expect([...registry.children()]).toEqual([first]);
    first.send({ type: 'job.finish', value: 10 });
    expect(heard.done.map(({ output }) => output)).toEqual([20, 10]);
    expect(registry.size).toBe(0);
    expect(heard.failed).toEqual([]);
  });

  it('reports a crashed child, keeps its siblings, and lets nothing reach uncaughtException', async () => {
    const { registry, heard } = startJobs();
    const uncaught = await collectUncaughtErrors(() => {
      const first = registry.spawn(jobMachine, { value: 1 });
      const second = registry.spawn(jobMachine, { value: 2 });
      first.send({ type: 'job.crash' });
      expect(heard.failed).toMatchObject([{ child: first, error: { message: 'the job crashed' } }]);
      expect([...registry.children()]).toEqual([second]);
      second.send({ type: 'job.finish', value: 3 });
    });
    expect(uncaught).toEqual([]);
    expect(heard.done.map(({ output }) => output)).toEqual([3]);
  });

  it('shows that the watch for uncaught errors works: a crashed root actor does reach it', async () => {
    const uncaught = await collectUncaughtErrors(() => {
      createActor(jobMachine, { input: { value: 1 } })
        .start()
        .send({ type: 'job.crash' });
    });
    expect(uncaught).toMatchObject([{ message: 'the job crashed' }]);
  });

  it('reports a child that throws in its start, before spawn returns', async () => {
    const failures: unknown[] = [];
    const broken = createMachine({
      entry: () => {
        throw new Error('no start');
      },
    });
    const registry = ActorRegistry.start<typeof broken>({
      id: 'broken',
      childId: 'child',
      onDone: () => expect.unreachable(),
      onError: (_child, error) => failures.push(error),
    });
    const uncaught = await collectUncaughtErrors(() => void registry.spawn(broken, undefined));
    expect(failures).toMatchObject([{ message: 'no start' }]);
    expect(registry.size).toBe(0);
    expect(uncaught).toEqual([]);
  });

  it('gives the ref before the child can end when made with create', () => {
    const instant = createMachine({ initial: 'end', states: { end: { type: 'final' } } });
    const ended: unknown[] = [];
    const registry = ActorRegistry.start<typeof instant>({
      id: 'instants',
      childId: 'instant',
      onDone: (child) => ended.push(child),
      onError: () => expect.unreachable(),
    });
    const child = registry.create(instant, undefined);
    expect(ended).toEqual([]);
    child.start();
    expect(ended).toEqual([child]);
  });

  it('reports results and rejections of promise actors', async () => {
    const promise = fromPromise<number, number>(async ({ input }) => {
      if (input < 0) throw new Error('negative');
      return input * 2;
    });
    const outcomes: unknown[] = [];
    const { promise: both, resolve } = Promise.withResolvers<void>();
    const note = (outcome: unknown): void => {
      if (outcomes.push(outcome) === 2) resolve();
    };
    const registry = ActorRegistry.start<typeof promise>({
      id: 'promises',
      childId: 'promise',
      onDone: (_child, output) => note(output),
      onError: (_child, error) => note(error),
    });
    const uncaught = await collectUncaughtErrors(async () => {
      registry.spawn(promise, 21);
      registry.spawn(promise, -1);
      await both;
    });
    expect(outcomes).toMatchObject([42, { message: 'negative' }]);
    expect(uncaught).toEqual([]);
  });

  it('stops all children newest first, reports none of them, and can go on', () => {
    const stopped: number[] = [];
    const holder = fromCallback<{ type: 'never' }, number>(
      ({ input }) =>
        () =>
          stopped.push(input),
    );
    const registry = ActorRegistry.start<typeof holder>({
      id: 'holders',
      childId: 'holder',
      onDone: () => expect.unreachable(),
      onError: () => expect.unreachable(),
    });
    for (const number of [1, 2, 3]) registry.spawn(holder, number);
    registry.stopAll();
    expect(stopped).toEqual([3, 2, 1]);
    expect(registry.size).toBe(0);
    const last = registry.spawn(holder, 4);
    registry.stop(last);
    registry.stop(last);
    expect(stopped).toEqual([3, 2, 1, 4]);
  });

  it('stops its children when it is closed, starts none afterwards, and is done for its parent', () => {
    const stopped: number[] = [];
    const holder = fromCallback<{ type: 'never' }, number>(
      ({ input }) =>
        () =>
          stopped.push(input),
    );
    const ended: unknown[] = [];
    const holders = createRegistryLogic<typeof holder>({
      childId: 'holder',
      onDone: () => expect.unreachable(),
      onError: () => expect.unreachable(),
    });
    const outer = ActorRegistry.start<typeof holders>({
      id: 'outer',
      childId: 'holders',
      onDone: (child) => ended.push(child),
      onError: () => expect.unreachable(),
    });
    const child = outer.spawn(holders, undefined);
    const registry = registryOf<typeof holder>(child);
    registry.spawn(holder, 1);
    registry.spawn(holder, 2);
    registry.close();
    registry.close();
    expect(stopped).toEqual([2, 1]);
    expect(ended).toEqual([child]);
    expect(() => registry.spawn(holder, 3)).toThrow(
      expect.toSatisfy((error) => isRuntimeError(error) && error.code === 'ENGINE_CLOSED'),
    );
  });

  it('lives as a child of another registry, found again from its ref', () => {
    const inner = createRegistryLogic<Job>({ childId: 'job', onDone: () => {}, onError: () => {} });
    const outer = ActorRegistry.start<typeof inner>({
      id: 'outer',
      childId: 'inner',
      onDone: () => expect.unreachable(),
      onError: () => expect.unreachable(),
    });
    const child = outer.spawn(inner, undefined);
    const job = registryOf<Job>(child).spawn(jobMachine, { value: 1 });
    expect(registryOf<Job>(child).size).toBe(1);
    outer.stopAll();
    expect(registryOf<Job>(child).size).toBe(0);
    expect(job.getSnapshot().status).toBe('stopped');
  });

  it('crashes as a whole when a handler throws: children stopped, error with its parent', async () => {
    const stopped: string[] = [];
    const failures: unknown[] = [];
    const job = fromCallback<{ type: 'end' }, string>(({ input, receive }) => {
      receive(() => {
        throw new Error('child failed');
      });
      return () => stopped.push(input);
    });
    const faulty = createRegistryLogic<typeof job>({
      childId: 'job',
      onDone: () => {},
      onError: () => {
        throw new Error('the handler is wrong');
      },
    });
    const outer = ActorRegistry.start<typeof faulty>({
      id: 'outer',
      childId: 'inner',
      onDone: () => expect.unreachable(),
      onError: (_child, error) => failures.push(error),
    });
    const uncaught = await collectUncaughtErrors(() => {
      const inner = registryOf<typeof job>(outer.spawn(faulty, undefined));
      inner.spawn(job, 'bystander');
      inner.spawn(job, 'culprit').send({ type: 'end' });
    });
    expect(failures).toMatchObject([{ message: 'the handler is wrong' }]);
    expect(stopped).toContain('bystander');
    expect(outer.size).toBe(0);
    expect(uncaught).toEqual([]);
  });

  it('starts and ends 100,000 children with flat memory', () => {
    const { registry, heard } = startJobs();
    const cycle = (count: number): void => {
      for (let index = 0; index < count; index++) {
        registry.spawn(jobMachine, { value: index }).send({ type: 'job.finish', value: index });
        heard.done.length = 0;
      }
    };
    cycle(5_000);
    const before = heapUsedAfterCollection();
    const startedAt = performance.now();
    cycle(100_000);
    const microseconds = (performance.now() - startedAt) / 100;
    const grownBytes = heapUsedAfterCollection() - before;
    console.log(`registry: ${microseconds.toFixed(1)} µs per child (start, end), heap grew by ${grownBytes} bytes`);
    expect(registry.size).toBe(0);
    expect(grownBytes).toBeLessThan(2_000_000);
  }, 60_000);

  it('stops 40,000 live children in time linear in their number', () => {
    const stopMicroseconds = (count: number): number => {
      const { registry } = startJobs();
      for (let index = 0; index < count; index++) registry.spawn(jobMachine, { value: index });
      const startedAt = performance.now();
      registry.stopAll();
      return ((performance.now() - startedAt) * 1_000) / count;
    };
    stopMicroseconds(4_000);
    const few = stopMicroseconds(4_000);
    const many = stopMicroseconds(40_000);
    console.log(`registry: stop costs ${few.toFixed(1)} µs each of 4,000 and ${many.toFixed(1)} µs each of 40,000`);
    expect(many).toBeLessThan(few * 5 + 5);
  }, 60_000);
});
