// Owns the order in which tasks of a run become actors: those that are ready, those that are being started one after the
// other while event handlers run, and those that a handler cancelled before they were actors.
// It starts nothing: the run does.

export class StartQueue {
  /** Tasks whose dependencies have all completed. */
  readonly ready: number[] = [];
  /** Tasks that will not start because of how others ended, not reported yet. */
  readonly skipped: number[] = [];
  #starting: readonly number[] = [];
  #place = 0;
  readonly #cancelled = new Map<number, string>();

  /** Not by spreading: a run may be larger than a call's arguments. */
  add(ready: readonly number[], skipped: readonly number[] = []): void {
    for (const index of ready) this.ready.push(index);
    for (const index of skipped) this.skipped.push(index);
  }

  /** Begins with those that are ready now; `current` gives them one by one. */
  takeReady(): void {
    this.#starting = this.ready.splice(0);
    this.#place = 0;
  }

  /** The task to start now; undefined when all that were taken have started. */
  get current(): number | undefined {
    return this.#starting[this.#place];
  }

  /** The current one has started, or has ended instead. */
  advance(): void {
    this.#place++;
  }

  /** A task that has not started must not. False when it is not about to. */
  cancel(index: number, reason: string): boolean {
    if (!this.ready.includes(index) && this.#starting.indexOf(index, this.#place) < 0) return false;
    this.#cancelled.set(index, reason);
    return true;
  }

  /** The same for one that an earlier life was asked to cancel, whenever it becomes ready. */
  cancelLater(index: number, reason: string): void {
    this.#cancelled.set(index, reason);
  }

  /** Why a task must not start; undefined when nobody has said so. */
  cancelReason(index: number): string | undefined {
    return this.#cancelled.get(index);
  }

  /** Makes those ready again whose start an error cut short. */
  takeBack(isOpen: (index: number) => boolean): void {
    this.add(this.#starting.slice(this.#place).filter(isOpen));
    this.#starting = [];
  }
}
