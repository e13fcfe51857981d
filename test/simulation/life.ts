// Owns one life of the engine in a simulated world: the real engine on simulated ports, from its start to a shutdown, a
// crash, or the failure of its store. A life that is over touches neither the disk nor a thread any more, whatever its
// leftovers still do.

import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Actor, type AnyActorRef, type InspectionEvent } from 'xstate';
import type { AllocationId, RunId, SessionId } from '../../src/domain/ids.ts';
import type { TaskAssignment } from '../../src/domain/task-executor.ts';
import type { EnginePorts } from '../../src/engine/engine-ports.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { crashActor } from '../support/actor-crash.ts';
import { BodyPlans } from './body-plans.ts';
import type { Oracle } from './oracle.ts';
import { type ActorFault, type Scenario, SESSION_RESOURCE } from './scenario.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedRequests } from './simulated-inbox.ts';
import { SimulatedJournal } from './simulated-journal.ts';
import { SimulatedPool } from './simulated-pool.ts';
import type { Tally } from './tally.ts';
import { LifeTimers, type WorldTime } from './world-time.ts';

export interface LifeParts {
  readonly scenario: Scenario;
  readonly time: WorldTime;
  readonly disk: SimulatedDisk;
  readonly requests: SimulatedRequests;
  readonly oracle: Oracle;
  readonly tally: Tally;
  readonly random: SeededRandom;
  readonly number: number;
  /** The write of this life that fails; Infinity = none. */
  readonly failingWrite: number;
}

/** A folder that is never made: the simulated store is elsewhere. */
const DATA_DIR = join(tmpdir(), 'yardmaster-simulation');

export class Life {
  readonly #parts: LifeParts;
  readonly timers: LifeTimers;
  readonly idleTimers: LifeTimers;
  #isOver = false;
  #journal: SimulatedJournal | undefined;
  #pool: SimulatedPool | undefined;
  #engine: OrchestrationEngine | undefined;
  /** Workflows and sessions, the oldest first; kept only where one may be told to crash. */
  readonly #actors: AnyActorRef[] = [];
  readonly #ended = Promise.withResolvers<void>();

  private constructor(parts: LifeParts) {
    this.#parts = parts;
    const isOver = () => this.#isOver;
    this.timers = new LifeTimers(parts.time, isOver);
    this.idleTimers = new LifeTimers(parts.time, isOver);
  }

  /** A life whose engine is not there yet: `start` follows. It may be over before that has resolved. */
  static prepare(parts: LifeParts): Life {
    return new Life(parts);
  }

  async start(): Promise<void> {
    const { scenario } = this.#parts;
    const starting = OrchestrationEngine.createWith(
      {
        dataDir: DATA_DIR,
        workflowsDir: join(DATA_DIR, 'workflows'),
        tasksDirs: [],
        maxWorkers: scenario.threads,
        cancelGraceMs: scenario.cancelGraceMs,
        maxRecoveries: scenario.maxRecoveries,
        resume: scenario.resume,
        taskMachine: 'compiled',
        ...(scenario.actorFaults.length === 0 ? {} : { inspect: (event) => this.#notice(event) }),
        resources: [
          // Without its refill: a ledger that is listened to keeps a dead engine in memory.
          { id: 'api-global', type: 'api_quota', capacity: 1_000, refillPeriodMs: null },
          SESSION_RESOURCE,
          ...scenario.resources,
        ],
      },
      this.#ports(),
    ).then((engine) => {
      this.#engine = engine;
      engine.registerTaskModule('simulated', 'file:///simulated.ts');
    });
    await Promise.race([starting, this.#ended.promise]);
    // In the background it looks through its folder, on the real file system, whose time must not show in a trace: what
    // is asked of that file system after it is answered after it.
    await stat(DATA_DIR).catch(() => {});
  }

  get number(): number {
    return this.#parts.number;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get engine(): OrchestrationEngine {
    if (this.#engine === undefined) throw new Error('the engine has not started');
    return this.#engine;
  }

  get hasEngine(): boolean {
    return this.#engine !== undefined;
  }

  get journal(): SimulatedJournal {
    if (this.#journal === undefined) throw new Error('the journal was not opened');
    return this.#journal;
  }

  /** An actor ends with an error, of several of a kind the one at this place; false when there is none. */
  crashActor(kind: Exclude<ActorFault['kind'], 'effect' | 'loop'>, place: number): boolean {
    const living = this.#actors.filter((actor) => actor.id.startsWith(`${kind}:`) && isActive(actor));
    const one = living[Math.floor(place * living.length)];
    const actor = kind === 'workflow' || kind === 'session' ? one : this.engine.supervisor.child(kind);
    if (actor === undefined) return false;
    crashActor(actor, kind);
    return true;
  }

  /** Attempts that the engine has handed to its threads. */
  openAttempts(): TaskAssignment[] {
    return this.#pool?.open() ?? [];
  }

  /** The process is gone. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.timers.close();
    this.idleTimers.close();
    this.#pool?.die();
    this.#journal?.die();
    this.#ended.resolve();
  }

  #notice({ type, actorRef }: InspectionEvent): void {
    if (type !== '@xstate.actor' || !(actorRef instanceof Actor)) return;
    if (/^(workflow|session):/.test(actorRef.id)) this.#actors.push(actorRef);
  }

  #ports(): EnginePorts {
    const { random, number } = this.#parts;
    const chance = random.split('engine');
    let ids = 0;
    return {
      timers: this.timers,
      idleTimers: this.idleTimers,
      planningMs: countedClock(),
      random: chance.next,
      ids: {
        sessionId: () => `session-${number}-${++ids}` as SessionId,
        runId: () => `engine-${number}-${++ids}` as RunId,
        allocationId: () => `allocation-${number}-${++ids}` as AllocationId,
      },
      openJournal: () => Promise.resolve({ journal: this.#openJournal(), requests: this.#openInbox() }),
      startPool: (options) => Promise.resolve(this.#startPool(options)),
    };
  }

  #openJournal(): SimulatedJournal {
    const { disk, time, scenario, oracle, tally, random, failingWrite } = this.#parts;
    const journal = new SimulatedJournal({
      disk,
      time,
      random: random.split('store'),
      habits: { ...scenario.store, failingWrite },
      watcher: oracle,
      wrecked: ({ lost, torn, reordered }) => {
        tally.add('lost records', lost);
        tally.add('torn records', torn);
        tally.add('reordered records', reordered);
      },
    });
    this.#journal = journal;
    oracle.begin(journal.facts);
    return journal;
  }

  #openInbox() {
    const { requests, oracle, tally } = this.#parts;
    return requests.inboxOf({
      isOver: () => this.#isOver,
      given: ({ runId }) => {
        // Whoever asks something of a run that nobody has taken up has it taken up by hand.
        const model = oracle.run(runId);
        if (model !== undefined && this.engine.getRun(runId) === undefined) model.isByHand = true;
      },
      answered: (_request, { status }) => tally.add(status === 'done' ? 'requests done' : 'requests refused'),
    });
  }

  #startPool(options: ConstructorParameters<typeof SimulatedPool>[0]['options']): SimulatedPool {
    const { scenario, time, random, oracle, tally } = this.#parts;
    const plans = new BodyPlans(random.split('bodies'), scenario.trouble);
    this.#pool = new SimulatedPool({
      options,
      time,
      random: random.split('threads'),
      habits: scenario.pool,
      watcher: {
        planOf: (assignment: TaskAssignment) => plans.planOf(assignment),
        outputOf: (assignment: TaskAssignment) => plans.outputOf(assignment, this.number),
        began: (assignment: TaskAssignment) => oracle.began(assignment),
        over: (attemptKey, outcome) => oracle.over(attemptKey, outcome, this.#isOver),
        stopAsked: (attemptKey: number) => oracle.stopAsked(attemptKey),
        returned: () => tally.add('returned attempts'),
      },
    });
    return this.#pool;
  }
}

function isActive(actor: AnyActorRef): boolean {
  return actor.getSnapshot().status === 'active';
}

/** A clock for planning that each look moves on, the same on every machine. */
function countedClock(): () => number {
  let nowMs = 0;
  return () => {
    nowMs += 0.05;
    return nowMs;
  };
}
