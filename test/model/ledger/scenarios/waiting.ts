// Owns the scenarios in which the main thread waits for what threads give back: lost wake-ups, cancellation, time-outs,
// changes of capacity, closing, quotas.

import type { CapacityRequest } from '../../../../src/resources/capacity-request.ts';
import { Header, ResourceWord, resourceBase } from '../../../../src/resources/ledger-layout.ts';
import type { Program, Scenario } from '../scenario.ts';
import { nothingLeft, unitsLeft } from './ends.ts';
import type { ResourceSetup } from './guard-host.ts';
import { holdingThread, ledgerThread, mainThread, ONE, TWO, takingThread, unlessClosed } from './programs.ts';
import { believe, requestOf, type Units } from './units.ts';

/** A thread that looks at a word and then tries to take; what it saw forbids a grant. */
function lookingThread(threadId: number, word: number, forbids: number): Program {
  return ledgerThread(threadId, 'safe', (context, capacity) => {
    context.begin();
    const before = context.load(word);
    const allocationId = unlessClosed(() => capacity.tryAllocate({ r0: 1 }));
    if (allocationId === null) return;
    context.demand(before !== forbids, 'a take that began after the change was granted');
    context.hold();
    capacity.release(allocationId);
  });
}

/** A thread that holds units from before the start to after the end. */
function keepingThread(threadId: number, units: Units): Program {
  return ledgerThread(threadId, 'safe', (context, capacity) => {
    capacity.tryAllocate(requestOf(units));
    believe(context, units, true);
    context.begin();
  });
}

/** A thread that takes and gives back at once, and says when it is done. */
function usingThread(threadId: number): Program {
  return ledgerThread(threadId, 'safe', (context, capacity) => {
    context.begin();
    const allocationId = capacity.tryAllocate({ r0: 1 });
    if (allocationId !== null) capacity.release(allocationId);
    context.post({ type: 'ended', threadId });
  });
}

/** A main thread that waits for a request and gives back what it was granted. */
function waitingMain(resources: readonly ResourceSetup[], request: CapacityRequest): Program {
  return mainThread(resources, async (host) => {
    host.acquire('w', request);
    await host.giveBackOnceGranted('w');
  });
}

const PERIOD_MS = 10;

export const waitingScenarios: readonly Scenario[] = [
  {
    name: 'park-give',
    about: 'the main thread begins to wait while a thread gives back: the wake-up is never lost',
    limits: [1],
    programs: [waitingMain(ONE, { r0: 1 }), holdingThread(1, [1], [[1]])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'park-give-stale',
    about: 'as park-give with a second thread that tries to slip in; plain reads may be old',
    limits: [1],
    staleReads: true,
    programs: [waitingMain(ONE, { r0: 1 }), holdingThread(1, [1]), takingThread(2, [[1]])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'park-wide',
    about: 'the main thread wants both units of which two threads hold one each',
    limits: [2],
    programs: [waitingMain([{ capacity: 2 }], { r0: 2 }), holdingThread(1, [1]), holdingThread(2, [1])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'park-wide-again',
    about: 'as park-wide, one thread takes again',
    large: true,
    limits: [2],
    programs: [waitingMain([{ capacity: 2 }], { r0: 2 }), holdingThread(1, [1], [[1]]), holdingThread(2, [1])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'park-multi',
    about: 'the main thread waits for two resources; one thread gives them back, another takes one and rolls back both',
    limits: [1, 1],
    programs: [waitingMain(TWO, { r0: 1, r1: 1 }), holdingThread(1, [0, 1]), takingThread(2, [[1, 1]])],
    atEnd: nothingLeft(2),
  },
  {
    name: 'cancel-give',
    about: 'the first of two waiters is cancelled while a thread gives back: the second is served',
    limits: [1],
    programs: [
      mainThread(ONE, async (host, context) => {
        host.acquire('first', { r0: 1 });
        host.acquire('second', { r0: 1 });
        if (context.choose(2) === 1) await host.runUntil(() => host.hasGranted('first'));
        host.cancel('first');
        await host.runUntil(() => host.hasGranted('first') || host.hasGranted('second'));
        host.release('first');
        await host.giveBackOnceGranted('second');
      }),
      holdingThread(1, [1], [[1]]),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'cancel-wide',
    about: 'a wide waiter is cancelled that held up a small one, while one thread keeps a unit and another tries',
    limits: [2],
    programs: [
      mainThread([{ capacity: 2 }], async (host, context) => {
        host.acquire('wide', { r0: 2 });
        host.acquire('small', { r0: 1 });
        if (context.choose(2) === 1) await host.runUntil(() => host.hasEnded(2));
        host.cancel('wide');
        await host.giveBackOnceGranted('small');
      }),
      keepingThread(1, [1]),
      usingThread(2),
    ],
    atEnd: (view) => unitsLeft(view, 0, 1),
  },
  {
    name: 'timeout-give',
    about: 'a waiter runs out of time while a thread gives back: it has the unit or the next one has',
    limits: [1],
    programs: [
      mainThread(ONE, async (host) => {
        host.acquire('hasty', { r0: 1 }, { timeoutMs: 5 });
        host.acquire('patient', { r0: 1 });
        await host.runUntil(() => host.hasGranted('hasty') || host.hasGranted('patient'));
        host.release('hasty');
        await host.giveBackOnceGranted('patient');
      }),
      holdingThread(1, [1], [[1]]),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'resize-up',
    about: 'the capacity grows while one thread holds it, the main thread waits and another thread tries',
    limits: [2],
    programs: [
      mainThread(ONE, async (host) => {
        host.acquire('w', { r0: 1 });
        host.guard.setCapacity('r0', 2);
        await host.giveBackOnceGranted('w');
      }),
      holdingThread(1, [1]),
      takingThread(2, [[1]]),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'resize-down',
    about: 'the capacity shrinks to what is in use: no take that begins afterwards is granted',
    limits: [2],
    staleReads: true,
    programs: [
      mainThread([{ capacity: 2 }], async (host) => {
        host.guard.tryGrant(host.guard.prepare({ r0: 1 }));
        host.guard.setCapacity('r0', 1);
      }),
      lookingThread(1, resourceBase(0) + ResourceWord.CAPACITY, 1),
      lookingThread(2, resourceBase(0) + ResourceWord.CAPACITY, 1),
    ],
    atEnd: (view) => {
      const used = view.word(resourceBase(0) + ResourceWord.USED);
      return used === 0 || used === 1 ? null : `USED is ${used} at the end`;
    },
  },
  {
    name: 'resize-down-wait',
    about: 'the capacity shrinks below what a waiter wants, then grows again, while a thread gives back',
    limits: [2],
    programs: [
      mainThread([{ capacity: 2 }], async (host) => {
        host.acquire('wide', { r0: 2 });
        host.guard.setCapacity('r0', 1);
        host.acquire('small', { r0: 1 });
        host.guard.setCapacity('r0', 2);
        await host.runUntil(() => host.hasGranted('small') || host.hasGranted('wide'));
        host.release('wide');
        host.release('small');
        await host.runUntil(() => host.hasGranted('wide') && host.hasGranted('small'));
        host.release('wide');
        host.release('small');
      }),
      holdingThread(1, [1]),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'close',
    about: 'the guard closes while one thread gives back, one takes, and the main thread waits',
    limits: [1],
    staleReads: true,
    programs: [
      mainThread(ONE, async (host) => {
        host.acquire('w', { r0: 1 });
        host.guard.close();
        host.release('w');
      }),
      holdingThread(1, [1]),
      lookingThread(2, Header.CLOSED, 1),
    ],
    atEnd: (view) => {
      const used = view.word(resourceBase(0) + ResourceWord.USED);
      return used === 0 ? null : `USED is ${used} at the end`;
    },
  },
  {
    name: 'quota',
    about: 'threads use a quota up while the main thread waits for it: each unit comes back once, after its period',
    limits: [1],
    programs: [
      mainThread([{ capacity: 1, refillPeriodMs: PERIOD_MS }], async (host, context) => {
        host.acquire('w', { r0: 1 });
        await host.runUntil(() => host.hasGranted('w') && host.hasEnded(1));
        await host.runUntil(() => context.load(resourceBase(0) + ResourceWord.USED) === 0);
      }),
      usingThread(1),
    ],
    atEnd: (view) => unitsLeft(view, 0, 0),
  },
];
