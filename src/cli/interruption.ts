// Owns what Ctrl-C and its relatives mean while a run goes on: drain, then stop, then leave at once.

/** How urgently the user wants to leave. */
export type InterruptLevel = 'drain' | 'stop' | 'leave';

const LEVELS: readonly InterruptLevel[] = ['drain', 'stop', 'leave'];
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/**
 * Signals this close to the one before are the same key press: a terminal signals the whole process group while npm,
 * `timeout` or an outer shell passes its own copy on, and a key that is held down repeats every 30 ms.
 */
export const SAME_PRESS_MS = 200;

/** Counts presses: each one that is not a copy of the last goes one level up, and stays at the last. */
export class InterruptCounter {
  #level = -1;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** The level of a signal at a time; undefined for a copy. */
  press(atMs: number): InterruptLevel | undefined {
    const copy = atMs - this.#lastMs < SAME_PRESS_MS;
    this.#lastMs = atMs;
    if (copy) return undefined;
    this.#level = Math.min(this.#level + 1, LEVELS.length - 1);
    return LEVELS[this.#level];
  }
}

/** Resolves with the first press; the next ends the process at once with `exitCode`. For who waits to be stopped. */
export function untilInterrupted(exitCode: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  listenForInterrupts((level) => {
    if (level !== 'drain') process.exit(exitCode);
    resolve();
  });
  return promise;
}

/**
 * Calls back for every press until the returned function is called; the process no longer dies of the signals. From
 * `leave` on it does again: a thread that is stuck in native code (a file system that does not answer) holds up even
 * `process.exit`, and one more press must end it.
 */
export function listenForInterrupts(onLevel: (level: InterruptLevel, signal: NodeJS.Signals) => void): () => void {
  const counter = new InterruptCounter();
  const listener = (signal: NodeJS.Signals): void => {
    const level = counter.press(performance.now());
    if (level === 'leave') stop();
    if (level !== undefined) onLevel(level, signal);
  };
  const stop = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, listener);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return stop;
}
