// Owns one observation of the dashboard bench: the same run with nobody looking, with a client in another process that
// reads the run's stream and nothing more, and with a real browser on the run's graph, in turns.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { openDashboard, type RunningDashboard } from '../../src/dashboard/dashboard-server.ts';
import { BROWSER } from '../../test/support/browser.ts';
import { defineSteps, startEngine } from './engine-work.ts';
import { readPlan, reportFindings } from './observation.ts';

const { tasks, rounds, threads } = readPlan(z.object({ tasks: z.number(), rounds: z.number(), threads: z.number() }));

const READER =
  'const [url, token] = process.argv.slice(1);' +
  "fetch(url, { headers: { Authorization: 'Bearer ' + token } }).then(async ({ body }) => {" +
  "process.stdout.write('open'); for await (const _ of body); }).catch(() => {});";
// In the page: counts the frames of the run and the tasks that they tell of.
const COUNT_FRAMES = `{
  const counts = (window.frameCounts = { frames: 0, changes: 0 });
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, listener, options) {
    const counted = name !== 'run' ? listener : (event) => {
      counts.frames += 1;
      counts.changes += JSON.parse(event.data).tasks.length / 4;
      listener(event);
    };
    return listen.call(this, name, counted, options);
  };
}`;
const DRAG_FRAMES = `{
  const times = (window.frameTimes = []);
  const next = (at) => { times.push(at); requestAnimationFrame(next); };
  requestAnimationFrame(next);
}`;
const countsSchema = z.object({ frames: z.number(), changes: z.number() });

await using engine = await startEngine(threads);
const parameters = Array.from({ length: tasks }, (_, index) => ({ index }));
defineSteps(engine, 'empty', 'noop', parameters);

/** A run that waits until somebody looks, timed from there; gives its time and how many tasks completed. */
async function timed(look: (runId: string) => Promise<() => Promise<void>>) {
  const run = engine.startWorkflow('empty');
  run.pause();
  const done = await look(run.runId);
  const start = performance.now();
  const before = process.threadCpuUsage();
  run.resume();
  const { tasks: ends } = await run.result();
  const ms = performance.now() - start;
  const { user, system } = process.threadCpuUsage(before);
  await done();
  return { ms, busyMs: (user + system) / 1_000, completed: ends.completed };
}

const nobody = () => timed(async () => async () => {});

async function throughReader(dashboard: RunningDashboard) {
  return timed(async (runId) => {
    const url = `http://127.0.0.1:${dashboard.port}/api/stream?run=${runId}`;
    const reader = spawn(process.execPath, ['-e', READER, url, dashboard.token], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => reader.stdout.once('data', resolve));
    return async () => void reader.kill();
  });
}

async function throughPage(dashboard: RunningDashboard, page: Page) {
  return timed(async (runId) => {
    await page.goto(dashboard.url);
    await page.goto(`http://127.0.0.1:${dashboard.port}/#/runs/${runId}/graph`);
    await page.getByRole('listbox', { name: /Tasks of the run/ }).waitFor({ timeout: 60_000 });
    return async () => {
      await page.getByRole('status').filter({ hasText: 'The run is completed' }).waitFor({ state: 'attached' });
    };
  });
}

async function panning(page: Page): Promise<number[]> {
  const box = await page.locator('canvas').first().boundingBox();
  if (box === null) return [];
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.wheel(0, -200);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.evaluate(DRAG_FRAMES);
  for (let step = 0; step < 60; step += 1) await page.mouse.move(x + 4 * step, y + 2 * step);
  await page.mouse.up();
  const times = z.array(z.number()).parse(await page.evaluate('window.frameTimes'));
  return times.slice(1).map((at, index) => at - (times[index] ?? at));
}

type Look = Awaited<ReturnType<typeof timed>>;
const emptyLooks = () => ({ timesMs: [] as number[], busyMs: [] as number[] });
const found = {
  alone: emptyLooks(),
  reader: emptyLooks(),
  page: emptyLooks(),
  completed: 0,
  frames: [] as number[],
  changes: [] as number[],
  frameMs: [] as number[],
  heapBytes: 0,
  rssBytes: 0,
};

async function round(context: { page: Page } | null, isMeasured: boolean): Promise<void> {
  const keep = (kind: 'alone' | 'reader' | 'page', { ms, busyMs, completed }: Look) => {
    if (!isMeasured) return;
    found[kind].timesMs.push(ms);
    found[kind].busyMs.push(busyMs);
    found.completed += completed;
  };
  keep('alone', await nobody());
  const dashboard = await openDashboard(engine, { port: 0 });
  keep('reader', await throughReader(dashboard));
  if (context !== null) {
    const look = await throughPage(dashboard, context.page);
    keep('page', look);
    if (isMeasured) {
      const counts = countsSchema.parse(await context.page.evaluate('window.frameCounts'));
      found.frames.push((counts.frames * 1_000) / look.ms);
      found.changes.push((counts.changes * 1_000) / look.ms);
      found.frameMs.push(...(await panning(context.page)));
    }
  }
  await dashboard.close();
}

const profile = mkdtempSync(join(tmpdir(), 'yardmaster-bench-browser-'));
const browser =
  BROWSER === undefined
    ? null
    : await chromium.launchPersistentContext(profile, {
        executablePath: BROWSER,
        headless: true,
        args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
        viewport: { width: 1280, height: 800 },
      });
const page = browser === null ? null : await browser.newPage();
await page?.addInitScript(COUNT_FRAMES);
for (let each = -1; each < rounds; each += 1) await round(page === null ? null : { page }, each >= 0);
if (browser !== null && page !== null) {
  const cdp = await browser.newCDPSession(page);
  await cdp.send('HeapProfiler.collectGarbage');
  const usage = await cdp.send('Runtime.getHeapUsage');
  found.heapBytes = usage.usedSize;
}
found.rssBytes = process.memoryUsage().rss;
await browser?.close();
rmSync(profile, { recursive: true, force: true });
reportFindings(found);
