// Owns the AbortSignal of an attempt in a thread. It is made on first use only, and it tells the truth in two ways:
// reading it looks at the cancel word (so it works inside a busy loop), and its abort event fires when async code waits.

import { RuntimeError } from '../domain/runtime-error.ts';
import type { AttemptBoard } from './attempt-board.ts';

export class CancelSignal {
  readonly #board: AttemptBoard;
  readonly #row: number;
  readonly #taskName: string;
  #controller: AbortController | null = null;
  #ended = false;

  constructor(board: AttemptBoard, row: number, taskName: string) {
    this.#board = board;
    this.#row = row;
    this.#taskName = taskName;
  }

  /** True once cancel is raised, and for ever after the attempt has ended: code it left behind should stop too. */
  isCancelled(): boolean {
    return this.#ended || this.#board.isCancelled(this.#row);
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#createController();
    return this.#controller.signal;
  }

  /** The attempt is over: nothing waits on its row any more. */
  end(): void {
    if (this.#ended) return;
    // The row may be another attempt's after this, so what it said is kept first.
    if (this.#controller !== null) {
      this.#catchUp(this.#controller);
      this.#board.end(this.#row);
    }
    this.#ended = true;
  }

  #createController(): AbortController {
    const controller = new AbortController();
    const { signal } = controller;
    const prototype: AbortSignal = AbortSignal.prototype;
    const catchUp = () => this.#catchUp(controller);
    // Own accessors over the built-in ones: the signal stays a real AbortSignal for fetch, timers and AbortSignal.any.
    Object.defineProperties(signal, {
      aborted: {
        get: () => {
          catchUp();
          return Reflect.get(prototype, 'aborted', signal);
        },
      },
      reason: {
        get: () => {
          catchUp();
          return Reflect.get(prototype, 'reason', signal);
        },
      },
      throwIfAborted: {
        value: () => {
          catchUp();
          prototype.throwIfAborted.call(signal);
        },
      },
    });
    if (this.#ended) return controller;
    catchUp();
    if (!this.#isAborted(controller)) void this.#board.whenSettled(this.#row).then(catchUp);
    return controller;
  }

  #catchUp(controller: AbortController): void {
    if (this.#ended || this.#isAborted(controller) || !this.#board.isCancelled(this.#row)) return;
    controller.abort(new RuntimeError('TASK_CANCELLED', `task '${this.#taskName}' was asked to stop`));
  }

  #isAborted(controller: AbortController): boolean {
    return Reflect.get(AbortSignal.prototype, 'aborted', controller.signal) === true;
  }
}
