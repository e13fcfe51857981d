// Every page and dialog of the dashboard as axe sees it, light and dark, wide and narrow; and a walk through a run with
// nothing but the keyboard.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createGate } from '../../engine/support.ts';
import { BROWSER } from '../../support/browser.ts';
import {
  engineOnView,
  goTo,
  litState,
  resourceCard,
  shown,
  standing,
  taskPanel,
  useBrowser,
} from './dashboard-page.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const MOST_PRESSES = 60;
const MOST_HTML = 300;
const GRAVE = ['serious', 'critical'];
const findings = z.array(
  z.object({
    id: z.string(),
    impact: z.nullable(z.string()),
    help: z.string(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.optional(z.string()) })),
  }),
);

/** What axe finds on the page as it is now that keeps people out, in words. */
async function audit(page: Page, rules: object): Promise<string[]> {
  if ((await page.evaluate('window.axe')) === undefined) await page.evaluate(AXE);
  const options = JSON.stringify({ ...rules, resultTypes: ['violations'] });
  const found = findings.parse(await page.evaluate(`axe.run(${options}).then(({ violations }) => violations)`));
  return found
    .filter(({ impact }) => GRAVE.includes(impact ?? ''))
    .map(({ id, help, nodes }) => {
      const places = nodes.map(({ html, failureSummary }) => `  ${html.slice(0, MOST_HTML)}\n  ${failureSummary}`);
      return `${id}: ${help}\n${places.join('\n')}`;
    });
}

describe.skipIf(BROWSER === undefined)('accessibility of the dashboard', () => {
  const bench = useBrowser();

  /** An engine with a run that failed in many ways, and one that goes on. */
  async function runs() {
    const { engine, dashboard } = await engineOnView(bench);
    const gate = createGate(engine);
    engine.resources.registerResource('licence', 'compute', 1);
    engine.workflows.createWorkflow('mixed', [
      { name: 'done', module: 'bodies', action: 'reports' },
      { name: 'fails', module: 'bodies', action: 'throwsCustom', retry: { maxAttempts: 2, initialIntervalMs: 1 } },
      { name: 'skipped', module: 'core', action: 'noop', dependencies: ['fails'] },
    ]);
    engine.workflows.createWorkflow('going', [
      { name: 'first', ...gate.task('first'), priority: 'critical', resources: { licence: 1 } },
      { name: 'waiting', ...gate.task('waiting'), resources: { licence: 1 } },
      { name: 'later', module: 'core', action: 'noop', dependencies: ['waiting'] },
    ]);
    const mixed = engine.startWorkflow('mixed');
    await mixed.result();
    const going = engine.startWorkflow('going');
    await gate.entered('first');
    return { dashboard, mixed: mixed.runId, going: going.runId };
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      it(`axe finds nothing grave on any page or dialog, ${colorScheme}, ${width} pixels wide`, async () => {
        const { dashboard, mixed, going } = await runs();
        const page = await bench.browser.open(dashboard.url);
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 844 });
        // What is not of colours is the same in either theme.
        const rules = colorScheme === 'dark' ? { runOnly: ['color-contrast', 'link-in-text-block'] } : {};
        const grave: string[] = [];
        const look = async (view: string) => {
          const found = await audit(page, rules);
          grave.push(...found.map((text) => `${view}: ${text}`));
          const sideways = await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          if (Number(sideways) > 0) grave.push(`${view}: the page scrolls sideways by ${sideways} pixels`);
        };
        await tour(page, { mixed, going }, look);
        // The browser itself tells of each 404.
        const { faults } = bench.browser;
        faults.splice(0, faults.length, ...faults.filter((fault) => !/status of 404/.test(fault)));
        expect(grave).toEqual([]);
      }, 60_000);
    }
  }

  it('keys alone open a run, its task with the statechart, and close it; the focus comes back', async () => {
    const { dashboard, mixed } = await runs();
    const page = await bench.browser.open(dashboard.url);
    await shown(page.getByRole('link', { name: 'mixed' }));
    const hasFocus = async (place: Locator) => (await place.and(page.locator(':focus')).count()) === 1;
    const tabTo = async (role: Parameters<Page['getByRole']>[0], name: string | RegExp, key = 'Tab') => {
      const wanted = page.getByRole(role, { name });
      for (let presses = 0; presses < MOST_PRESSES; presses += 1) {
        await page.keyboard.press(key);
        if (await hasFocus(wanted)) return wanted;
      }
      throw new Error(`${key} does not lead to ${role} ${name}`);
    };
    await tabTo('link', 'mixed');
    await page.keyboard.press('Enter');
    await standing(page, 'failed');
    expect(page.url()).toContain(mixed);

    // Through the graph: right is a task that depends on this one.
    await page.getByRole('listbox', { name: /Tasks of the run/ }).waitFor();
    const list = await tabTo('listbox', /Tasks of the run/);
    for (const key of ['Home', 'ArrowDown', 'ArrowRight', 'ArrowLeft', 'Enter']) await page.keyboard.press(key);
    const opened = /task=(\w+)/;
    await page.waitForURL(opened);
    const name = opened.exec(page.url())?.[1] ?? '';
    const panel = taskPanel(page, name);
    await shown(panel.getByRole('img', { name: /^Statechart of task/ }));
    await tabTo('button', 'Close the task');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(await hasFocus(list)).toBe(true);

    // Through the tabs and the list of tasks.
    await tabTo('tab', 'Graph', 'Shift+Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await tabTo('grid', 'Tasks');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await shown(taskPanel(page, 'skipped'));
    await tabTo('button', 'Close the task');
    await page.keyboard.press('Enter');
    await taskPanel(page, 'skipped').waitFor({ state: 'detached' });
  });
});

interface Runs {
  readonly mixed: string;
  readonly going: string;
}
type Look = (view: string) => Promise<void>;

async function visit(page: Page, hash: string, heading: string | RegExp): Promise<void> {
  await goTo(page, hash);
  await shown(page.getByRole('heading', { level: 1, name: heading }));
}

/** Every page, panel and dialog, each looked at. */
async function tour(page: Page, runs: Runs, look: Look): Promise<void> {
  await tourOfRun(page, runs, look);
  await tourOfTasks(page, runs, look);
  await tourOfEngine(page, look);
}

/** The list of runs, and the views of a run. */
async function tourOfRun(page: Page, { mixed }: Runs, look: Look): Promise<void> {
  await shown(page.getByRole('link', { name: 'mixed' }));
  await look('runs');
  await visit(page, '#/runs?search=nothing-has-this-name', 'Runs');
  await shown(page.getByRole('heading', { level: 2 }).first());
  await look('no runs');
  await visit(page, `#/runs/${mixed}/graph`, 'mixed');
  await shown(page.getByRole('listbox', { name: /Tasks of the run/ }));
  await look('graph');
  await visit(page, `#/runs/${mixed}/timeline`, 'mixed');
  await shown(page.getByRole('application', { name: /^Timeline/ }));
  await look('timeline');
  await visit(page, `#/runs/${mixed}/tasks`, 'mixed');
  await shown(page.getByRole('grid', { name: 'Tasks' }));
  await look('tasks');
  await visit(page, `#/runs/${mixed}/events`, 'mixed');
  await look('events');
}

/** Panels of tasks, and the dialogs that ask before something is cancelled. */
async function tourOfTasks(page: Page, { mixed, going }: Runs, look: Look): Promise<void> {
  await visit(page, `#/runs/${mixed}/tasks?task=fails`, 'mixed');
  await shown(litState(taskPanel(page, 'fails'), 'failed'));
  await look('task that failed');
  await visit(page, `#/runs/${mixed}/graph?task=done`, 'mixed');
  await shown(litState(taskPanel(page, 'done'), 'completed'));
  await look('task beside the graph');
  await visit(page, `#/runs/${going}/tasks?task=waiting`, 'going');
  await shown(
    taskPanel(page, 'waiting')
      .getByText(/licence/)
      .first(),
  );
  await look('task that waits');
  await taskPanel(page, 'waiting')
    .getByRole('button', { name: /^Cancel task/ })
    .click();
  await shown(page.getByRole('dialog'));
  await look('dialog of a task');
  await page.keyboard.press('Escape');
  await visit(page, `#/runs/${going}/graph`, 'going');
  await page.getByRole('button', { name: 'Cancel run…' }).click();
  await shown(page.getByRole('dialog'));
  await look('dialog of a run');
  await page.keyboard.press('Escape');
}

/** The engine's pages, and what is said where there is nothing. */
async function tourOfEngine(page: Page, look: Look): Promise<void> {
  await visit(page, '#/system', 'System');
  await resourceCard(page, 'licence')
    .getByRole('button', { name: /capacity/ })
    .click();
  await shown(page.getByRole('dialog'));
  await look('dialog of a resource');
  await page.keyboard.press('Escape');
  await look('system');
  await visit(page, '#/supervisor', 'Supervisor');
  await shown(page.getByRole('tree'));
  await look('supervisor');
  await visit(page, '#/machines/task', /achine/);
  await shown(page.getByRole('img', { name: /^Statechart of task/ }));
  await look('machines');
  await visit(page, '#/nowhere', 'No such page');
  await look('no such page');
  await goTo(page, '#/runs/no-such-run');
  await shown(page.getByRole('heading', { name: 'There is no such run' }));
  await look('no such run');
}
