// Owns the tools that take capacity for a user and give it back. What is taken is really gone from the engine's ledger:
// tasks wait for it until it is released. Only what was taken over MCP can be released over MCP; capacity of tasks,
// sessions and programs is not theirs to give.

import { z } from 'zod';
import { NearNames, quoteName, suggestion } from '../../domain/near-name.ts';
import { isRuntimeError, RuntimeError } from '../../domain/runtime-error.ts';
import type { OrchestrationEngine } from '../../engine/orchestration-engine.ts';
import { defineTool, ToolFailure } from '../mcp-tool.ts';
import { advice, isoTime, nameText } from '../tool-schemas.ts';

/** Allocations over MCP at one time: each is held until somebody releases it. */
const MOST_ALLOCATIONS = 10_000;
const MOST_LISTED = 200;

/** The engine's names for the two friendly ones, and megabytes of a gigabyte. */
const CPU = 'sys-compute';
const MEMORY = 'sys-memory';
const MEGABYTES = 1_024;

const amount = z.number().positive().max(1e12);
const someAmount = z.strictObject({ amount: amount.describe('In the unit of the resource') });
const requirements = z
  .object({
    cpu: z.strictObject({ cores: amount }).describe(`Processors of this machine, resource ${CPU}`).optional(),
    memory: z
      .union([z.strictObject({ gb: amount }), z.strictObject({ mb: amount })], {
        error: () => 'must be {gb: number} or {mb: number}, above 0',
      })
      .describe(`Memory of this machine, resource ${MEMORY}`)
      .optional(),
    disk: someAmount.describe('A resource named disk, where one is registered').optional(),
    network: someAmount.describe('A resource named network, where one is registered').optional(),
  })
  .catchall(someAmount);

const allocation = z.strictObject({
  allocation_id: z.string(),
  resources: z.record(z.string(), z.number()).describe('Amounts by resource id'),
  allocated_at: isoTime,
});

const standing = z.strictObject({
  resource_id: z.string(),
  requested: z.number(),
  available: z.number(),
  capacity: z.number(),
  current: z.number().describe('In use'),
  waiting: z.int().describe('Requests that wait for it'),
});

interface HeldAllocation {
  readonly allocationId: string;
  readonly userId: string;
  readonly resources: Readonly<Record<string, number>>;
  readonly allocatedAt: string;
}

const books = new WeakMap<OrchestrationEngine, Map<string, HeldAllocation>>();

/** What is held over MCP on an engine, by allocation id. */
export function allocationsOf(engine: OrchestrationEngine): Map<string, HeldAllocation> {
  const book = books.get(engine) ?? new Map<string, HeldAllocation>();
  books.set(engine, book);
  return book;
}

export const allocateResources = defineTool({
  name: 'allocate_resources',
  title: 'Take capacity',
  description: [
    'Takes capacity at once, all of it or nothing, and holds it until release_resources gives it back or the server ends; tasks of workflows wait for what is held here.',
    'Use it to keep processors, memory or a licence free for work outside of Yardmaster. Steps of workflows do not need it: they ask in their own resources.',
    'requirements: {"cpu": {"cores": 2}, "memory": {"gb": 1}, "any-resource-id": {"amount": 3}}; get_system_status lists the ids.',
    'When it is not free, the error says what is, for each resource. Units of a quota come back by themselves, not by a release.',
  ].join(' '),
  input: z.strictObject({
    user_id: nameText('Who it is for; release_resources takes the same'),
    requirements: requirements.describe('What is needed'),
  }),
  output: z.strictObject({
    allocated: z.boolean(),
    user_id: z.string(),
    requirements: z.record(z.string(), z.record(z.string(), z.number())),
    allocations: z.array(allocation).describe('Empty when it was refused'),
    resources: z.array(standing).describe('How the resources stand now'),
    next: advice,
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  run: ({ user_id: userId, requirements: given }, { engine }) => {
    const asked = amountsOf(given);
    const held = allocationsOf(engine);
    requireSome(asked, held.size);
    const granted = grant(engine, userId, given);
    if (granted !== null) {
      const { allocationId, resources, allocatedAt } = granted;
      held.set(allocationId, { allocationId, userId, resources, allocatedAt });
    }
    const data = {
      allocated: granted !== null,
      user_id: userId,
      requirements: given,
      allocations: granted === null ? [] : [allocationOf(granted)],
      resources: [...asked].map(([id, requested]) => standingOf(engine, id, requested)),
      next:
        granted === null
          ? ['Ask for less, release_resources for what is not needed any more, or try again when tasks have ended.']
          : [`release_resources {"allocation_id": ${JSON.stringify(granted.allocationId)}} gives it back.`],
    };
    if (granted !== null) return data;
    const free = data.resources.map(
      ({ resource_id: id, requested, available, capacity }) =>
        `${id}: ${requested} asked for, ${available} of ${capacity} free`,
    );
    const message = `nothing was allocated to ${quoteName(userId)}: ${free.join('; ')}. ${data.next.join(' ')}`;
    return new ToolFailure('RESOURCE_UNAVAILABLE', message, data, { user_id: userId });
  },
});

export const releaseResources = defineTool({
  name: 'release_resources',
  title: 'Give capacity back',
  description:
    'Gives back what allocate_resources took: one allocation by its id, or all that a user holds. Tasks that wait for it start at once. Give user_id or allocation_id; with both, the allocation must be that user’s. A user who holds nothing is no error: released is 0.',
  input: z.strictObject({
    user_id: nameText('All that this user holds').optional(),
    allocation_id: z.string().min(1).max(400).describe('One allocation').optional(),
  }),
  output: z.strictObject({
    released: z.int().describe('Allocations given back'),
    allocations: z.array(allocation.extend({ user_id: z.string() })).describe('At most 200 of them'),
    still_held: z.int().describe('Allocations over MCP that remain, of all users'),
    resources: z.array(standing.omit({ requested: true })).describe('How the resources stand now'),
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  run: ({ user_id: userId, allocation_id: id }, { engine }) => {
    const held = allocationsOf(engine);
    const released = releasable(held, userId, id);
    for (const { allocationId } of released) {
      held.delete(allocationId);
      release(engine, allocationId);
    }
    const touched = new Set(released.flatMap(({ resources }) => Object.keys(resources)));
    return {
      released: released.length,
      allocations: released.slice(0, MOST_LISTED).map((each) => ({ ...allocationOf(each), user_id: each.userId })),
      still_held: held.size,
      resources: [...touched].map((resource) => {
        const { requested: _, ...rest } = standingOf(engine, resource, 0);
        return rest;
      }),
    };
  },
});

type Requirements = z.output<typeof requirements>;

/** Amounts by resource id, in the order of the requirements. */
function amountsOf(given: Requirements): Map<string, number> {
  const amounts = new Map<string, number>();
  const add = (id: string, more: number) => amounts.set(id, (amounts.get(id) ?? 0) + more);
  for (const [name, shape] of Object.entries(given)) {
    if (shape === undefined) continue;
    if ('cores' in shape) add(CPU, shape.cores);
    else if ('gb' in shape) add(MEMORY, shape.gb * MEGABYTES);
    else if ('mb' in shape) add(MEMORY, shape.mb);
    else add(name, shape.amount);
  }
  return amounts;
}

function requireSome(asked: ReadonlyMap<string, number>, held: number): void {
  if (asked.size === 0) {
    throw new RuntimeError('MCP_ARGUMENTS_INVALID', 'requirements is empty; ask for {"cpu": {"cores": 1}}, say', {
      details: { tool: 'allocate_resources' },
    });
  }
  if (held < MOST_ALLOCATIONS) return;
  throw new RuntimeError(
    'RESOURCE_LIMIT',
    `${held} allocations are held over MCP, and no more than ${MOST_ALLOCATIONS} may be; release_resources gives some back`,
  );
}

function grant(engine: OrchestrationEngine, userId: string, given: Requirements) {
  const request = Object.fromEntries(Object.entries(given).flatMap(([name, shape]) => (shape ? [[name, shape]] : [])));
  try {
    // A name of their own: a user may be called like a session or a task, whose capacity is not to be touched.
    return engine.resources.allocateResources(`mcp:${userId}`, request);
  } catch (error) {
    if (!isRuntimeError(error) || error.code !== 'RESOURCE_NOT_FOUND') throw error;
    const ids = engine.resources.listResources().map(({ resourceId }) => resourceId);
    const missing = Object.keys(request).find((name) => name !== 'cpu' && name !== 'memory' && !ids.includes(name));
    const hint = missing === undefined ? '' : suggestion(new NearNames(ids).nearest(missing));
    const message = `no resource ${quoteName(missing ?? '')} is registered${hint}; there are ${ids.slice(0, 50).join(', ')}`;
    throw new RuntimeError('RESOURCE_NOT_FOUND', message, { details: { resource: missing } });
  }
}

function release(engine: OrchestrationEngine, allocationId: string): void {
  try {
    engine.resources.release(allocationId);
  } catch (error) {
    // The program itself gave it back: it is where it should be.
    if (!isRuntimeError(error) || error.code !== 'ALLOCATION_RELEASED') throw error;
  }
}

function releasable(
  held: ReadonlyMap<string, HeldAllocation>,
  userId: string | undefined,
  id: string | undefined,
): HeldAllocation[] {
  if (id === undefined) {
    if (userId !== undefined) return [...held.values()].filter((each) => each.userId === userId);
    throw new RuntimeError('MCP_ARGUMENTS_INVALID', 'give user_id or allocation_id', {
      details: { tool: 'release_resources' },
    });
  }
  const found = held.get(id);
  if (found !== undefined && (userId === undefined || found.userId === userId)) return [found];
  const whose = found === undefined ? '' : `; ${quoteName(id)} is held for ${quoteName(found.userId)}`;
  throw new RuntimeError(
    'ALLOCATION_NOT_FOUND',
    `no allocation ${quoteName(id)} is held over MCP${userId === undefined ? '' : ` for ${quoteName(userId)}`}${whose}; it was never made or is released`,
    { details: { allocationId: id } },
  );
}

function allocationOf({ allocationId, resources, allocatedAt }: Omit<HeldAllocation, 'userId'>) {
  return { allocation_id: allocationId, resources: { ...resources }, allocated_at: allocatedAt };
}

function standingOf({ resources }: OrchestrationEngine, id: string, requested: number) {
  const { available, capacity, current, waiting } = resources.getUsage(id);
  return { resource_id: id, requested, available, capacity, current, waiting };
}
