// Owns the scenarios in which threads sleep until the main thread has answered them: grants against time-outs, cancellation,
// closing and deaths.

import { RuntimeError } from '../../../../src/domain/runtime-error.ts';
import type { WaitLine } from '../../../../src/resources/thread-waiting.ts';
import type { ModelContext } from '../model-context.ts';
import type { Fate, Program, Scenario } from '../scenario.ts';
import { nothingLeft } from './ends.ts';
import { REFUSED, refusalOf } from './guard-host.ts';
import { holdAndGiveBack, holdingThread, ledgerThread, mainThread, ONE, unlessClosed } from './programs.ts';
import { requestOf, type Units } from './units.ts';

const TIMEOUT_MS = 5;

function lineOf(context: ModelContext, units: Units): WaitLine {
  const { threadId } = context;
  return {
    ask: (ticket) => context.post({ type: 'ask', threadId, ticket, units }),
    withdraw: (ticket) => context.post({ type: 'withdraw', threadId, ticket }),
    refusalOf: (ticket) => refusalOf(context, ticket),
  };
}

/** A thread that asks and sleeps until it is answered, then gives back. */
function blockedThread(threadId: number, units: Units, timed: boolean, fate: Fate = 'safe'): Program {
  return ledgerThread(threadId, fate, (context, capacity) => {
    context.begin();
    const allocationId = unlessRefused(() =>
      capacity.allocateSync(requestOf(units), lineOf(context, units), {
        monotonicMs: () => context.monotonicMs(),
        ...(timed ? { timeoutMs: TIMEOUT_MS } : {}),
      }),
    );
    if (allocationId !== null) holdAndGiveBack(context, capacity, units, allocationId);
    if (fate === 'safe') context.post({ type: 'ended', threadId });
  });
}

function unlessRefused(work: () => string): string | null {
  try {
    return unlessClosed(work);
  } catch (error) {
    const isTimeOut = error instanceof RuntimeError && error.code === 'RESOURCE_TIMEOUT';
    if (isTimeOut || (error instanceof Error && error.message === REFUSED)) return null;
    throw error;
  }
}

export const blockingScenarios: readonly Scenario[] = [
  {
    name: 'block-grant',
    about: 'a thread sleeps until another gives back',
    limits: [1],
    programs: [
      mainThread(ONE, (host) => host.runUntil(() => host.hasEnded(2))),
      holdingThread(1, [1]),
      blockedThread(2, [1], false),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'block-timeout',
    about: 'a thread that sleeps is granted the unit at the moment at which its time is over',
    limits: [1],
    programs: [
      mainThread(ONE, (host) => host.runUntil(() => host.hasEnded(2))),
      holdingThread(1, [1]),
      blockedThread(2, [1], true),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'block-cancel',
    about: 'the main thread cancels the wait of a thread that sleeps while another gives back',
    limits: [1],
    programs: [
      mainThread(ONE, async (host, context) => {
        await host.runUntil(() => host.hasAsked(2) || host.hasEnded(2));
        if (context.choose(2) === 1 && !host.hasEnded(2)) await host.turn();
        host.cancel('2.1');
        await host.runUntil(() => host.hasEnded(2));
      }),
      holdingThread(1, [1]),
      blockedThread(2, [1], true),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'block-close',
    about: 'the guard closes while a thread asks or sleeps and another gives back',
    limits: [1],
    programs: [
      mainThread(ONE, async (host, context) => {
        if (context.choose(2) === 1) await host.runUntil(() => host.hasAsked(2) || host.hasEnded(2));
        host.guard.close();
        await host.runUntil(() => host.hasEnded(2));
      }),
      holdingThread(1, [1]),
      blockedThread(2, [1], false),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'block-die',
    about: 'a thread dies at any step of asking, sleeping, waking up and giving back',
    earlyTimers: 0,
    limits: [1],
    programs: [
      mainThread(ONE, (host) => host.runUntil(() => host.isSettled(2)), true),
      holdingThread(1, [1]),
      blockedThread(2, [1], false, 'mortal'),
    ],
    atEnd: nothingLeft(1),
  },
  {
    name: 'block-two',
    large: true,
    about: 'two threads take or sleep for what the main thread has and gives back: both have it in the end',
    limits: [1],
    programs: [
      mainThread(
        ONE,
        async (host) => {
          host.acquire('own', { r0: 1 });
          await host.giveBackOnceGranted('own');
          await host.runUntil(() => host.hasEnded(1) && host.hasEnded(2));
        },
        true,
      ),
      blockedThread(1, [1], false),
      blockedThread(2, [1], false),
    ],
    atEnd: nothingLeft(1),
  },
];
