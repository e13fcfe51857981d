// Owns the scenarios in which threads take and give back at once, at the edge of the capacity: one resource and two, in
// opposite orders. Nobody waits and nobody dies.

import { RuntimeError } from '../../../../src/domain/runtime-error.ts';
import { ThreadCapacity } from '../../../../src/resources/thread-capacity.ts';
import type { ModelContext } from '../model-context.ts';
import type { Program, Scenario } from '../scenario.ts';
import { nothingLeft } from './ends.ts';
import { GuardHost, type ResourceSetup } from './guard-host.ts';
import { believe, requestOf, type Units } from './units.ts';

/** A main thread that does nothing once the resources are there. */
export function idleMain(resources: readonly ResourceSetup[]): Program {
  return {
    name: 'main',
    threadId: 0,
    fate: 'safe',
    run: (context) => {
      new GuardHost(context, resources);
      context.begin();
    },
  };
}

/** A thread that tries each request in turn and gives back what it got. */
export function takingThread(threadId: number, requests: readonly Units[], fate: Program['fate'] = 'safe'): Program {
  return {
    name: `thread ${threadId}`,
    threadId,
    fate,
    run: (context) => {
      const capacity = new ThreadCapacity(context.buffer, context.threadId, context.atomics);
      context.begin();
      tryEach(context, capacity, requests);
    },
  };
}

/** As `takingThread`, but its row is claimed in the race too. */
export function lateThread(threadId: number, requests: readonly Units[], fate: Program['fate'] = 'safe'): Program {
  return {
    name: `thread ${threadId}`,
    threadId,
    fate,
    run: (context) => {
      context.begin();
      const capacity = new ThreadCapacity(context.buffer, context.threadId, context.atomics);
      tryEach(context, capacity, requests);
    },
  };
}

/** Tries each request in turn and gives back what it got. */
export function tryEach(context: ModelContext, capacity: ThreadCapacity, requests: readonly Units[]): void {
  let granted = 0;
  for (const [round, units] of requests.entries()) {
    const allocationId = unlessClosed(() => capacity.tryAllocate(requestOf(units)));
    if (allocationId !== null) {
      granted += 1;
      believe(context, units, true);
      context.hold();
      believe(context, units, false);
      unlessClosed(() => capacity.release(allocationId));
    }
    context.note('granted', granted);
    context.settle(`round ${round} granted ${granted}`);
  }
}

/** A thread that is sealed, or a guard that is closed, refuses; that ends nothing here. */
export function unlessClosed<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'RESOURCE_CLOSED') return null;
    throw error;
  }
}

const ONE = [{ capacity: 1 }];
const TWO = [{ capacity: 1 }, { capacity: 1 }];

export const takeAndGiveScenarios: readonly Scenario[] = [
  {
    name: 'take-give-2',
    about: 'two threads take and give back twice what only one of them can have',
    limits: [1],
    programs: [idleMain(ONE), takingThread(1, [[1], [1]]), takingThread(2, [[1], [1]])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'take-give-3',
    about: 'three threads, capacity 2, one of them wants both units',
    limits: [2],
    programs: [idleMain([{ capacity: 2 }]), takingThread(1, [[1]]), takingThread(2, [[1]]), takingThread(3, [[2]])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'take-give-3-twice',
    about: 'three threads take and give back twice what only one of them can have',
    limits: [1],
    programs: [idleMain(ONE), takingThread(1, [[1], [1]]), takingThread(2, [[1], [1]]), takingThread(3, [[1], [1]])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'multi-opposite-3',
    about: 'three threads want two each of three resources, in a ring, and roll back',
    limits: [1, 1, 1],
    programs: [
      idleMain([{ capacity: 1 }, { capacity: 1 }, { capacity: 1 }]),
      takingThread(1, [[1, 1, 0]]),
      takingThread(2, [[0, 1, 1]]),
      takingThread(3, [[1, 0, 1]]),
    ],
    atEnd: nothingLeft(3),
  },
  {
    name: 'take-give-stale',
    about: 'as take-give-2, plain reads may be old',
    limits: [1],
    staleReads: true,
    programs: [idleMain(ONE), takingThread(1, [[1], [1]]), takingThread(2, [[1], [1]])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'multi-opposite',
    about: 'two threads want both of two resources, named in opposite orders, and roll back',
    limits: [1, 1],
    programs: [
      idleMain(TWO),
      takingThread(1, [
        [1, 1],
        [0, 1],
      ]),
      takingThread(2, [
        [1, 1],
        [1, 0],
      ]),
    ],
    atEnd: nothingLeft(2),
  },
];
