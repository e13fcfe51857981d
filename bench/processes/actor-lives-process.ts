// Owns one observation of the lives of task actors: so many of each form, in turns, under a registry and as roots.

import { createActor } from 'xstate';
import { z } from 'zod';
import type { TaskLogic } from '../../src/actors/task-record.ts';
import { countingRegistry, LIFE, taskInput, taskLogic } from './actor-life.ts';
import { interleave, readPlan, reportFindings } from './observation.ts';

const { lives, rounds } = readPlan(z.object({ lives: z.number(), rounds: z.number() }));

function underRegistry(logic: TaskLogic): number {
  const counts = { done: 0 };
  const registry = countingRegistry(counts);
  for (let key = 0; key < lives; key++) {
    const actor = registry.create(logic, taskInput(key));
    actor.start();
    for (const event of LIFE) actor.send(event);
  }
  registry.close();
  return counts.done;
}

function asRoots(logic: TaskLogic): number {
  let done = 0;
  for (let key = 0; key < lives; key++) {
    const actor = createActor(logic, { input: taskInput(key) });
    actor.start();
    for (const event of LIFE) actor.send(event);
    if (actor.getSnapshot().status === 'done') done += 1;
  }
  return done;
}

const interpreted = taskLogic('interpreted');
const compiled = taskLogic('compiled');
const variants = {
  interpretedLife: { run: async () => underRegistry(interpreted) },
  compiledLife: { run: async () => underRegistry(compiled) },
  interpretedRoot: { run: async () => asRoots(interpreted) },
  compiledRoot: { run: async () => asRoots(compiled) },
};
// Once unmeasured: code is compiled by that.
await interleave(variants, 1);
reportFindings(await interleave(variants, rounds));
