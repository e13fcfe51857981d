// Owns one observation of very many task actors that are alive at once: what it takes to start them, to hold them and to
// stop them all.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { z } from 'zod';
import type { ActorRegistry } from '../../src/actors/actor-registry.ts';
import type { TaskLogic } from '../../src/actors/task-record.ts';
import { countingRegistry, LIFE, taskInput, taskLogic } from './actor-life.ts';
import { readPlan, reportFindings } from './observation.ts';

const WARM_LIVES = 20_000;

const { actors, isCompiled } = readPlan(z.object({ actors: z.number(), isCompiled: z.number() }));
const logic = taskLogic(isCompiled === 1 ? 'compiled' : 'interpreted');

setFlagsFromString('--expose-gc');
const collect = z.function({ output: z.void() }).implement(runInNewContext('gc'));

function startAll(registry: ActorRegistry<TaskLogic>, count: number): void {
  for (let key = 0; key < count; key++) registry.create(logic, taskInput(key)).start();
}

function warmUp(): void {
  const registry = countingRegistry({ done: 0 });
  startAll(registry, WARM_LIVES);
  for (const actor of registry.children()) for (const event of LIFE) actor.send(event);
  startAll(registry, WARM_LIVES);
  registry.stopAll();
  registry.close();
}

function memory(): { readonly heapUsed: number; readonly rss: number } {
  collect();
  collect();
  return process.memoryUsage();
}

warmUp();
const registry = countingRegistry({ done: 0 });
const before = memory();
const startAtMs = performance.now();
startAll(registry, actors);
const startMs = performance.now() - startAtMs;
const started = registry.size;
const held = memory();
let alive = 0;
for (const actor of registry.children()) if (actor.getSnapshot().status === 'active') alive += 1;
const stopAtMs = performance.now();
registry.stopAll();
const stopMs = performance.now() - stopAtMs;
reportFindings({
  startMs,
  stopMs,
  heapBytes: held.heapUsed - before.heapUsed,
  residentBytes: held.rss - before.rss,
  started,
  alive,
  left: registry.size,
});
