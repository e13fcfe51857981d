// Owns the bench of the capacity ledger: the cost of taking capacity and giving it back, alone and against another thread.
// After each row the ledger must be back at zero with as many pairs done as were asked for.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { systemPorts } from '../src/engine/engine-ports.ts';
import { SystemTimers } from '../src/engine/system-timers.ts';
import { CapacityGuard } from '../src/resources/capacity-guard.ts';
import { CapacityLedger } from '../src/resources/capacity-ledger.ts';
import { scaleOf } from '../src/resources/fixed-point.ts';
import { LedgerOwner } from '../src/resources/ledger-owner.ts';
import { type BenchOptions, type BenchRow, refuseUndone, rowOf } from './measurement.ts';
import { timeStretches } from './stretches.ts';

export const description =
  'One take and the giving back of it, on the shared words of the ledger: one thread alone, without and with the row that ' +
  'says what it holds; through the guard, as the dispatcher does it; two threads on the same words (time per pair as ' +
  'each of them sees it).';

const CAPACITY = 1_000;
const THREADS = 2;
const LONE_PAIRS = 1_000;
/** How many resources a request names. */
const WIDTHS = [1, 3];

const names = {
  lone: (width: number) => `take + give, ${resources(width)}, one thread`,
  owned: (width: number) => `take + give, ${resources(width)}, one thread, written into its row`,
  guarded: (width: number) => `tryGrant + giveBack, ${resources(width)}, through the guard`,
  booked: (width: number) => `allocate + release, ${resources(width)}, by name and id, as programs do`,
  contended: (width: number) => `take + give, ${resources(width)}, two threads on the same words`,
};

/** One way of taking and giving back; `once` says whether both were done. */
interface Pair {
  readonly ledger: CapacityLedger;
  readonly indices: readonly number[];
  once(): boolean;
}

const threadFindings = z.object({ elapsedMs: z.number(), done: z.number() });

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const width of WIDTHS) rows.push(await measurePair(names.lone(width), lonePair(width), options));
  for (const width of WIDTHS) rows.push(await measurePair(names.owned(width), ownedPair(width), options));
  for (const width of WIDTHS) rows.push(await measurePair(names.guarded(width), guardedPair(width), options));
  for (const width of WIDTHS) rows.push(await measurePair(names.booked(width), bookedPair(width), options));
  for (const width of WIDTHS) rows.push(await measureContended(width, options));
  return rows;
}

export function verify(rows: readonly BenchRow[]): void {
  refuseUndone(
    rows,
    WIDTHS.flatMap((width) => Object.values(names).map((nameOf) => nameOf(width))),
  );
}

function lonePair(width: number): Pair {
  const { ledger, indices } = ledgerOf(width);
  const units = indices.map(() => 1);
  const once = () => {
    if (ledger.takeAll(indices, units) !== 'granted') return false;
    let given = 0;
    for (const index of indices) if (ledger.give(index, 1) === 'given') given += 1;
    return given === width;
  };
  return { ledger, indices, once };
}

// What context.resources does beneath its checks: the gate, the ledger, and the counts a dead thread is judged by.
function ownedPair(width: number): Pair {
  const { ledger, indices } = ledgerOf(width);
  const owner = LedgerOwner.claim(ledger, 1);
  if (owner === null) throw new Error('the new ledger has no free row');
  const units = indices.map(() => 1);
  const once = () => {
    return owner.takeAll(indices, units, null) === 'granted' && owner.giveAll(indices, units, null) === 'given';
  };
  return { ledger, indices, once };
}

// What the dispatcher does for each task: a request prepared once, granted and given back on the main thread.
function guardedPair(width: number): Pair {
  const { guard, ids, wanted } = guardOf(width);
  const request = guard.prepare(wanted);
  const once = () => {
    if (!guard.tryGrant(request)) return false;
    guard.giveBack(request);
    return true;
  };
  return { ledger: guard.ledger, indices: ids.map((id) => guard.ledger.findResource(id)), once };
}

// The slower way in: names looked up and amounts checked each time, an allocation with an id that is booked.
function bookedPair(width: number): Pair {
  const { guard, ids, wanted } = guardOf(width);
  const once = () => {
    const allocation = guard.allocateAll(wanted, 'bench');
    if (allocation === null) return false;
    guard.release(allocation.allocationId);
    return true;
  };
  return { ledger: guard.ledger, indices: ids.map((id) => guard.ledger.findResource(id)), once };
}

function guardOf(width: number) {
  const time = new SystemTimers();
  const guard = new CapacityGuard({ clock: time, timers: time, ids: systemPorts().ids });
  const ids = Array.from({ length: width }, (_, index) => `resource-${index}`);
  for (const id of ids) guard.register(id, 'custom', CAPACITY);
  return { guard, ids, wanted: Object.fromEntries(ids.map((id) => [id, 1])) };
}

async function measurePair(name: string, pair: Pair, options: BenchOptions): Promise<BenchRow> {
  const { ledger, indices, once } = pair;
  const done = { pairs: 0, calls: 0 };
  const samples = await timeStretches(options, () => {
    done.calls += 1;
    for (let index = 0; index < LONE_PAIRS; index++) if (once()) done.pairs += 1;
  });
  const pairNs = samples.map((ms) => (ms * 1e6) / LONE_PAIRS);
  return rowOf(name, 'ns', pairNs, {
    observed: 'stretch',
    work: { pairs: done.pairs, unitsLeft: unitsLeft(ledger, indices), peakUnits: ledger.peakUnits(indices[0] ?? 0) },
    expected: { pairs: done.calls * LONE_PAIRS, unitsLeft: 0, peakUnits: 1 },
  });
}

async function measureContended(width: number, { tiny }: BenchOptions): Promise<BenchRow> {
  const { ledger, indices } = ledgerOf(width);
  const pairs = tiny ? 100 : 1_000_000;
  const stretches = tiny ? 1 : 9;
  const values: number[] = [];
  let done = 0;
  for (let stretch = 0; stretch < stretches; stretch++) {
    const barrier = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const workerData = { buffer: ledger.buffer, barrier, indices, pairs, threads: THREADS };
    const found = await Promise.all(Array.from({ length: THREADS }, () => runThread(workerData)));
    for (const { elapsedMs, done: pairsDone } of found) {
      values.push((elapsedMs * 1e6) / pairs);
      done += pairsDone;
    }
  }
  // A peak of two units says that both threads held at the same time; so few pairs as in a tiny run may miss each other.
  const met = tiny ? {} : { peakUnits: THREADS };
  return rowOf(names.contended(width), 'ns', values, {
    observed: 'stretch',
    work: { pairs: done, unitsLeft: unitsLeft(ledger, indices), peakUnits: ledger.peakUnits(indices[0] ?? 0) },
    expected: { pairs: pairs * stretches * THREADS, unitsLeft: 0, ...met },
  });
}

async function runThread(data: Readonly<Record<string, unknown>>): Promise<z.infer<typeof threadFindings>> {
  const worker = new Worker(new URL('processes/ledger-thread.ts', import.meta.url), { workerData: data });
  const exited = once(worker, 'exit');
  const [message]: unknown[] = await once(worker, 'message');
  await exited;
  return threadFindings.parse(message);
}

function ledgerOf(width: number): { readonly ledger: CapacityLedger; readonly indices: number[] } {
  const ledger = CapacityLedger.create();
  const indices = Array.from({ length: width }, (_, index) => {
    const id = `resource-${index}`;
    const defined = ledger.define({ id, type: 'custom', kind: 'counting', scale: scaleOf(id, 1) }, CAPACITY);
    if (defined === 'full') throw new Error('the ledger has no room for the resources of the bench');
    return defined;
  });
  return { ledger, indices };
}

function unitsLeft(ledger: CapacityLedger, indices: readonly number[]): number {
  return indices.reduce((sum, index) => sum + ledger.usedUnits(index), 0);
}

function resources(width: number): string {
  return width === 1 ? 'one resource' : `${width} resources all-or-nothing`;
}
