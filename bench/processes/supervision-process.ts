// Owns one observation of the supervision bench: what starting and stopping supervised children costs at several numbers
// of them, and the same children spawned into the snapshot of a plain machine.

import { type AnyActorRef, createActor, createMachine, setup, spawnChild } from 'xstate';
import { z } from 'zod';
import { startSupervisor } from '../../src/engine/start-supervisor.ts';
import { readPlan, reportFindings } from './observation.ts';

const { few, some, many, rounds } = readPlan(
  z.object({ few: z.number(), some: z.number(), many: z.number(), rounds: z.number() }),
);

/** The child of all variants: one state, one event. */
const childLogic = createMachine({ initial: 'idle', states: { idle: { on: { work: { target: 'idle' } } } } });

interface Findings {
  readonly startMs: number[];
  readonly stopMs: number[];
  /** Children found running after the start, and found ended after the stop. */
  started: number;
  stopped: number;
}

/** A parent of many children: made, then ended with them. */
interface Parent {
  start(count: number): Promise<AnyActorRef[]>;
  stop(): Promise<unknown>;
}

function listed(): Parent {
  const supervisor = startSupervisor({ strategy: 'one_for_one' }, []);
  return {
    start: async (count) => {
      const started: Promise<AnyActorRef | undefined>[] = [];
      for (let index = 0; index < count; index++) {
        started.push(supervisor.startChild({ id: `child-${index}`, start: () => ({ logic: childLogic }) }));
      }
      return present(await Promise.all(started));
    },
    stop: () => supervisor.stop(),
  };
}

function dynamic(): Parent {
  const template = { id: 'child', start: () => ({ logic: childLogic }) };
  const supervisor = startSupervisor({ strategy: 'simple_one_for_one' }, [template]);
  return {
    start: async (count) => {
      const started: Promise<AnyActorRef | undefined>[] = [];
      for (let index = 0; index < count; index++) started.push(supervisor.startChild());
      return present(await Promise.all(started));
    },
    stop: () => supervisor.stop(),
  };
}

function spawned(): Parent {
  const types = { events: {} as { type: 'add'; id: string } };
  const parentMachine = setup({ types, actors: { child: childLogic } }).createMachine({
    on: { add: { actions: spawnChild('child', { id: ({ event }) => event.id }) } },
  });
  const parent = createActor(parentMachine).start();
  return {
    start: async (count) => {
      for (let index = 0; index < count; index++) parent.send({ type: 'add', id: `child-${index}` });
      return present(Object.values(parent.getSnapshot().children));
    },
    stop: async () => void parent.stop(),
  };
}

function present(refs: readonly (AnyActorRef | undefined)[]): AnyActorRef[] {
  return refs.filter((ref) => ref !== undefined);
}

async function once(make: () => Parent, count: number, findings: Findings): Promise<void> {
  const parent = make();
  const startedAt = performance.now();
  const children = await parent.start(count);
  findings.startMs.push(performance.now() - startedAt);
  findings.started += children.filter((child) => child.getSnapshot().status === 'active').length;
  const stoppedAt = performance.now();
  await parent.stop();
  findings.stopMs.push(performance.now() - stoppedAt);
  findings.stopped += children.filter((child) => child.getSnapshot().status === 'stopped').length;
}

const kinds: Readonly<
  Record<string, { readonly make: () => Parent; readonly count: number; readonly rounds: number }>
> = {
  listedFew: { make: listed, count: few, rounds },
  dynamicFew: { make: dynamic, count: few, rounds },
  spawnedFew: { make: spawned, count: few, rounds },
  listedSome: { make: listed, count: some, rounds },
  dynamicSome: { make: dynamic, count: some, rounds },
  listedMany: { make: listed, count: many, rounds },
  dynamicMany: { make: dynamic, count: many, rounds },
  // Last and once: it takes longer than all others together.
  spawnedSome: { make: spawned, count: some, rounds: 1 },
};

const found: Record<string, Findings> = {};
// The first round of each process warms up and is not counted.
for (const { make } of Object.values(kinds)) {
  await once(make, Math.min(few, 1_000), { startMs: [], stopMs: [], started: 0, stopped: 0 });
}
for (const [name, { make, count, rounds: times }] of Object.entries(kinds)) {
  const findings: Findings = { startMs: [], stopMs: [], started: 0, stopped: 0 };
  found[name] = findings;
  for (let round = 0; round < times; round++) await once(make, count, findings);
}
reportFindings(found);
