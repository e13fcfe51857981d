// Owns what can be asked of the dashboard, by path: the documents of the contract, the stream, the actions, metrics, and
// the page itself. Who may ask is decided before (dashboard-guard.ts); what there is to tell, the source knows.

import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { RuntimeError } from '../domain/runtime-error.ts';
import { STATECHART_NAMES, statechartOf } from '../inspect/statechart.ts';
import { answerAction } from './action-route.ts';
import { HEALTH_PATH } from './dashboard-guard.ts';
import type { DashboardSource } from './dashboard-source.ts';
import { faultAnswer, queryOf, refusal, wholeNumber } from './fault-answers.ts';
import type { PageFiles } from './page-files.ts';
import type { OpenStreams } from './stream-route.ts';
import { RUN_STANDINGS } from './wire.ts';

const DEFAULT_LIMIT = 50;
const MOST_ROWS = 500;
const MOST_SKIPPED = 10_000_000;
const LONGEST_SEARCH = 200;
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const runsQuery = z.strictObject({
  kind: z.enum(['workflow', 'task']).optional(),
  standing: z.enum(RUN_STANDINGS).optional(),
  search: z.string().max(LONGEST_SEARCH).optional(),
  skip: wholeNumber(0, MOST_SKIPPED).optional(),
  limit: wholeNumber(1, MOST_ROWS).optional(),
});
const taskQuery = z.strictObject({ name: z.string().min(1) });

type Environment = { Bindings: HttpBindings };
export type DashboardRoutes = Hono<Environment>;

export interface RouteParts {
  readonly source: DashboardSource;
  readonly files: PageFiles;
  readonly streams: OpenStreams;
  /** The text of `/metrics`; none where nobody counts. */
  readonly metrics: (() => Promise<string>) | undefined;
  readonly onError: (error: unknown) => void;
}

/** Everything that can be asked for. */
export function dashboardRoutes({ source, files, streams, metrics, onError }: RouteParts): DashboardRoutes {
  const routes = new Hono<Environment>();
  routes.onError((error, context) => faultAnswer(context, error, onError));
  routes.use('/api/*', async (context, next) => {
    context.header('Cache-Control', 'no-store');
    await next();
  });
  addDocuments(routes, source);
  routes.get('/api/stream', (context) => {
    // A HEAD comes here as a GET: it wants no stream.
    if (context.env.incoming.method !== 'GET') return notAllowed(context, 'GET');
    return streams.answer(context, context.env.outgoing);
  });
  routes.post('/api/actions', (context) => answerAction(context, source, context.env.incoming));
  routes.all('/api/actions', (context) => notAllowed(context, 'POST'));
  routes.all('/api/*', (context) => {
    if (context.req.method === 'POST') return notAllowed(context, 'GET, HEAD');
    return refusal(context, 404, `there is no ${context.req.path} here`);
  });
  routes.get(HEALTH_PATH, (context) => context.text('ok', 200, { 'Cache-Control': 'no-store' }));
  routes.get('/metrics', async (context) => {
    if (metrics !== undefined) {
      return context.body(await metrics(), 200, { 'Content-Type': METRICS_TYPE, 'Cache-Control': 'no-store' });
    }
    return refusal(
      context,
      404,
      'nothing is counted here: metrics are of an engine, as with `yardmaster run --dashboard`',
    );
  });
  routes.get('*', (context) => pageAnswer(context, files));
  routes.all('*', (context) => notAllowed(context, 'GET, HEAD'));
  return routes;
}

function addDocuments(routes: DashboardRoutes, source: DashboardSource): void {
  routes.get('/api/welcome', (context) => context.json(source.welcome()));
  routes.get('/api/runs', async (context) => {
    const { skip = 0, limit = DEFAULT_LIMIT, ...filter } = queryOf(context, runsQuery);
    return context.json(await source.runs({ ...filter, skip, limit }));
  });
  routes.get('/api/runs/:runId', async (context) => {
    const runId = context.req.param('runId');
    return context.json(found(await source.run(runId), runId));
  });
  routes.get('/api/runs/:runId/timeline', async (context) => {
    const runId = context.req.param('runId');
    return context.json(found(await source.timeline(runId), runId));
  });
  routes.get('/api/runs/:runId/plan', async (context) => {
    const runId = context.req.param('runId');
    return context.json(found(await source.plan(runId), runId));
  });
  routes.get('/api/runs/:runId/task', async (context) => {
    const runId = context.req.param('runId');
    const { name } = queryOf(context, taskQuery);
    return context.json(found(await source.task(runId, name), runId, name));
  });
  routes.get('/api/statecharts', (context) => context.json({ names: STATECHART_NAMES }));
  routes.get('/api/statecharts/:name', (context) => {
    const { mermaid: _drawing, ...chart } = statechartOf(context.req.param('name'));
    return context.json(chart);
  });
  routes.get('/api/system', async (context) => context.json(await source.system()));
  routes.get('/api/tree', async (context) => context.json(await source.tree()));
}

function found<T>(document: T | undefined, runId: string, task?: string): T {
  if (document !== undefined) return document;
  if (task === undefined) throw new RuntimeError('RUN_NOT_FOUND', `there is no run '${runId}' here; the list has all`);
  throw new RuntimeError('TASK_NOT_FOUND', `run '${runId}' has no task '${task}', or is not here`);
}

async function pageAnswer(context: Context, files: PageFiles): Promise<Response> {
  const file = files.get(context.req.path);
  if (file === undefined) return refusal(context, 404, `there is no ${context.req.path} here; the page is at /`);
  const headers = { 'Content-Type': file.type, 'Cache-Control': file.cacheControl, Vary: 'Accept-Encoding' };
  const packed = /\bgzip\b/.test(context.req.header('accept-encoding') ?? '') ? await file.packed() : undefined;
  if (packed === undefined) return context.body(file.bytes, 200, headers);
  return context.body(packed, 200, { ...headers, 'Content-Encoding': 'gzip' });
}

function notAllowed(context: Context, allowed: string): Response {
  context.header('Allow', allowed);
  return refusal(context, 405, `${context.req.path} takes ${allowed} only`);
}
