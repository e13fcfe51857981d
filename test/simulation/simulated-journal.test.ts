// The model of the store itself: a simulation is worth no more than the promises of what it stands on.

import { describe, expect, it } from 'vitest';
import type { Fact } from '../../src/domain/facts.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { readFacts, SimulatedJournal, type StoreHabits } from './simulated-journal.ts';
import { WorldTime } from './world-time.ts';

const HABITS: StoreHabits = {
  gatherMs: 1,
  writeMs: 5,
  acknowledgeMs: 2,
  congestedAbove: 1_000,
  failingWrite: Number.POSITIVE_INFINITY,
};

function factNumber(index: number): Fact {
  return { type: 'task.cancelled', v: 1, runId: 'run', atMs: index, task: `task-${index}`, reason: 'x'.repeat(20) };
}

function world(seed: number, habits: Partial<StoreHabits> = {}) {
  const random = new SeededRandom(seed);
  const time = new WorldTime(random.split('ties'));
  const disk = new SimulatedDisk(random.split('disk'));
  const wrecks: { lost: number; torn: number; reordered: number }[] = [];
  const synced: number[] = [];
  const open = () =>
    new SimulatedJournal({
      disk,
      time,
      random: random.split('store'),
      habits: { ...HABITS, ...habits },
      watcher: {
        appended: () => {},
        synced: (sequence) => synced.push(sequence),
        failed: () => {},
        congested: () => {},
      },
      wrecked: (wreck) => wrecks.push(wreck),
    });
  return { random, time, disk, open, wrecks, synced };
}

/** Lets so many things happen. */
async function happen({ time }: { readonly time: WorldTime }, times: number): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    time.take()?.callback?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the simulated store', () => {
  it('keeps a prefix of what was appended, and all that was acknowledged, whenever the process dies', async () => {
    const seen = { lost: 0, torn: 0, reordered: 0, more: 0 };
    for (let seed = 1; seed <= 300; seed++) {
      const it = world(seed);
      const journal = it.open();
      let acknowledged = 0;
      let appended = 0;
      for (let turn = it.random.between(1, 12); turn > 0; turn--) {
        for (let more = it.random.between(0, 4); more > 0; more--) {
          const sequence = journal.append(factNumber(appended++));
          void journal.durable(sequence).then(() => {
            acknowledged = Math.max(acknowledged, sequence);
          });
        }
        await happen(it, it.random.between(0, 3));
      }
      const kept = acknowledged;
      journal.die();
      const survived = it.open().facts;
      expect(survived.length).toBeGreaterThanOrEqual(kept);
      expect(survived).toEqual(Array.from({ length: survived.length }, (_, index) => factNumber(index)));
      if (survived.length > kept) seen.more++;
      for (const wreck of it.wrecks) {
        seen.lost += wreck.lost;
        seen.torn += wreck.torn;
        seen.reordered += wreck.reordered;
      }
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  it('touches the disk no more once its process is dead', async () => {
    const it = world(7);
    const journal = it.open();
    journal.append(factNumber(0));
    await happen(it, 6);
    journal.die();
    const before = readFacts(it.disk);
    journal.append(factNumber(1));
    await happen(it, 6);
    expect(readFacts(it.disk)).toEqual(before);
  });

  it('refuses whoever waits when a write fails, and takes nothing in any more', async () => {
    const it = world(3, { failingWrite: 1 });
    const journal = it.open();
    journal.append(factNumber(0));
    await happen(it, 6);
    const refused = expect(journal.durable(journal.append(factNumber(1)))).rejects.toMatchObject({
      code: 'JOURNAL_WRITE_FAILED',
    });
    await happen(it, 6);
    await refused;
    await expect(journal.durable(1)).resolves.toBeUndefined();
    expect(journal.failure?.code).toBe('JOURNAL_WRITE_FAILED');
    journal.append(factNumber(2));
    expect(journal.lastSequence()).toBe(2);
  });

  it('keeps the durations of steps beside the facts, as far as they reached the disk', async () => {
    const it = world(11);
    const journal = it.open();
    journal.recordDurations('w', new Map([['a', 1]]));
    journal.recordDurations('w', new Map([['a', 4]]));
    expect(journal.durationsOf('w')).toEqual(new Map([['a', 2.5]]));
    await happen(it, 6);
    journal.append(factNumber(0));
    await happen(it, 6);
    journal.die();
    journal.recordDurations('w', new Map([['a', 100]]));
    const survivor = it.open();
    expect(survivor.durationsOf('w')).toEqual(new Map([['a', 2.5]]));
    expect(survivor.durationsOf('nobody').size).toBe(0);
    expect(survivor.facts).toEqual([factNumber(0)]);
  });

  it('makes everything durable before it closes', async () => {
    const it = world(5);
    const journal = it.open();
    for (let index = 0; index < 5; index++) journal.append(factNumber(index));
    const closed = journal.close();
    await happen(it, 10);
    await closed;
    expect(readFacts(it.disk)).toHaveLength(5);
    expect(() => journal.append(factNumber(6))).toThrow(expect.objectContaining({ code: 'ENGINE_CLOSED' }));
  });
});
