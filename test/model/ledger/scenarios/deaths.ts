// Owns the scenarios in which a thread dies at any of its steps, or is sealed and ended on purpose, and the main thread
// gives back what it held: exactly once, exactly as much, while others go on.

import { OwnerWord, ownerBase } from '../../../../src/resources/ledger-layout.ts';
import type { ModelContext } from '../model-context.ts';
import type { Program, Scenario } from '../scenario.ts';
import { nothingLeft } from './ends.ts';
import type { GuardHost, ResourceSetup } from './guard-host.ts';
import {
  holdingThread,
  lateThread,
  ledgerThread,
  mainThread,
  ONE,
  TWO,
  takingThread,
  unlessClosed,
} from './programs.ts';
import { believe, requestOf, type Units } from './units.ts';

/** Without a bound a thread that comes in again each time can be found inside for ever. */
const SEAL_ATTEMPTS = 2;

/** A main thread that only hears of deaths and gives back. */
function reclaimingMain(resources: readonly ResourceSetup[], threadIds: readonly number[]): Program {
  return mainThread(resources, (host) => host.runUntilSettled(threadIds), true);
}

/** Ends a thread the way the pool does: sealed first, if that can be had within its patience. */
function endSealed(host: GuardHost, context: ModelContext, threadId: number, slot: number): void {
  const gate = ownerBase(slot) + OwnerWord.GATE;
  for (let attempt = 0; attempt < SEAL_ATTEMPTS; attempt++) {
    const seen = context.load(gate);
    if (host.guard.sealThread(threadId) !== 'busy') break;
    if (attempt < SEAL_ATTEMPTS - 1) context.spin(gate, seen);
  }
  context.condemn(threadId);
}

function sealingMain(resources: readonly ResourceSetup[]): Program {
  const live = async (host: GuardHost, context: ModelContext): Promise<void> => {
    endSealed(host, context, 1, 0);
    await host.runUntilSettled([1]);
  };
  return mainThread(resources, live, true);
}

/** A thread that takes and never gives back. */
function graspingThread(threadId: number, units: Units): Program {
  return ledgerThread(threadId, 'mortal', (context, capacity) => {
    context.begin();
    if (unlessClosed(() => capacity.tryAllocate(requestOf(units))) !== null) believe(context, units, true);
  });
}

export const deathScenarios: readonly Scenario[] = [
  {
    name: 'die-take-give',
    about: 'a thread dies at any step of taking and giving back, another takes and gives back',
    earlyTimers: 1,
    limits: [1],
    programs: [reclaimingMain(ONE, [1]), takingThread(1, [[1]], 'mortal'), takingThread(2, [[1]])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'die-give-wait',
    about: 'a thread dies at any step of giving back while the main thread waits for it',
    earlyTimers: 1,
    limits: [1],
    programs: [
      mainThread(ONE, async (host) => {
        host.acquire('w', { r0: 1 });
        await host.giveBackOnceGranted('w');
        await host.runUntil(() => host.isSettled(1));
      }),
      holdingThread(1, [1], [], 'mortal'),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'die-multi',
    about: 'a thread dies while it takes two resources or rolls back, another has one of them meanwhile',
    earlyTimers: 1,
    limits: [1, 1],
    programs: [reclaimingMain(TWO, [1]), takingThread(1, [[1, 1]], 'mortal'), takingThread(2, [[0, 1]])],
    atEnd: nothingLeft(2),
  },
  {
    name: 'die-both',
    about: 'two threads die, one at any step of giving back, the other at any step of taking',
    earlyTimers: 0,
    limits: [1],
    programs: [reclaimingMain(ONE, [1, 2]), holdingThread(1, [1], [], 'mortal'), graspingThread(2, [1])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'die-both-take-give',
    about: 'two threads die at any step of taking and giving back, in any order',
    earlyTimers: 0,
    limits: [1],
    programs: [reclaimingMain(ONE, [1, 2]), takingThread(1, [[1]], 'mortal'), takingThread(2, [[1]], 'mortal')],
    atEnd: nothingLeft(1),
  },
  {
    name: 'die-sealed',
    about: 'a thread is sealed and ended on purpose while it takes and gives back',
    earlyTimers: 0,
    limits: [1],
    programs: [sealingMain(ONE), takingThread(1, [[1]], 'condemnable')],
    atEnd: nothingLeft(1),
  },
  {
    name: 'die-sealed-contended',
    about: 'a thread is sealed and ended on purpose while it and another take and give back',
    large: true,
    earlyTimers: 0,
    limits: [1],
    programs: [sealingMain(ONE), takingThread(1, [[1]], 'condemnable'), takingThread(2, [[1]])],
    atEnd: nothingLeft(1),
  },
  {
    name: 'die-reuse',
    about: 'a thread dies, and a new one claims a row meanwhile: its own or the next',
    earlyTimers: 1,
    limits: [1],
    programs: [reclaimingMain(ONE, [1]), takingThread(1, [[1]], 'mortal'), lateThread(2, [[1]])],
    atEnd: nothingLeft(1),
  },
];
