// Owns the page's questions to the server: each answer is parsed by the contract before anyone sees it, each refusal
// becomes an `ApiFault` that says what to do. It never retries: who asks decides when to ask again.

import * as z from 'zod/mini';
import {
  type ActionAnswer,
  type ActionRequest,
  actionAnswer,
  type PlanDocument,
  planDocument,
  type RunDocument,
  type RunStanding,
  type RunsPage,
  runDocument,
  runsPage,
  type StatechartDocument,
  type SystemDocument,
  statechartDocument,
  systemDocument,
  type TaskDocument,
  type TimelineDocument,
  type TreeDocument,
  taskDocument,
  timelineDocument,
  treeDocument,
  type Welcome,
  welcome,
  wireFault,
} from '../wire.ts';

export interface RunsQuery {
  readonly kind: 'workflow' | 'task' | null;
  readonly standing: RunStanding | null;
  readonly search: string;
  readonly skip: number;
  readonly limit: number;
}

/** What a server answered instead of what it was asked for; `status` 0: it did not answer at all. */
export class ApiFault extends Error {
  override readonly name = 'ApiFault';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** What people read where the page and the server do not understand each other. */
export const OTHER_VERSION = 'The server is another version than this page. Reload the page.';

const STARTED_ANEW = 'The dashboard was started anew. Open the address that it printed.';
const NO_ANSWER = 'The dashboard does not answer. Is its process still there? `yardmaster dashboard` starts it again.';

const statechartNames = z.object({ names: z.array(z.string()) });

/** Something that does what the browser's `fetch` does. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Questions to the server that sent the page. Every one of them may be given up by its signal. */
export class ApiClient {
  readonly #fetch: Fetch;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** @throws ApiFault */
  welcome(signal?: AbortSignal): Promise<Welcome> {
    return this.#get('/api/welcome', welcome, signal);
  }

  /** @throws ApiFault */
  runs(query: RunsQuery, signal?: AbortSignal): Promise<RunsPage> {
    const parameters = new URLSearchParams({ skip: String(query.skip), limit: String(query.limit) });
    if (query.kind !== null) parameters.set('kind', query.kind);
    if (query.standing !== null) parameters.set('standing', query.standing);
    if (query.search !== '') parameters.set('search', query.search);
    return this.#get(`/api/runs?${parameters}`, runsPage, signal);
  }

  /** @throws ApiFault */
  run(runId: string, signal?: AbortSignal): Promise<RunDocument> {
    return this.#get(`/api/runs/${encodeURIComponent(runId)}`, runDocument, signal);
  }

  /** @throws ApiFault */
  timeline(runId: string, signal?: AbortSignal): Promise<TimelineDocument> {
    return this.#get(`/api/runs/${encodeURIComponent(runId)}/timeline`, timelineDocument, signal);
  }

  /** @throws ApiFault */
  plan(runId: string, signal?: AbortSignal): Promise<PlanDocument> {
    return this.#get(`/api/runs/${encodeURIComponent(runId)}/plan`, planDocument, signal);
  }

  /** @throws ApiFault */
  task(runId: string, name: string, signal?: AbortSignal): Promise<TaskDocument> {
    const query = new URLSearchParams({ name });
    return this.#get(`/api/runs/${encodeURIComponent(runId)}/task?${query}`, taskDocument, signal);
  }

  /** @throws ApiFault */
  async statechartNames(signal?: AbortSignal): Promise<readonly string[]> {
    return (await this.#get('/api/statecharts', statechartNames, signal)).names;
  }

  /** @throws ApiFault */
  statechart(name: string, signal?: AbortSignal): Promise<StatechartDocument> {
    return this.#get(`/api/statecharts/${encodeURIComponent(name)}`, statechartDocument, signal);
  }

  /** @throws ApiFault */
  system(signal?: AbortSignal): Promise<SystemDocument> {
    return this.#get('/api/system', systemDocument, signal);
  }

  /** @throws ApiFault */
  tree(signal?: AbortSignal): Promise<TreeDocument> {
    return this.#get('/api/tree', treeDocument, signal);
  }

  /** @throws ApiFault: why it was refused, for people */
  act(action: ActionRequest): Promise<ActionAnswer> {
    return this.#ask('/api/actions', actionAnswer, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(action),
    });
  }

  #get<T>(url: string, schema: z.ZodMiniType<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#ask(url, schema, signal === undefined ? {} : { signal });
  }

  async #ask<T>(url: string, schema: z.ZodMiniType<T>, init: RequestInit): Promise<T> {
    let response: Response;
    let body: unknown;
    try {
      response = await this.#fetch(url, { ...init, headers: { accept: 'application/json', ...init.headers } });
      body = parsedJson(await response.text());
    } catch (fault) {
      if (init.signal?.aborted === true) throw fault;
      throw new ApiFault('UNREACHABLE', NO_ANSWER, 0);
    }
    if (!response.ok) throw refusal(response.status, body);
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw new ApiFault('OTHER_VERSION', OTHER_VERSION, response.status);
    return parsed.data;
  }
}

/** Any fault as one that people can be shown. */
export function faultOf(thrown: unknown): ApiFault {
  if (thrown instanceof ApiFault) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ApiFault('PAGE_FAULT', message, 0);
}

function refusal(status: number, body: unknown): ApiFault {
  const fault = wireFault.safeParse(body);
  if (status === 401) return new ApiFault('UNAUTHORIZED', STARTED_ANEW, status);
  if (fault.success) return new ApiFault(fault.data.error.code, fault.data.error.message, status);
  return new ApiFault('UNEXPECTED_ANSWER', `The server answered with status ${status}. Try again, or reload.`, status);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
