// Owns the scenarios in which threads take and give back at once, at the edge of the capacity: one resource and two, in
// opposite orders. Nobody waits and nobody dies.

import type { Scenario } from '../scenario.ts';
import { nothingLeft } from './ends.ts';
import { idleMain, ONE, TWO, takingThread } from './programs.ts';

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
