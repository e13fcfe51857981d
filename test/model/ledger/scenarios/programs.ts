// Owns the programs of which scenarios are made: a main thread, and threads that take, hold and give back.

import { RuntimeError } from '../../../../src/domain/runtime-error.ts';
import { ThreadCapacity } from '../../../../src/resources/thread-capacity.ts';
import type { ModelContext } from '../model-context.ts';
import type { Fate, Program } from '../scenario.ts';
import { GuardHost, type ResourceSetup } from './guard-host.ts';
import { believe, requestOf, type Units } from './units.ts';

/** One resource of one unit. */
export const ONE: readonly ResourceSetup[] = [{ capacity: 1 }];
/** Two resources of one unit each. */
export const TWO: readonly ResourceSetup[] = [{ capacity: 1 }, { capacity: 1 }];

/** A main thread with a life of its own. */
export function mainThread(
  resources: readonly ResourceSetup[],
  live: (host: GuardHost, context: ModelContext) => Promise<void>,
  raised = false,
): Program {
  return {
    name: 'main',
    threadId: 0,
    fate: 'safe',
    run: async (context) => {
      const host = new GuardHost(context, resources, raised);
      context.begin();
      await live(host, context);
    },
  };
}

/** A main thread that does nothing once the resources are there. */
export function idleMain(resources: readonly ResourceSetup[]): Program {
  return mainThread(resources, async () => {});
}

/** A thread with a face to the ledger; it says itself where its preparation ends. */
export function ledgerThread(
  threadId: number,
  fate: Fate,
  run: (context: ModelContext, capacity: ThreadCapacity) => void,
): Program {
  return { name: `thread ${threadId}`, threadId, fate, run: (context) => run(context, capacityOf(context)) };
}

function capacityOf({ buffer, threadId, atomics }: ModelContext): ThreadCapacity {
  return new ThreadCapacity(buffer, threadId, atomics);
}

/** A thread that tries each request in turn and gives back what it got. */
export function takingThread(threadId: number, requests: readonly Units[], fate: Fate = 'safe'): Program {
  return ledgerThread(threadId, fate, (context, capacity) => {
    context.begin();
    tryEach(context, capacity, requests);
  });
}

/** As `takingThread`, but its row is claimed in the race too. */
export function lateThread(threadId: number, requests: readonly Units[]): Program {
  return {
    name: `thread ${threadId}`,
    threadId,
    fate: 'safe',
    run: (context) => {
      context.begin();
      tryEach(context, capacityOf(context), requests);
    },
  };
}

/** A thread that holds units from before the start, gives them back, and then tries the requests. */
export function holdingThread(
  threadId: number,
  units: Units,
  requests: readonly Units[] = [],
  fate: Fate = 'safe',
): Program {
  return ledgerThread(threadId, fate, (context, capacity) => {
    const held = capacity.tryAllocate(requestOf(units));
    believe(context, units, true);
    context.begin();
    context.hold();
    believe(context, units, false);
    if (held !== null) unlessClosed(() => capacity.release(held));
    tryEach(context, capacity, requests);
  });
}

/** Tries each request in turn and gives back what it got. */
function tryEach(context: ModelContext, capacity: ThreadCapacity, requests: readonly Units[]): void {
  let granted = 0;
  for (const [round, units] of requests.entries()) {
    const allocationId = unlessClosed(() => capacity.tryAllocate(requestOf(units)));
    if (allocationId !== null) {
      granted += 1;
      holdAndGiveBack(context, capacity, units, allocationId);
    }
    context.note('granted', granted);
    context.settle(`round ${round} granted ${granted}`);
  }
}

/** Holds for a moment what was granted, and gives it back. */
export function holdAndGiveBack(
  context: ModelContext,
  capacity: ThreadCapacity,
  units: Units,
  allocationId: string,
): void {
  believe(context, units, true);
  context.hold();
  believe(context, units, false);
  unlessClosed(() => capacity.release(allocationId));
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
