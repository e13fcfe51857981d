// Owns the course of one simulated world from a seed: lives of the engine one after the other, each until it is upset or
// everything has ended, time moving from one event to the next, and everything held against the invariants on the way.

import type { Fact } from '../../src/domain/facts.ts';
import { Life } from './life.ts';
import { checkLiveState } from './live-state.ts';
import { Oracle } from './oracle.ts';
import { Owner } from './owner.ts';
import {
  type ActorFault,
  drawScenario,
  type Scenario,
  SESSION_RESOURCE,
  type SimulatedRun,
  type Upset,
} from './scenario.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedRequests } from './simulated-inbox.ts';
import { readFacts } from './simulated-journal.ts';
import { Submitter } from './submitter.ts';
import type { Happening, Tally } from './tally.ts';
import { ViolationBook } from './violation.ts';
import { START_MS, WorldTime } from './world-time.ts';

/** More events than any sound world has: one that goes on is stuck. */
const MOST_STEPS = 20_000;
/** Turns of the real loop that an engine which shuts down may take for real files while nothing simulated happens. */
const MOST_IDLE_TURNS = 100_000;
/** Events between two looks at the live state, at most. */
const LOOK_EVERY = 24;
/** The same in virtual time: nothing planned takes nearly as long. */
const LONGEST_MS = 3_600_000;

/** Facts that a run writes only in effects of its actor, or of those below it. */
const EFFECTS = new Set<Fact['type']>([
  'run.started',
  'run.paused',
  'run.resumed',
  'run.cancel-requested',
  'task.completed',
]);

export interface SimulationOptions {
  readonly seed: number;
  readonly tally: Tally;
  /** Told of every step, for a trace. */
  readonly trace?: (line: string) => void;
}

/** Lives through the world of a seed. @throws Violation */
export async function simulate(options: SimulationOptions): Promise<void> {
  await new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: SeededRandom;
  readonly #scenario: Scenario;
  readonly #time: WorldTime;
  readonly #disk: SimulatedDisk;
  readonly #requests = new SimulatedRequests();
  readonly #book = new ViolationBook();
  readonly #oracle: Oracle;
  readonly #owner: Owner;
  readonly #submitter: Submitter;
  readonly #steps: SeededRandom;
  readonly #trace: (line: string) => void;
  #life: Life | undefined;
  /** The next fact of a run is not taken quietly. */
  #throws = false;
  #stepCount = 0;
  #nextLook = 0;
  #idleTurns = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const random = new SeededRandom(options.seed);
    this.#random = random;
    this.#scenario = drawScenario(random.split('scenario'));
    this.#time = new WorldTime(random.split('ties'));
    this.#disk = new SimulatedDisk(random.split('disk'));
    this.#steps = random.split('steps');
    const [scenario, time, book, { tally }] = [this.#scenario, this.#time, this.#book, options];
    const { trace } = options;
    this.#trace = (line) => trace?.(`${String(time.nowMs - START_MS).padStart(6)} ${line}`);
    const told = trace === undefined ? undefined : this.#trace;
    this.#oracle = new Oracle({ scenario, book, tally, now: () => time.nowMs, trace: told });
    this.#owner = new Owner({
      scenario,
      time,
      oracle: this.#oracle,
      book,
      tally,
      requests: this.#requests,
      random: random.split('owner'),
      trace: told,
    });
    this.#submitter = new Submitter({ scenario, time, oracle: this.#oracle, book, tally });
  }

  async run(): Promise<void> {
    this.#trace(`scenario ${JSON.stringify({ ...this.#scenario, runs: this.#scenario.runs.map(outlineRun) })}`);
    const upsets = [...this.#scenario.upsets];
    for (const fault of this.#scenario.actorFaults) this.#time.after(fault.atMs, () => this.#breakActor(fault));
    for (let number = 1; ; number++) {
      const upset = upsets.shift();
      const life = await this.#begin(number, upset);
      if (await this.#live(life)) {
        await this.#close(life);
        return;
      }
      const downMs = upset?.downMs ?? 0;
      this.#trace(`life ${number} is over; ${downMs} ms until the next`);
      this.#time.nowMs += downMs;
    }
  }

  async #begin(number: number, upset: Upset | undefined): Promise<Life> {
    const { tally } = this.#options;
    const life = Life.prepare({
      scenario: this.#scenario,
      time: this.#time,
      disk: this.#disk,
      requests: this.#requests,
      oracle: this.#oracle,
      tally,
      random: this.#random.split(`life-${number}`),
      number,
      failingWrite: upset?.kind === 'failing-write' ? upset.afterCount : Number.POSITIVE_INFINITY,
    });
    this.#life = life;
    tally.add('lives');
    this.#trace(`life ${number} begins; it will meet ${JSON.stringify(upset ?? 'nothing')}`);
    if (upset !== undefined) this.#plan(life, upset);
    else this.#oracle.onAppended = ({ type }) => this.#throwIfDue(type);
    await life.start();
    // What the engine does by itself a turn after its start.
    await this.#settle();
    await this.#settle();
    if (!life.isOver) {
      this.#owner.attach(life);
      this.#submitter.attach(life);
    }
    return life;
  }

  #plan(life: Life, upset: Upset): void {
    const { kind, afterMs, afterCount, factType } = upset;
    let left = afterCount;
    this.#oracle.onAppended = ({ type }) => {
      if (life.isOver) return;
      this.#throwIfDue(type);
      if (kind === 'crash-at-fact' && left-- === 0) this.#crash(life, 'crashes inside an append');
      if (kind === 'crash-after' && type === factType) {
        this.#time.after(afterMs % 40, () => this.#crash(life, 'crashes at a turning point'));
      }
    };
    if (kind === 'crash') this.#time.after(afterMs, () => this.#crash(life, null));
    else if (kind === 'shutdown') this.#time.after(afterMs, () => this.#suspend(life, upset));
  }

  #breakActor({ kind, place }: ActorFault): void {
    const life = this.#life;
    if (life === undefined || life.isOver || !life.hasEngine || life.engine.isClosed) return;
    this.#trace(`fault: ${kind}`);
    if (kind === 'effect') {
      this.#throws = true;
      return;
    }
    this.#oracle.actorCrashes();
    if (kind === 'loop') life.journal.breaksLoop = true;
    else if (!life.crashActor(kind, place)) return;
    this.#options.tally.add('actors crashed');
  }

  #throwIfDue(type: Fact['type']): void {
    if (!this.#throws || !EFFECTS.has(type)) return;
    this.#throws = false;
    this.#oracle.actorCrashes();
    this.#options.tally.add('effects that threw');
    this.#trace(`an effect throws after ${type}`);
    throw new Error(`injected fault after ${type}`);
  }

  #crash(life: Life, how: Happening | null): void {
    if (life.isOver) return;
    this.#options.tally.add('crashes');
    if (how !== null) this.#options.tally.add(how);
    this.#trace('crash');
    life.end();
  }

  #suspend(life: Life, { drainMs, crashAfterMs }: Upset): void {
    if (life.isOver || !life.hasEngine) return;
    this.#options.tally.add('shutdowns');
    this.#trace('shutdown');
    this.#shutDown(life, drainMs);
    if (crashAfterMs !== null) this.#time.after(crashAfterMs, () => this.#crash(life, 'crashes inside a shutdown'));
  }

  #shutDown(life: Life, drainMs: number): void {
    life.engine.shutdown({ drainMs }).then(
      () => life.end(),
      (error: unknown) => this.#book.note('unexpected-error', `shutdown: ${String(error)}`),
    );
  }

  /** Lets a life go on until it is over (false) or nothing is left to do (true). */
  async #live(life: Life): Promise<boolean> {
    let isFailing = false;
    while (!life.isOver) {
      this.#owner.seeToReleased();
      if (this.#owner.isDone && this.#submitter.isDone && !life.engine.isClosed) return true;
      await this.#step(life);
      if (life.isOver) break;
      if (this.#stepCount >= this.#nextLook) {
        this.#nextLook = this.#stepCount + this.#steps.between(1, LOOK_EVERY);
        this.#look(life);
      }
      // An engine whose store has failed is given some time, and is then taken to have been ended from outside.
      if (life.journal.failure === null || isFailing) continue;
      isFailing = true;
      this.#time.after(this.#steps.pick([0, 1, 100]), () => life.end());
    }
    await this.#settle();
    return false;
  }

  #look(life: Life): void {
    checkLiveState(life, { scenario: this.#scenario, oracle: this.#oracle, book: this.#book });
    this.#throwFirst();
  }

  /** One event, or several timers of the engine that fall due together. */
  async #step(life: Life): Promise<void> {
    const timer = this.#time.take();
    this.#stepCount++;
    if (timer === undefined && life.engine.isClosed && this.#idleTurns++ < MOST_IDLE_TURNS) {
      await this.#settle();
      return;
    }
    const isEndless = this.#stepCount > MOST_STEPS || this.#time.nowMs > START_MS + LONGEST_MS;
    if (timer === undefined || isEndless) {
      const why = timer === undefined ? 'nothing happens any more' : 'it goes on without end';
      this.#book.note('every-run-ends', `${why}; waiting for ${this.#owner.waitingFor}${this.#submitter.waitingFor}`);
    }
    timer?.callback?.();
    if (timer?.isEngine === true) this.#fireTogether(timer.tickMs);
    await this.#settle();
    this.#throwFirst();
  }

  // Real timers that are due together fire in one turn; no promise reaction runs in between.
  #fireTogether(tickMs: number): void {
    for (let next = this.#time.peek(); next?.isEngine === true && next.tickMs === tickMs; next = this.#time.peek()) {
      if (this.#steps.chance(0.5)) return;
      this.#time.take()?.callback?.();
    }
  }

  /** Every run has ended: the engine is shut down, and what remains on the disk is read once more. */
  async #close(life: Life): Promise<void> {
    // Threads that are to be replaced are, and so on: nothing may come of it.
    for (let turn = 0; turn < 3; turn++) await this.#settle();
    this.#look(life);
    const book = this.#book;
    book.hold(this.#oracle.bodyCount === 0, 'every-run-ends', () => 'bodies run that belong to no open run');
    for (const { id } of [SESSION_RESOURCE, ...this.#scenario.resources]) {
      const { current } = life.engine.resources.getUsage(id);
      book.hold(current === 0, 'capacity-left', () => `${current} of '${id}' are in use at the end`);
    }
    this.#shutDown(life, 0);
    await this.#settle();
    while (!life.isOver) await this.#step(life);
    this.#oracle.begin(readFacts(this.#disk));
    this.#oracle.checkTold();
    this.#throwFirst();
  }

  #throwFirst(): void {
    if (this.#book.first !== null) throw this.#book.first;
  }

  /** Lets everything that is ready run: a turn of the loop, no time. */
  #settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/** A planned run for the trace. */
function outlineRun({ workflow, ...run }: SimulatedRun) {
  const steps = workflow.steps.map(({ name, dependencies, timeoutMs, totalTimeoutMs, retry, resources, runIf }) => {
    return { name, dependencies, timeoutMs, totalTimeoutMs, attempts: retry.maxAttempts, resources, runIf };
  });
  return { ...run, workflow: workflow.definition.name, timeoutMs: workflow.definition.timeoutMs, steps };
}
