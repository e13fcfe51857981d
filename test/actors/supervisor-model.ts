// Owns a second, much simpler supervisor: the rules of OTP written down over plain lists, for children that start and end
// at once. Tests compare what the real one does with what this one says, step by step.
// It must never share code with src/actors. Source of the rules: erlang/otp lib/stdlib/src/supervisor.erl (OTP 25).

export interface ModelFlags {
  readonly strategy: 'one_for_one' | 'one_for_all' | 'rest_for_one' | 'simple_one_for_one';
  readonly intensity: number;
  readonly periodMs: number;
  readonly autoShutdown: 'never' | 'any_significant' | 'all_significant';
}

export interface ModelSpec {
  readonly id: string;
  readonly restart: 'permanent' | 'transient' | 'temporary';
  readonly type: 'worker' | 'supervisor';
  readonly significant: boolean;
  readonly ignores: boolean;
}

interface ModelChild {
  readonly spec: ModelSpec;
  /** The number of the start that made its actor; undefined when there is none. */
  actor: number | undefined;
  /** Of the last one, while it is to be replaced. */
  lost: number | undefined;
  isRestarting: boolean;
}

export type ModelExit = 'normal' | 'shutdown' | 'error' | 'kill';

export class ModelSupervisor {
  readonly log: string[] = [];
  hasEnded = false;
  readonly #flags: ModelFlags;
  readonly #failures = new Map<string, number>();
  readonly #template: ModelSpec | undefined;
  #children: ModelChild[] = [];
  // Failed restarts, in the order in which they will be tried again.
  #tries: ModelChild[] = [];
  #restartsMs: number[] = [];
  #nowMs = 0;
  #starts = 0;

  constructor(flags: ModelFlags, specs: readonly ModelSpec[]) {
    this.#flags = flags;
    this.#template = flags.strategy === 'simple_one_for_one' ? specs[0] : undefined;
    if (this.#template === undefined) for (const spec of specs) this.#enter(spec);
  }

  get which(): (string | undefined)[][] {
    return this.#children.map(({ spec, actor, isRestarting }) => [
      this.#template === undefined ? spec.id : undefined,
      isRestarting ? 'restarting' : actor === undefined ? 'none' : `actor ${actor}`,
      spec.type,
    ]);
  }

  get counts(): number[] {
    const all = this.#children.length;
    const active = this.#children.filter(({ actor }) => actor !== undefined).length;
    const supervisors = this.#children.filter(({ spec }) => spec.type === 'supervisor').length;
    return [this.#template === undefined ? all : 1, active, supervisors, all - supervisors];
  }

  failNextStarts(id: string, count: number): void {
    this.#failures.set(id, count);
  }

  /** Time passes; restarts that failed are tried again before it does. */
  advance(ms: number): void {
    for (let child = this.#tries.shift(); child !== undefined; child = this.#tries.shift()) this.#restart(child);
    this.#nowMs += ms;
  }

  exit(actor: number, how: ModelExit): void {
    const child = this.#children.find((each) => each.actor === actor);
    if (child === undefined) return;
    this.log.push(`stop ${child.spec.id} ${how === 'kill' ? 'killed' : how}`);
    child.actor = undefined;
    child.lost = actor;
    const { restart, significant } = child.spec;
    const isAbnormal = how === 'error' || how === 'kill';
    if (restart === 'permanent' || (restart === 'transient' && isAbnormal)) {
      this.#restart(child);
      return;
    }
    this.#release(child);
    if (significant) this.#endWithSignificant();
  }

  startChild(spec: ModelSpec): string {
    if (this.hasEnded) return 'noproc';
    if (this.#template !== undefined) return this.#enter(this.#template);
    const present = this.#find(spec.id);
    if (present !== undefined) return present.actor === undefined ? 'already_present' : 'already_started';
    return this.#enter(spec);
  }

  terminateChild(id: string): string {
    if (this.hasEnded) return 'noproc';
    if (this.#template !== undefined) return 'simple_one_for_one';
    const child = this.#find(id);
    if (child === undefined) return 'not_found';
    this.#stop(child);
    this.#release(child);
    return 'ok';
  }

  terminateActor(actor: number): string {
    if (this.hasEnded) return 'noproc';
    const child = this.#children.find((each) => each.actor === actor || (each.isRestarting && each.lost === actor));
    if (child === undefined) return 'ok';
    this.#stop(child);
    this.#release(child);
    return 'ok';
  }

  restartChild(id: string): string {
    if (this.hasEnded) return 'noproc';
    if (this.#template !== undefined) return 'simple_one_for_one';
    const child = this.#find(id);
    if (child === undefined) return 'not_found';
    if (child.isRestarting) return 'restarting';
    return child.actor === undefined ? this.#start(child) : 'running';
  }

  deleteChild(id: string): string {
    if (this.hasEnded) return 'noproc';
    if (this.#template !== undefined) return 'simple_one_for_one';
    const child = this.#find(id);
    if (child === undefined) return 'not_found';
    if (child.isRestarting) return 'restarting';
    if (child.actor !== undefined) return 'running';
    this.#children = this.#children.filter((each) => each !== child);
    return 'ok';
  }

  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    for (const child of [...this.#children].reverse()) this.#stop(child);
    this.#children = [];
    this.#tries = [];
  }

  #restart(child: ModelChild): void {
    this.#restartsMs = this.#restartsMs.filter((atMs) => atMs >= this.#nowMs - this.#flags.periodMs);
    this.#restartsMs.push(this.#nowMs);
    if (this.#restartsMs.length > this.#flags.intensity) {
      this.end();
      return;
    }
    const { strategy } = this.#flags;
    if (strategy === 'one_for_one' || strategy === 'simple_one_for_one') {
      this.#startAgain(child);
      return;
    }
    const first = strategy === 'rest_for_one' ? this.#children.indexOf(child) : 0;
    const group = this.#children.slice(first);
    for (const each of [...group].reverse()) this.#stop(each);
    this.#children = this.#children.filter((each) => !group.includes(each) || each.spec.restart !== 'temporary');
    for (const each of group) {
      if (each.spec.restart !== 'temporary' && !this.#startAgain(each)) return;
    }
  }

  #startAgain(child: ModelChild): boolean {
    child.isRestarting = false;
    const outcome = this.#start(child);
    if (outcome === 'start_failed') {
      child.isRestarting = true;
      this.#tries.push(child);
    }
    if (outcome === 'none' && this.#template !== undefined) this.#release(child);
    return outcome !== 'start_failed';
  }

  #start(child: ModelChild): string {
    const { id, ignores } = child.spec;
    if (ignores) return 'none';
    const failures = this.#failures.get(id) ?? 0;
    if (failures > 0) {
      this.#failures.set(id, failures - 1);
      return 'start_failed';
    }
    child.actor = this.#starts++;
    this.log.push(`start ${id}`);
    return `actor ${child.actor}`;
  }

  #stop(child: ModelChild): void {
    if (child.actor !== undefined) this.log.push(`stop ${child.spec.id} shutdown`);
    child.actor = undefined;
    child.isRestarting = false;
    this.#tries = this.#tries.filter((each) => each !== child);
  }

  #release(child: ModelChild): void {
    if (this.#template === undefined && child.spec.restart !== 'temporary') return;
    this.#children = this.#children.filter((each) => each !== child);
  }

  #endWithSignificant(): void {
    const left = this.#children.some(
      ({ spec, actor, isRestarting }) => spec.significant && (actor !== undefined || isRestarting),
    );
    if (this.#flags.autoShutdown === 'any_significant' || !left) this.end();
  }

  #enter(spec: ModelSpec): string {
    const child: ModelChild = { spec, actor: undefined, lost: undefined, isRestarting: false };
    const outcome = this.#start(child);
    const isKept =
      outcome === 'none' ? spec.restart !== 'temporary' && this.#template === undefined : outcome !== 'start_failed';
    if (isKept) this.#children.push(child);
    return outcome;
  }

  #find(id: string): ModelChild | undefined {
    return this.#children.find(({ spec }) => spec.id === id);
  }
}
