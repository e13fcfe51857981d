// Owns what other processes ask of the engine in a simulation: requests lie beside the disk and survive every crash; each
// is given to a life once, and to the next life again until it is answered.

import type { RequestInbox, RequestOutcome, RunRequest, RunRequestKind } from '../../src/journal/run-requests.ts';

export class SimulatedRequests {
  readonly #open = new Map<number, RunRequest>();
  #ids = 0;

  send(kind: RunRequestKind, runId: string, atMs: number): void {
    const id = ++this.#ids;
    this.#open.set(id, { id, kind, runId, reason: 'a request', atMs });
  }

  /** The engine's side of one life. */
  inboxOf(life: {
    readonly isOver: () => boolean;
    readonly given: (request: RunRequest) => void;
    readonly answered: (request: RunRequest, outcome: RequestOutcome) => void;
  }): RequestInbox {
    let newest = 0;
    return {
      poll: () => {
        if (life.isOver()) return [];
        const fresh = [...this.#open.values()].filter(({ id }) => id > newest);
        newest = Math.max(newest, ...fresh.map(({ id }) => id));
        for (const request of fresh) life.given(request);
        return fresh;
      },
      answer: (id, outcome) => {
        const request = this.#open.get(id);
        if (request === undefined || life.isOver()) return;
        this.#open.delete(id);
        life.answered(request, outcome);
      },
    };
  }
}
