// Owns what is told to subscribers: that a run's resource reads differently now, or that there are more runs, workflows or
// projects. Events of an engine come by the thousand a second; an address is told at most once an interval.
// It listens to the engine only while somebody listens to it, since an event that nobody wants costs nothing.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import type { RuntimeEvent } from '../domain/events.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { RUNS_URI, runLogsUri, runUri } from './resource-uris.ts';

/** Between two notifications about one address. */
const INTERVAL_MS = 200;
/** Addresses that wait for their notification; with more, all of them are told at once. */
const MOST_WAITING = 1_000;

/** One thing that clients may read anew. */
export type ServerChange =
  | { readonly kind: 'resources_list_changed' }
  | { readonly kind: 'resource_updated'; readonly uri: string };

/** What of an engine is listened to. */
type EventSource = Pick<OrchestrationEngine, 'registerEventHandler'>;

export type ChangeListener = (change: ServerChange) => void;

export class ChangeFeed {
  readonly #timers: TimerService & Clock;
  readonly #listeners = new Set<ChangeListener>();
  readonly #waiting = new Set<string>();
  #isListWaiting = false;
  #timer: TimerHandle | undefined;
  #engine: EventSource | undefined;
  #stopListening: (() => void) | undefined;

  constructor(timers: TimerService & Clock) {
    this.#timers = timers;
  }

  /** Whose runs are told of; undefined once it is shut down. */
  set engine(engine: EventSource | undefined) {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#engine = engine;
    if (this.#listeners.size > 0) this.#listen();
  }

  /** Calls back for every change until the result is called. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    if (this.#stopListening === undefined) this.#listen();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stopListening?.();
      this.#stopListening = undefined;
      this.#forget();
    };
  }

  /** There are other workflows, projects or runs than before. */
  listChanged(): void {
    if (this.#listeners.size === 0) return;
    this.#isListWaiting = true;
    this.#arm();
  }

  #listen(): void {
    this.#stopListening = this.#engine?.registerEventHandler('*', (event) => this.#take(event));
  }

  #take({ type, runId }: RuntimeEvent): void {
    if (runId === undefined) return;
    if (type === 'task.log' || type === 'task.progress') {
      this.#updated(runLogsUri(runId));
      return;
    }
    if (!type.startsWith('workflow.') && !type.startsWith('task.')) return;
    this.#updated(runUri(runId));
    if (!type.startsWith('workflow.')) return;
    this.#updated(RUNS_URI);
    if (type === 'workflow.started') this.listChanged();
  }

  #updated(uri: string): void {
    this.#waiting.add(uri);
    if (this.#waiting.size > MOST_WAITING) this.#flush();
    else this.#arm();
  }

  #arm(): void {
    this.#timer ??= this.#timers.schedule(this.#timers.now() + INTERVAL_MS, () => this.#flush());
  }

  #flush(): void {
    const uris = [...this.#waiting];
    const isListChanged = this.#isListWaiting;
    this.#forget();
    if (isListChanged) this.#tell({ kind: 'resources_list_changed' });
    for (const uri of uris) this.#tell({ kind: 'resource_updated', uri });
  }

  #forget(): void {
    if (this.#timer !== undefined) this.#timers.cancel(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
    this.#isListWaiting = false;
  }

  #tell(change: ServerChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
