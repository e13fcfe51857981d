// Owns one observation of the journal bench: facts until they are durable in each store, in turns; then facts at a steady
// pace while the delay of the event loop is watched, against the same loop without them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { Journal } from '../../src/journal/journal.ts';
import { createMemoryJournal } from '../../src/journal/stores/memory.ts';
import { openSqliteJournal } from '../../src/journal/stores/sqlite.ts';
import { interleave, readPlan, reportFindings } from './observation.ts';

const { facts, rounds, pacedMs } = readPlan(z.object({ facts: z.number(), rounds: z.number(), pacedMs: z.number() }));
/** Facts that the engine appends in one go when a message with ended tasks comes from a thread. */
const BURST = 200;
const PACE_MS = 10;

const folder = mkdtempSync(join(tmpdir(), 'journal-bench-'));
const clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
const onDisk = (durability: 'full' | 'normal' | 'none') =>
  openSqliteJournal({ dataDir: join(folder, durability), durability, clock });
const journals = {
  full: await onDisk('full'),
  normal: await onDisk('normal'),
  none: await onDisk('none'),
  memory: createMemoryJournal({ keepFacts: Number.POSITIVE_INFINITY }),
};

const appendMs = { full: 0, normal: 0, none: 0, memory: 0 };
const variants = Object.fromEntries(
  namesOf(journals).map((name) => [name, { run: () => appendAll(journals[name], name) }]),
);
// Unmeasured at first, so that the code is compiled; counted all the same.
await interleave(variants, 1);
for (const name of namesOf(journals)) appendMs[name] = 0;
const throughput = await interleave(variants, rounds);

const delays: Record<string, number[]> = { idle: [], full: [], memory: [] };
let paced = 0;
for (let round = 0; round < rounds; round++) {
  for (const name of ['idle', 'full', 'memory'] as const) delays[name]?.push(await delayWhilePaced(name));
}

const kept = Object.fromEntries(namesOf(journals).map((name) => [name, countOf(journals[name])]));
for (const journal of Object.values(journals)) await journal.close();
rmSync(folder, { recursive: true });
reportFindings({ throughput, appendMs, delays, kept, paced });

async function appendAll(journal: Journal, name: keyof typeof journals): Promise<number> {
  const before = journal.lastSequence();
  while (journal.lastSequence() - before < facts) {
    const start = performance.now();
    appendBurst(journal);
    appendMs[name] += performance.now() - start;
    await setImmediate();
    // As the engine does: nothing new while the store is behind.
    if (journal.isCongested) await journal.durable(journal.lastSequence());
  }
  await journal.durable(journal.lastSequence());
  return journal.lastSequence() - before;
}

function appendBurst(journal: Journal): void {
  for (let index = 0; index < BURST / 2; index++) {
    const task = `task-${journal.lastSequence()}`;
    const base = { v: 1, runId: 'run-V1StGXR8_Z5j', atMs: 1_767_225_600_000, task, attempt: 1 } as const;
    journal.append({ ...base, type: 'task.started', deadlineMs: null, expiresAtMs: null });
    journal.append({ ...base, type: 'task.completed', output: { index, ok: true } });
  }
}

// 99th percentile in milliseconds of how late a timer of 1 ms is.
async function delayWhilePaced(name: 'idle' | 'full' | 'memory'): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  const end = performance.now() + pacedMs;
  for (let due = performance.now(); due < end; due += PACE_MS) {
    if (name !== 'idle') {
      appendBurst(journals[name]);
      paced += BURST;
    }
    await setTimeout(Math.max(1, due + PACE_MS - performance.now()));
  }
  histogram.disable();
  if (name !== 'idle') await journals[name].durable(journals[name].lastSequence());
  return histogram.percentile(99) / 1e6;
}

function countOf(journal: Journal): number {
  let count = 0;
  for (const { sequence } of journal.read()) if (sequence === count + 1) count += 1;
  return count;
}

function namesOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(record) as Key[];
}
