// Owns what the dashboard's browser tests share: the page as it is in the source, built once a file; one browser a file;
// an engine with its dashboard; and small ways of reading a page by what people see and screen readers hear.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, onTestFinished } from 'vitest';
import { openDashboard, type RunningDashboard } from '../../../src/dashboard/dashboard-server.ts';
import { builtPageFolder } from '../../../src/dashboard/page-files.ts';
import type { EngineConfig } from '../../../src/engine/engine-config.ts';
import { OrchestrationEngine } from '../../../src/engine/orchestration-engine.ts';
import { ROOT } from '../../cli/bin.ts';
import { TASKS_DIR } from '../../engine/support.ts';
import { type BrowserSession, startBrowser } from '../../support/browser.ts';

const VITE = join(ROOT, 'node_modules/vite/bin/vite.js');
const PAGE_SOURCE = join(ROOT, 'src/dashboard/page');
/** On a machine that has other things to do; what is shown at once is seen at once all the same. */
const PATIENCE_MS = 15_000;

/** What a file of tests works with from its first test on. */
export interface Bench {
  readonly browser: BrowserSession;
  /** The page as built from the source of this moment. */
  readonly pageFolder: string;
}

/** One browser and one built page for all tests of a file; no test may leave a fault of the page behind. */
export function useBrowser(options: Parameters<typeof startBrowser>[0] = {}): Bench {
  let browser: BrowserSession | undefined;
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-page-'));
  beforeAll(async () => {
    buildPage(folder);
    browser = await startBrowser(options);
    browser.context.setDefaultTimeout(PATIENCE_MS);
  });
  afterEach(async () => {
    for (const page of browser?.context.pages() ?? []) await page.close();
    expect(browser?.faults.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get browser() {
      if (browser === undefined) throw new Error('the browser starts before the first test');
      return browser;
    },
    pageFolder: folder,
  };
}

/** Builds the page into the folder. */
function buildPage(folder: string): void {
  const { NODE_ENV: _test, ...env } = process.env;
  const args = ['build', PAGE_SOURCE, '--logLevel', 'warn', '--outDir', folder, '--emptyOutDir'];
  const { status, stderr } = spawnSync(process.execPath, [VITE, ...args], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the page cannot be built: ${stderr}`);
}

/** Builds the page where the command looks for it, when what lies there is older than its source. */
export function refreshBuiltPage(): void {
  const built = join(builtPageFolder(), 'index.html');
  const builtAtMs = existsSync(built) ? statSync(built).mtimeMs : 0;
  const files = readdirSync(PAGE_SOURCE, { recursive: true, encoding: 'utf8' }).map((path) => join(PAGE_SOURCE, path));
  const sources = [...files, join(ROOT, 'src/dashboard/wire.ts')];
  if (sources.some((file) => statSync(file).mtimeMs > builtAtMs)) buildPage(builtPageFolder());
}

/** An engine with its dashboard, gone after the test. */
export async function engineOnView(bench: Bench, config: EngineConfig = {}) {
  const engine = await OrchestrationEngine.create({
    dataDir: ':memory:',
    maxWorkers: 2,
    workflowsDir: '/nonexistent-workflows',
    tasksDirs: [TASKS_DIR],
    cancelGraceMs: 100,
    ...config,
  });
  onTestFinished(() => engine.shutdown({ drainMs: 0 }));
  const dashboard = await onView(bench, engine);
  return { engine, dashboard };
}

/** A dashboard over the engine, gone after the test. */
export async function onView(bench: Bench, engine: OrchestrationEngine): Promise<RunningDashboard> {
  const dashboard = await openDashboard(engine, { port: 0, pageFolder: bench.pageFolder });
  onTestFinished(() => dashboard.close());
  return dashboard;
}

/** Goes to another view of a page that is open. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
}

/** Resolves when the place is on the page and in view. */
export function shown(place: Locator): Promise<void> {
  return place.waitFor({ state: 'visible' });
}

/** The head of a run's page says that it stands so. */
export function standing(page: Page, word: string): Promise<void> {
  return page
    .getByRole('status')
    .filter({ hasText: `The run is ${word}` })
    .waitFor({ state: 'attached' });
}

/** The row of a task in the tab Tasks, in that state. */
export function taskRow(page: Page, name: string, state = ''): Locator {
  return page
    .getByRole('grid', { name: 'Tasks' })
    .getByRole('row')
    .filter({ has: page.getByText(name, { exact: true }) })
    .filter({ hasText: state });
}

/** Opens a task's panel from the tab Tasks. */
export async function openTask(page: Page, name: string): Promise<Locator> {
  await taskRow(page, name).click();
  return taskPanel(page, name);
}

export function taskPanel(page: Page, name: string): Locator {
  return page.getByRole('complementary', { name: `Task ${name}` });
}

/** The picture of the task's statechart, with that state lit. */
export function litState(panel: Locator, state: string): Locator {
  return panel.getByRole('img', { name: new RegExp(`Statechart of task: .*now ${state}$`) });
}

/** The card of a resource on the page System. */
export function resourceCard(page: Page, id: string): Locator {
  return page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: id, exact: true }) });
}
