// Owns the search for deadlocks among task bodies that wait for capacity (`context.resources.allocate`), and their end: of
// every ring one wait is refused with RESOURCE_DEADLOCK, the others go on. What a step declares is taken all at once
// before it starts, holding nothing meanwhile: only what bodies take while they run can close a ring.
//
// It looks when a wait has lasted DEADLOCK_AFTER_MS, not at each wait: most waits are over sooner, and a ring does not go
// away by itself. Its cost falls on nobody who does not wait. What it refuses is decided by wait-for-graph.ts alone.
//
// Limits of what can be known: a body that waits without awaiting it, and gives something back meanwhile, is taken for one
// that waits; a wait with a time-out counts like one without, since nobody of its ring goes on before it fails.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import type { EventSink, EventSubject } from '../domain/events.ts';
import { quoteName } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { AcquireWait, AcquireWaits } from './acquire-waits.ts';
import type { AllocationBook } from './allocation-book.ts';
import type { OwnerRows } from './owner-rows.ts';
import type { ResourceRegistry } from './resource-registry.ts';
import {
  type DeadlockFound,
  findDeadlock,
  type PartyWait,
  type RingLink,
  type WaitingParty,
} from './wait-for-graph.ts';

/** Longer than nearly every wait that ends by itself, short beside the work of tasks; databases wait as long. */
export const DEADLOCK_AFTER_MS = 1_000;
/** While bodies go on waiting: for what no new wait gives away, such as a capacity that was lowered. */
const LOOK_AGAIN_MS = 10_000;
/** Requests from outside of tasks that are looked at as possibly in the way; they hold nothing that is known of. */
const MAX_OUTSIDERS = 256;

/** A task body under way: where it runs, by which name it asks, and what its step declared. */
export interface CapacityHolder {
  readonly subject: Required<Pick<EventSubject, 'sessionId' | 'runId' | 'task' | 'taskId'>>;
  /** Of a body in a thread; null on the main loop. */
  readonly threadId: number | null;
  /** Of a body on the main loop; null in a thread. */
  readonly requesterId: string | null;
  /** What it was given before its start. */
  readonly request: { readonly indices: readonly number[]; readonly units: readonly number[] } | null;
}

/** A task of a deadlock. */
export interface DeadlockedTask {
  readonly runId: string;
  readonly task: string;
  readonly taskId: string;
}

/** A party of a ring waits for a resource because of the next party; the last one's next is the first. */
export interface DeadlockLink {
  /** null = a request from outside of tasks. */
  readonly task: DeadlockedTask | null;
  readonly resourceId: string;
  /** The next one holds units of it, or stands before it in line. */
  readonly because: 'holds' | 'ahead';
}

/** Tasks that wait for each other for ever. */
export interface Deadlock {
  /** All that cannot go on, whether in the ring or behind it. */
  readonly tasks: readonly DeadlockedTask[];
  readonly cycle: readonly DeadlockLink[];
  /** The one whose wait closed the ring: refused when it has lasted a second. */
  readonly latest: DeadlockedTask;
  /** The ring in one sentence. */
  readonly message: string;
}

export interface DeadlockWatchParts {
  readonly capacityUnits: (index: number) => number;
  readonly registry: ResourceRegistry;
  readonly owners: OwnerRows;
  readonly book: AllocationBook;
  readonly waits: AcquireWaits;
  readonly clock: Clock;
  readonly timers: TimerService;
  readonly events: EventSink | null;
}

interface Party extends WaitingParty {
  readonly holder: CapacityHolder | null;
  readonly waits: PartyWait[];
  /** In the same order as `waits`. */
  readonly pending: AcquireWait[];
}

interface Finding {
  readonly deadlock: Deadlock;
  readonly victim: CapacityHolder;
  readonly wait: AcquireWait;
}

export class DeadlockWatch {
  readonly #parts: DeadlockWatchParts;
  #holders: (() => Iterable<CapacityHolder>) | null = null;
  #timer: TimerHandle | null = null;
  #isClosed = false;

  constructor(parts: DeadlockWatchParts) {
    this.#parts = parts;
    parts.waits.onWaiting = () => this.#lookAt(parts.clock.now() + DEADLOCK_AFTER_MS);
  }

  /** Begins to watch; `holders` gives the bodies under way at the moment of the call. */
  watch(holders: () => Iterable<CapacityHolder>): void {
    this.#holders = holders;
  }

  /** All deadlocks as things stand, each as if the waits that closed those before it had been refused. Changes nothing. */
  find(): Deadlock[] {
    return this.#findAll().map(({ deadlock }) => deadlock);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) this.#parts.timers.cancel(this.#timer);
    this.#timer = null;
  }

  #lookAt(atMs: number): void {
    if (this.#timer !== null || this.#holders === null || this.#isClosed) return;
    this.#timer = this.#parts.timers.schedule(atMs, () => {
      this.#timer = null;
      this.#look();
    });
  }

  #look(): void {
    const nowMs = this.#parts.clock.now();
    for (const { deadlock, victim, wait } of this.#findAll()) {
      // A refusal before may have let it have what it waits for.
      const isDue = wait.sinceMs + DEADLOCK_AFTER_MS <= nowMs && this.#parts.waits.has(wait);
      if (isDue) this.#refuse(deadlock, victim, wait);
    }
    const requesters = new Set<string | null>();
    for (const { requesterId } of this.#holders?.() ?? []) requesters.add(requesterId);
    requesters.delete(null);
    let hasBodies = false;
    for (const { sinceMs, threadId, requesterId } of this.#parts.waits.all()) {
      if (sinceMs + DEADLOCK_AFTER_MS > nowMs) {
        this.#lookAt(sinceMs + DEADLOCK_AFTER_MS);
        return;
      }
      hasBodies ||= threadId !== null || requesters.has(requesterId);
    }
    if (hasBodies) this.#lookAt(nowMs + LOOK_AGAIN_MS);
  }

  #refuse(deadlock: Deadlock, { subject }: CapacityHolder, wait: AcquireWait): void {
    const { tasks, cycle, message } = deadlock;
    const resourceIds = wait.request.ids;
    const refused = { ...deadlock.latest, resourceIds };
    this.#parts.events?.emit('resource.deadlock', subject, { cycle, tasks, refused, message });
    wait.fail(
      new RuntimeError(
        'RESOURCE_DEADLOCK',
        `task ${quoteName(subject.task)} does not get ${resourceIds.map(quoteName).join(', ')}: ${message}; declare what a step needs under its resources, so that it is given all at once, or let all tasks take them in one order`,
        { details: { cycle, tasks, refused } },
      ),
    );
  }

  #findAll(): Finding[] {
    const parties = this.#parties();
    const findings: Finding[] = [];
    // Each round takes one party out, so it ends.
    for (;;) {
      const found = findDeadlock(parties, (index) => this.#capacityOf(index));
      const party = found === null ? undefined : parties[found.latest.party];
      if (found === null || party === undefined || party.holder === null) return findings;
      const wait = party.pending[party.waits.indexOf(found.latest.wait)];
      if (wait === undefined) return findings;
      findings.push({ deadlock: this.#describe(found, parties, party.holder), victim: party.holder, wait });
      parties.splice(found.latest.party, 1);
    }
  }

  /** Everybody who waits: bodies with what they hold, and requests from outside, oldest first. */
  #parties(): Party[] {
    const bodies = new Map<number | string, CapacityHolder>();
    for (const holder of this.#holders?.() ?? []) {
      const key = holder.threadId ?? holder.requesterId;
      if (key !== null) bodies.set(key, holder);
    }
    const parties: Party[] = [];
    const byHolder = new Map<CapacityHolder, Party>();
    let outsiders = 0;
    for (const wait of this.#parts.waits.all()) {
      const holder = bodies.get(wait.threadId ?? wait.requesterId ?? '') ?? null;
      if (holder === null && ++outsiders > MAX_OUTSIDERS) continue;
      let party = holder === null ? undefined : byHolder.get(holder);
      if (party === undefined) {
        const holds = holder === null ? new Map<number, number>() : this.#holdingsOf(holder);
        party = { holder, holds, waits: [], pending: [], canBeRefused: holder !== null };
        parties.push(party);
        if (holder !== null) byHolder.set(holder, party);
      }
      const { indices, units } = wait.request;
      const { sequence, priority, parkedAt: line } = wait.waiter;
      party.waits.push({ indices, units, sequence, priority, line });
      party.pending.push(wait);
    }
    // Without a body nobody can be refused, and the host's own requests are no business of this file.
    return byHolder.size === 0 ? [] : parties;
  }

  #holdingsOf({ threadId, requesterId, request }: CapacityHolder): Map<number, number> {
    const { owners, book } = this.#parts;
    const held = threadId === null ? book.holdingsOf(requesterId ?? '') : owners.holdingsOf(threadId);
    for (const [i, index] of request?.indices.entries() ?? []) {
      held.set(index, (held.get(index) ?? 0) + (request?.units[i] ?? 0));
    }
    return held;
  }

  // A quota comes back by itself.
  #capacityOf(index: number): number {
    const { registry, capacityUnits } = this.#parts;
    return registry.at(index).kind === 'quota' ? Number.POSITIVE_INFINITY : capacityUnits(index);
  }

  #describe({ parties, ring }: DeadlockFound, all: readonly Party[], latest: CapacityHolder): Deadlock {
    const cycle = ring.map(
      ({ party, resource, because }: RingLink): DeadlockLink => ({
        task: taskOf(all[party]?.holder),
        resourceId: this.#parts.registry.at(resource).id,
        because,
      }),
    );
    const tasks = parties.flatMap((party) => taskOf(all[party]?.holder) ?? []);
    return { tasks, cycle, latest: pick(latest), message: ringSentence(cycle) };
  }
}

function taskOf(holder: CapacityHolder | null | undefined): DeadlockedTask | null {
  return holder ? pick(holder) : null;
}

function pick({ subject: { runId, task, taskId } }: CapacityHolder): DeadlockedTask {
  return { runId, task, taskId };
}

function ringSentence(cycle: readonly DeadlockLink[]): string {
  const isOneRun = new Set(cycle.flatMap(({ task }) => task?.runId ?? [])).size === 1;
  const nameOf = (task: DeadlockedTask | null | undefined): string => {
    if (!task) return 'a request from outside of tasks';
    return isOneRun ? quoteName(task.task) : `${quoteName(task.task)} (${task.runId})`;
  };
  const links = cycle.map(({ task, resourceId, because }, place) => {
    const next = nameOf(cycle[(place + 1) % cycle.length]?.task);
    const why = because === 'holds' ? `which ${next} holds` : `for which ${next} stands before it`;
    return `${nameOf(task)} waits for ${quoteName(resourceId)}, ${why}`;
  });
  return `deadlock: ${links.join('; ')}`;
}
