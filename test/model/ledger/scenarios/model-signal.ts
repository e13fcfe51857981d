// Owns a signal to abort a wait with. Why not the built-in one: it catches what its listeners throw, and the explorer
// leaves the code under test by throwing.

type Listener = Parameters<AbortSignal['addEventListener']>[1];

export class ModelSignal implements AbortSignal {
  readonly #listeners = new Set<Listener>();
  aborted = false;
  reason: unknown = undefined;
  onabort = null;

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of [...this.#listeners]) {
      const event = new Event('abort');
      if (typeof listener === 'function') listener(event);
      else listener.handleEvent(event);
    }
  }

  addEventListener(_type: string, listener: Listener): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners.delete(listener);
  }

  dispatchEvent(): boolean {
    return false;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }
}
