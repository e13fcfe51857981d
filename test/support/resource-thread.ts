// A thread that does with capacity what it is told, one command after the other, through the same `context.resources`
// that a task body gets in a pool thread. Counts what it holds for the witness too.

import { parentPort, threadId, workerData } from 'node:worker_threads';
import { assertNever, invariant, RuntimeError } from '../../src/domain/runtime-error.ts';
import { serializeError } from '../../src/domain/serialized-error.ts';
import { CapacityLedger } from '../../src/resources/capacity-ledger.ts';
import { amountOfUnits, unitsOfAmount } from '../../src/resources/fixed-point.ts';
import { ThreadCapacity } from '../../src/resources/thread-capacity.ts';
import { HomeLine } from '../../src/workers/home-line.ts';
import { ThreadResources } from '../../src/workers/thread-resources.ts';
import { CapacityWitness } from './capacity-witness.ts';
import {
  type Amount,
  type CommandMessage,
  type CommandReply,
  type Cycle,
  type CycleReport,
  listOf,
  type ResourceCommand,
  type ResourceThreadStart,
  requestOf,
  type UsageNumbers,
} from './resource-commands.ts';
import { runCycle } from './resource-cycle.ts';

const start = workerData as ResourceThreadStart;
const ledger = CapacityLedger.attach(start.ledger);
const share = new ThreadCapacity(start.ledger, threadId);
const home = new HomeLine(start.home);
const cancelled = new Int32Array(start.cancelled);
const duties = { beat: () => undefined, isCancelled: () => Atomics.load(cancelled, 0) === 1 };
const resources = new ThreadResources(share, home, start.attemptKey, start.name, duties);
const witness = new CapacityWitness((id) => ledger.findResource(id), start.witness);
const held = new Map<string, readonly Amount[]>();

function obey(command: ResourceCommand): unknown {
  switch (command.kind) {
    case 'try':
      return tryAcquire(command.amounts);
    case 'acquire':
      return acquire(command.amounts, command.timeout);
    case 'release':
      return release(command.allocationId);
    case 'release-all':
      return releaseAll();
    case 'usage':
      return usageOf(command.id);
    case 'give-unbooked':
      return giveUnbooked(command.id, command.amount);
    case 'cycle':
      return runCycleHere(command.cycle);
    case 'exit':
      return process.exit(0);
    default:
      return assertNever(command);
  }
}

function tryAcquire(amounts: readonly Amount[]): string | null {
  const request = requestOf(amounts);
  const allocationId = request === null ? share.tryAllocate(listOf(amounts)) : resources.tryAllocate(request);
  if (allocationId !== null) note(allocationId, amounts);
  return allocationId;
}

async function acquire(amounts: readonly Amount[], timeout: number | null): Promise<string> {
  const request = requestOf(amounts);
  if (request === null) throw new RuntimeError('ARGUMENT_INVALID', 'a wait in a thread names each resource once');
  const options = timeout === null ? {} : { timeoutMs: timeout };
  const allocationId =
    start.waiting === 'blocking'
      ? resources.allocateSync(request, options)
      : await resources.allocate(request, options);
  note(allocationId, amounts);
  return allocationId;
}

function note(allocationId: string, amounts: readonly Amount[]): void {
  held.set(allocationId, amounts);
  witness.entered(amounts);
}

function release(allocationId: string): void {
  const amounts = held.get(allocationId);
  // Before, since after it others may already have it.
  if (amounts !== undefined) witness.leaving(amounts);
  held.delete(allocationId);
  resources.release(allocationId);
}

function releaseAll(): number {
  for (const amounts of held.values()) witness.leaving(amounts);
  held.clear();
  return share.releaseEverything();
}

function usageOf(id: string): UsageNumbers {
  const index = ledger.findResource(id);
  invariant(index >= 0, `resource ${id} is not known in this thread`);
  const { scale } = ledger.factsOf(index);
  const used = ledger.usedUnits(index);
  return {
    used: amountOfUnits(used, scale),
    peak: amountOfUnits(ledger.peakUnits(index), scale),
    available: amountOfUnits(Math.max(0, ledger.capacityUnits(index) - used), scale),
    waiting: ledger.waitingCount(index),
  };
}

function giveUnbooked(id: string, amount: number): string {
  const index = ledger.findResource(id);
  return ledger.give(index, unitsOfAmount(id, amount, ledger.factsOf(index).scale));
}

function runCycleHere(cycle: Cycle): Promise<CycleReport> {
  return runCycle(cycle, {
    tryAcquire,
    acquire: (amounts, { timeout }) => acquire(amounts, timeout ?? null),
    release,
    spend: (spins, isHolding) => {
      for (let spin = isHolding ? spins : 0; spin > 0; spin--) ledger.resourceCount();
    },
  });
}

async function answer({ number, command }: CommandMessage): Promise<void> {
  let reply: CommandReply;
  try {
    reply = { number, value: await obey(command) };
  } catch (error) {
    reply = { number, error: serializeError(error, 'INTERNAL') };
  }
  parentPort?.postMessage(reply);
}

parentPort?.on('message', (message: CommandMessage) => void answer(message));
parentPort?.postMessage({ number: 0, value: 'ready' });
