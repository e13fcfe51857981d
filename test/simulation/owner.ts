// Owns whoever uses the engine in a simulation: starts runs under ids of his own, waits for results, cancels, pauses,
// starts the same again, and after each restart of the engine sees to his runs until all of them have ended.

import { isRuntimeError } from '../../src/domain/runtime-error.ts';
import type { WorkflowRun } from '../../src/engine/workflow-run-handle.ts';
import type { Life } from './life.ts';
import type { Oracle } from './oracle.ts';
import type { Deed, Scenario, SimulatedRun } from './scenario.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimulatedRequests } from './simulated-inbox.ts';
import type { Tally } from './tally.ts';
import type { ViolationBook } from './violation.ts';
import { START_MS, type WorldTime } from './world-time.ts';

export interface OwnerParts {
  readonly scenario: Scenario;
  readonly time: WorldTime;
  readonly oracle: Oracle;
  readonly book: ViolationBook;
  readonly tally: Tally;
  readonly requests: SimulatedRequests;
  readonly random: SeededRandom;
  readonly trace: ((line: string) => void) | undefined;
}

/** A run to start, or to do again what another one has left. */
interface Plan extends SimulatedRun {
  readonly rerunOf?: string;
}

/** Where a run of his stands. */
type Errand = 'to-come' | 'begun' | 'refused' | 'done';

/** An engine that is going down refuses with these; what was asked is asked again of the next. */
const GOING_DOWN = new Set(['ENGINE_CLOSED', 'JOURNAL_WRITE_FAILED']);

export class Owner {
  readonly #parts: OwnerParts;
  /** Runs to start; those that are done again come on top. */
  readonly #plans: Plan[];
  readonly #errands: Errand[];
  readonly #deedsDone = new Set<Deed>();
  readonly #sessions: (string | undefined)[];
  /** Runs to be resumed, and when. */
  readonly #paused = new Map<string, number>();
  #life: Life | undefined;
  readonly #watched = new Set<WorkflowRun>();

  constructor(parts: OwnerParts) {
    this.#parts = parts;
    this.#plans = [...parts.scenario.runs];
    this.#errands = parts.scenario.runs.map(() => 'to-come');
    this.#sessions = parts.scenario.sessions.map(() => undefined);
  }

  /** Whether nothing is left to do or to wait for. */
  get isDone(): boolean {
    return this.#errands.every((_errand, index) => this.#isOver(index));
  }

  /** What he still waits for, for people. */
  get waitingFor(): string {
    return this.#plans
      .map(({ runId }, index) => `${runId}: ${this.#errands[index]}`)
      .filter((text) => !text.endsWith('done'))
      .join(', ');
  }

  /** A life of the engine has begun, and has taken up what it takes up by itself. */
  attach(life: Life): void {
    this.#life = life;
    this.#watched.clear();
    const { scenario } = this.#parts;
    for (const [index, run] of this.#plans.entries()) {
      const errand = this.#errands[index];
      if (errand === 'to-come') this.#at(run.atMs, () => this.#start(index));
      else if (errand === 'begun') this.#after(this.#parts.random.between(0, 20), () => this.#seeTo(index));
    }
    for (const deed of scenario.deeds) {
      if (!this.#deedsDone.has(deed)) this.#at(deed.atMs, () => this.#do(deed));
    }
    for (const { runId, isPaused } of this.#parts.oracle.runs()) {
      // What was resumed may be paused on record: that it was resumed is lost.
      const dueMs = this.#paused.get(runId) ?? (isPaused ? this.#parts.time.nowMs : null);
      if (dueMs !== null) this.#at(dueMs - START_MS, () => this.#resume(runId));
    }
  }

  /** Starts a run of which nothing is on record, or the same again. */
  #start(index: number): void {
    const planned = this.#planned(index);
    this.#attempt(() => {
      const handle = this.#startPlanned(planned);
      if (this.#errands[index] === 'to-come') this.#errands[index] = 'begun';
      this.#watch(index, handle);
    }, index);
  }

  #startPlanned(planned: Plan): WorkflowRun {
    const { runId, workflow, mode, maxParallel, session, rerunOf, rerunFrom } = planned;
    const record = this.#engine.listRuns().find((each) => each.runId === runId);
    if (rerunOf !== undefined) return this.#engine.rerun(rerunOf, { runId, from: rerunFrom ?? 'start' });
    return this.#engine.startCompiled(workflow, {
      runId,
      ...(mode === undefined ? {} : { mode }),
      ...(maxParallel === undefined ? {} : { maxParallel }),
      // Known runs need no session: theirs may be gone.
      ...(session === null || record !== undefined ? {} : { sessionId: this.#sessionOf(session) }),
    });
  }

  #sessionOf(place: number): string {
    const known = this.#sessions[place];
    const session = known === undefined ? undefined : this.#engine.getSession(known);
    if (session !== undefined) return session.sessionId;
    const planned = this.#parts.scenario.sessions[place];
    if (planned === undefined) throw new Error(`there is no session ${place}`);
    const { name, mode, ...limits } = planned;
    const { sessionId } = this.#engine.createSession(name, mode, limits);
    this.#sessions[place] = sessionId;
    return sessionId;
  }

  /** In a new life: a run that was started in an earlier one. */
  #seeTo(index: number): void {
    const { oracle, tally, random } = this.#parts;
    const { runId } = this.#planned(index);
    const model = oracle.run(runId);
    if (model === undefined) {
      tally.add('runs whose start was lost');
      this.#start(index);
    } else if (model.isParked) this.#release(index);
    else if (model.end !== null || random.chance(0.3)) {
      tally.add('runs started again');
      this.#start(index);
    } else {
      const known = this.#engine.getRun(runId);
      if (known !== undefined) this.#watch(index, known);
      else this.#takeUp(index);
    }
  }

  #takeUp(index: number): void {
    const { runId } = this.#planned(index);
    this.#attempt(() => {
      const model = this.#parts.oracle.run(runId);
      if (model !== undefined && this.#engine.getRun(runId) === undefined) model.isByHand = true;
      this.#watch(index, this.#engine.resumeRun(runId));
    }, index);
  }

  /** A run that he left parked goes on when somebody else has asked for something of it. */
  seeToReleased(): void {
    for (const [index, { runId }] of this.#plans.entries()) {
      const model = this.#errands[index] === 'done' ? this.#parts.oracle.run(runId) : undefined;
      if (model === undefined || model.end !== null || model.isParked) continue;
      this.#errands[index] = 'begun';
      this.#seeTo(index);
    }
  }

  /** A parked run is released, or left for good. */
  #release(index: number): void {
    if (this.#parts.oracle.run(this.#planned(index).runId)?.isParked !== true) return;
    if (this.#parts.random.chance(0.7)) this.#takeUp(index);
    else this.#leave(index);
  }

  #watch(index: number, handle: WorkflowRun): void {
    if (this.#watched.has(handle)) return;
    this.#watched.add(handle);
    const life = this.#life;
    handle.result().then(
      (execution) => {
        if (life !== this.#life || life?.isOver !== false) return;
        this.#parts.oracle.told(handle.runId, execution);
        this.#done(index);
      },
      (error: unknown) => {
        if (life === this.#life && life?.isOver === false) this.#judge(error, `result of '${handle.runId}'`);
      },
    );
  }

  #done(index: number): void {
    if (this.#errands[index] === 'done') return;
    const planned = this.#planned(index);
    const { runId, rerunFrom } = planned;
    this.#leave(index);
    if (rerunFrom !== null && planned.rerunOf === undefined) {
      this.#parts.tally.add('runs done again');
      this.#errands.push('to-come');
      const again = this.#plans.push({ ...planned, runId: `${runId}-again`, rerunOf: runId, session: null }) - 1;
      this.#after(0, () => this.#start(again));
    }
  }

  /** Nothing is to come of a run any more. */
  #leave(index: number): void {
    this.#errands[index] = 'done';
    this.#closeSession(this.#planned(index).session);
  }

  /** Ends a session of which nothing is to come any more. */
  #closeSession(place: number | null): void {
    const sessionId = place === null ? undefined : this.#sessions[place];
    const isOpen = this.#plans.some((plan, index) => {
      // A run that was taken up again may be in the session of an earlier life.
      const frame = this.#parts.oracle.run(plan.runId)?.frame;
      const isHere = frame ? frame.sessionId === sessionId : plan.session === place;
      return isHere && !this.#isOver(index);
    });
    if (sessionId === undefined || isOpen || this.#engine.getSession(sessionId) === undefined) return;
    this.#engine.closeSession(sessionId).catch((error: unknown) => this.#judge(error, 'the end of a session'));
  }

  #isOver(index: number): boolean {
    return this.#errands[index] === 'done' || this.#errands[index] === 'refused';
  }

  #do(deed: Deed): void {
    const { runId } = this.#planned(deed.run);
    const { kind, forMs } = deed;
    this.#deedsDone.add(deed);
    this.#parts.trace?.(`deed ${kind} of ${runId}`);
    if (deed.byRequest && (kind === 'cancel' || kind === 'pause')) {
      const { requests, time } = this.#parts;
      requests.send(kind, runId, time.nowMs);
      // That stays on the list, whatever becomes of the engine.
      if (kind === 'pause') time.after(forMs, () => requests.send('resume', runId, time.nowMs));
      return;
    }
    const handle = this.#engine.getRun(runId);
    if (handle === undefined) return;
    this.#attempt(() => {
      switch (deed.kind) {
        case 'cancel':
          handle.cancel('a deed');
          break;
        case 'cancel-task':
          handle.cancelTask(`step-${deed.step}`, 'a deed');
          break;
        case 'pause':
          handle.pause();
          this.#paused.set(runId, this.#parts.time.nowMs + deed.forMs);
          this.#after(deed.forMs, () => this.#resume(runId));
          break;
        case 'start-again':
          this.#parts.tally.add('runs started again');
          this.#watch(deed.run, this.#startPlanned(this.#planned(deed.run)));
          break;
      }
    }, null);
  }

  #resume(runId: string): void {
    this.#paused.delete(runId);
    const index = this.#plans.findIndex((run) => run.runId === runId);
    // What nobody has taken up is seen to as such, and resumed with it.
    this.#attempt(() => this.#engine.getRun(runId)?.resume(), null);
    if (this.#engine.getRun(runId) === undefined && this.#errands[index] === 'begun') this.#seeTo(index);
    if (this.#parts.oracle.run(runId)?.isPaused === true) this.#after(20, () => this.#resume(runId));
  }

  /** `index`: the run to give up when it is refused for good; null = nothing is. */
  #attempt(what: () => void, index: number | null): void {
    try {
      what();
    } catch (error) {
      const code = isRuntimeError(error) ? error.code : '';
      // Its session has timed out, say: nothing of the run is on record.
      if (code === 'SESSION_CLOSED' && index !== null) this.#refused(index);
      else if (code === 'RUN_RECOVERY_LIMIT' && index !== null) this.#after(10, () => this.#release(index));
      else this.#judge(error, 'a call');
    }
  }

  /** A session that is just ending takes nothing; what is on record is seen to when it has ended. */
  #refused(index: number): void {
    if (this.#parts.oracle.run(this.#planned(index).runId) === undefined) this.#errands[index] = 'refused';
    else this.#after(10, () => this.#seeTo(index));
  }

  #judge(error: unknown, what: string): void {
    const code = isRuntimeError(error) ? error.code : '';
    const isDown = GOING_DOWN.has(code) && (this.#engine.isClosed || this.#life?.journal.failure !== null);
    if (isDown) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parts.book.note('unexpected-error', `${what}: ${text}`);
  }

  #at(atMs: number, callback: () => void): void {
    this.#after(Math.max(0, START_MS + atMs - this.#parts.time.nowMs), callback);
  }

  #after(delayMs: number, callback: () => void): void {
    const life = this.#life;
    this.#parts.time.after(delayMs, () => {
      if (life === this.#life && life?.isOver === false && !this.#engine.isClosed) callback();
    });
  }

  #planned(index: number): Plan {
    const planned = this.#plans[index];
    if (planned === undefined) throw new Error(`there is no run ${index}`);
    return planned;
  }

  get #engine() {
    if (this.#life === undefined) throw new Error('there is no life');
    return this.#life.engine;
  }
}
