// Owns the page's one stream of server-sent events: which things it asks for, how it stands, and what became of it when
// it was lost. It is opened anew when the page looks at something else. Whatever is fetched is fetched again after each
// opening (`epoch`), since what was said in between is not repeated.
// The browser's own reconnecting is not used: it gives up at any status, and cannot tell a dead server from a new one.

import type * as z from 'zod/mini';
import {
  goneFrame,
  openFrame,
  type RunFrame,
  type RunsFrame,
  runFrame,
  runsFrame,
  type SystemFrame,
  systemFrame,
  type TaskDocument,
  type TreeDocument,
  taskDocument,
  treeDocument,
} from '../wire.ts';

/** What the page is looking at. */
export interface Interest {
  readonly runs?: boolean;
  readonly system?: boolean;
  readonly tree?: boolean;
  readonly run?: { readonly runId: string; readonly timeline: boolean; readonly task: string | null };
}

/** How the stream stands; `refused`: the server is another one, with another token; `mismatch`: of another version. */
export type StreamState =
  | { readonly kind: 'idle' | 'connecting' | 'live' | 'refused' | 'mismatch' }
  | { readonly kind: 'lost' | 'gone'; readonly message: string };

export interface Frames {
  readonly runs: RunsFrame;
  readonly run: RunFrame;
  readonly task: TaskDocument;
  readonly system: SystemFrame;
  readonly tree: TreeDocument;
}

/** What the stream needs of the browser. */
export interface StreamPort {
  /** Opens a stream; `hear` is told of every named event, `fail` once when it breaks. Gives the way to close it. */
  open(url: string, names: readonly string[], hear: (name: string, data: string) => void, fail: () => void): () => void;
  /** Whether the server would have us. */
  probe(): Promise<'welcome' | 'refused' | 'unreachable'>;
  /** Calls back later; gives the way to call it off. */
  later(call: () => void, delayMs: number): () => void;
  /** The server's clock as it says it. */
  tellTime(now: number): void;
}

const SCHEMAS: { readonly [K in keyof Frames]: z.ZodMiniType<Frames[K]> } = {
  runs: runsFrame,
  run: runFrame,
  task: taskDocument,
  system: systemFrame,
  tree: treeDocument,
};
const NAMES = ['open', 'gone', ...Object.keys(SCHEMAS)];

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
/** A server that has not said `open` by then is not waited for: documents are fetched without it. */
const PATIENCE_MS = 1_500;
const LOST = 'The connection to the dashboard was lost. Trying again by itself; what is shown may be old.';

type Listeners = { readonly [K in keyof Frames]: Set<(frame: Frames[K]) => void> };

/** One stream, for everything on view. */
export class LiveStream {
  readonly #port: StreamPort;
  readonly #interests = new Set<Interest>();
  readonly #watchers = new Set<() => void>();
  readonly #listeners: Listeners = {
    runs: new Set(),
    run: new Set(),
    task: new Set(),
    system: new Set(),
    tree: new Set(),
  };
  #state: StreamState = { kind: 'idle' };
  #epoch = 0;
  #settledUrl: string | null = null;
  #isPaused = false;
  #isDue = false;
  #url: string | null = null;
  #close: (() => void) | null = null;
  #callOff: (() => void) | null = null;
  #failures = 0;

  constructor(port: StreamPort) {
    this.#port = port;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Grows whenever everything on view has to be fetched again. */
  get epoch(): number {
    return this.#epoch;
  }

  /** False while a stream is being opened: what is fetched now would be fetched again at once. */
  get isSettled(): boolean {
    const url = streamUrl(this.#interests);
    return url === null || url === this.#settledUrl;
  }

  /** Tells of changes of state and epoch, until the result is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Asks for something, until the result is called. */
  want(interest: Interest): () => void {
    this.#interests.add(interest);
    this.#reopenSoon();
    return () => {
      this.#interests.delete(interest);
      this.#reopenSoon();
    };
  }

  /** Hears frames of one kind, until the result is called. */
  hear<K extends keyof Frames>(kind: K, listener: (frame: Frames[K]) => void): () => void {
    this.#listeners[kind].add(listener);
    return () => this.#listeners[kind].delete(listener);
  }

  /** Tries at once instead of when it is due; nothing where the stream is not lost. */
  retry(): void {
    const { kind } = this.#state;
    if (this.#isPaused || (kind !== 'lost' && kind !== 'gone' && kind !== 'refused')) return;
    this.#failures = 0;
    this.#connect();
  }

  /** Lets go of the connection while nobody looks: browsers allow six to a server, over all pages. */
  pause(): void {
    this.#isPaused = true;
    this.#release();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#connect();
  }

  // Several parts of the page change what they want at once, when one view gives way to another.
  #reopenSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (streamUrl(this.#interests) === this.#url) return;
      this.#failures = 0;
      this.#connect();
    });
  }

  #connect(): void {
    this.#release();
    const url = streamUrl(this.#interests);
    this.#url = url;
    if (this.#isPaused) return;
    if (url === null) {
      this.#become({ kind: 'idle' });
      return;
    }
    const wasLost = this.#state.kind === 'lost' || this.#state.kind === 'gone' || this.#state.kind === 'refused';
    if (!wasLost) this.#become({ kind: 'connecting' });
    this.#callOff = this.#port.later(() => {
      if (!this.isSettled) this.#settle();
    }, PATIENCE_MS);
    this.#close = this.#port.open(
      url,
      NAMES,
      (name, data) => this.#hear(name, data),
      () => this.#fail(),
    );
  }

  #hear(name: string, data: string): void {
    const value = parsedJson(data);
    if (name === 'open') this.#opened(value);
    else if (name === 'gone') this.#gone(value);
    else if (isFrameName(name)) this.#deliver(name, value);
  }

  #opened(value: unknown): void {
    const frame = openFrame.safeParse(value);
    if (!frame.success) {
      this.#mismatch();
      return;
    }
    this.#port.tellTime(frame.data.now);
    this.#failures = 0;
    this.#callOff?.();
    this.#state = { kind: 'live' };
    this.#settle();
  }

  #gone(value: unknown): void {
    const frame = goneFrame.safeParse(value);
    this.#release();
    this.#become({ kind: 'gone', message: frame.success ? frame.data.message : LOST });
    this.#retryLater();
  }

  #deliver<K extends keyof Frames>(name: K, value: unknown): void {
    const parsed = SCHEMAS[name].safeParse(value);
    if (!parsed.success) {
      this.#mismatch();
      return;
    }
    for (const listener of this.#listeners[name]) listener(parsed.data);
  }

  #mismatch(): void {
    this.#release();
    this.#become({ kind: 'mismatch' });
    if (!this.isSettled) this.#settle();
  }

  #fail(): void {
    this.#release();
    if (this.#state.kind !== 'gone') this.#become({ kind: 'lost', message: LOST });
    if (!this.isSettled) this.#settle();
    void this.#port.probe().then((answer) => {
      // Something else was asked for meanwhile.
      if (this.#close !== null || this.#callOff !== null || this.#isPaused) return;
      if (answer === 'refused') this.#become({ kind: 'refused' });
      else this.#retryLater();
    });
  }

  #retryLater(): void {
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, MAX_RETRY_MS);
    this.#failures += 1;
    this.#callOff = this.#port.later(() => this.#connect(), delayMs);
  }

  #settle(): void {
    this.#settledUrl = this.#url;
    this.#epoch += 1;
    this.#tell();
  }

  #release(): void {
    this.#callOff?.();
    this.#callOff = null;
    this.#close?.();
    this.#close = null;
  }

  #become(state: StreamState): void {
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** The address that asks for everything in the interests; null = for nothing. */
export function streamUrl(interests: Iterable<Interest>): string | null {
  const all = [...interests];
  const topics = (['runs', 'system', 'tree'] as const).filter((topic) => all.some((each) => each[topic] === true));
  const query = new URLSearchParams();
  const runs = all.flatMap(({ run }) => (run === undefined ? [] : [run]));
  const run = runs.at(-1);
  if (run !== undefined) {
    query.set('run', run.runId);
    const same = runs.filter(({ runId }) => runId === run.runId);
    if (same.some(({ timeline }) => timeline)) query.set('timeline', '1');
    const task = same.find((each) => each.task !== null)?.task ?? null;
    if (task !== null) query.set('task', task);
  }
  if (topics.length > 0) query.set('topics', topics.join(','));
  const text = query.toString();
  return text === '' ? null : `/api/stream?${text}`;
}

function isFrameName(name: string): name is keyof Frames {
  return Object.hasOwn(SCHEMAS, name);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
