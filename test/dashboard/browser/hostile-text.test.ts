// Names, logs, outputs and errors that would run, load or garble something if a page took them for more than text. They
// are shown on every view of a real browser; nothing runs, nothing is loaded, no rule of the page's policy is touched.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { BROWSER } from '../../support/browser.ts';
import { engineOnView, goTo, openTask, shown, standing, taskPanel, useBrowser } from './dashboard-page.ts';

const IMAGE = '<img src=x onerror="window.wasRun=1">';
const SCRIPT = '</script><script>window.wasRun=2</script>';
const SVG = '"><svg onload=window.wasRun=3>';
const LINK = '<a href="javascript:window.wasRun=4">press</a>';
const RIGHT_TO_LEFT = '\u202egnp.exe\u202c \u2066isolated\u2069';
const LONG = 'x'.repeat(10_000);
const ALL = [IMAGE, SCRIPT, SVG, LINK, RIGHT_TO_LEFT, 'two\nlines', '🦩 ꙮ é', 'it\'s & "so" {{params.x}}', LONG];

/** Tells whether anything of it ever ran: once, and for all documents to come. */
async function watchHarm(page: Page): Promise<() => Promise<unknown[]>> {
  const harm: unknown[] = [];
  page.on('dialog', (dialog) => {
    harm.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (/\/x$|javascript:/.test(request.url())) harm.push(request.url());
  });
  page.on('popup', () => harm.push('a window'));
  return async () => {
    const inDocument = await page.evaluate(
      `[window.wasRun, ...[...document.querySelectorAll('img, script:not([src]), [onload], [onerror], [href^="javascript"]')]
        .map((element) => element.outerHTML.slice(0, 80))].filter((each) => each !== undefined)`,
    );
    return [...harm, ...(Array.isArray(inDocument) ? inDocument : [inDocument])];
  };
}

/** Opens whatever is folded. */
async function unfold(page: Page): Promise<void> {
  await page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))");
}

describe.skipIf(BROWSER === undefined)('hostile text in the dashboard', () => {
  const bench = useBrowser();

  async function hostileRun() {
    const { engine, dashboard } = await engineOnView(bench);
    engine.registerInlineTask('hostile', 'speaks', (_input, context) => {
      for (const text of ALL) {
        context.log('warn', text, { [text.slice(0, 200)]: text });
        context.progress(0.5, text.slice(0, 500));
      }
      return Object.fromEntries(ALL.map((text, index) => [`${index}${text.slice(0, 100)}`, text]));
    });
    engine.registerInlineTask('hostile', 'fails', () => {
      throw Object.assign(new Error(ALL.join('\n')), { name: IMAGE, code: SCRIPT, details: { [SVG]: LINK } });
    });
    const steps = [IMAGE, SCRIPT.replace('</', '<'), SVG, LINK, RIGHT_TO_LEFT, '🦩 ꙮ é'];
    engine.workflows.createWorkflow(IMAGE, [
      ...steps.map((name) => ({ name, module: 'hostile', action: 'speaks', parameters: { [SVG]: ALL } })),
      { name: `${SVG} fails`, module: 'hostile', action: 'fails', maxRetries: 0, dependencies: [...steps] },
    ]);
    return { engine, dashboard, steps };
  }

  it('is shown as text on every view and in every panel, and nothing of it runs', async () => {
    const { engine, dashboard, steps } = await hostileRun();
    // The page is there while it happens: what comes by the stream is text as well.
    const page = await bench.browser.open(dashboard.url);
    const harm = await watchHarm(page);
    const run = engine.startWorkflow(IMAGE, { x: SVG });
    await shown(page.getByRole('link', { name: IMAGE }));
    await page.getByRole('link', { name: IMAGE }).click();
    await run.result();
    await standing(page, 'failed');
    await shown(page.getByRole('heading', { level: 1, name: IMAGE }));
    for (const tab of ['graph', 'timeline', 'events', 'tasks']) {
      await goTo(page, `#/runs/${run.runId}/${tab}`);
      await shown(page.getByRole('tabpanel'));
      await page.getByRole('tabpanel').focus();
      expect(await harm()).toEqual([]);
    }
    for (const name of steps) {
      const panel = await openTask(page, name);
      await shown(panel.getByRole('heading', { name }));
      await unfold(page);
      const log = panel.getByRole('region', { name: 'Log lines' });
      await shown(log);
      const said = (await log.textContent()) ?? '';
      for (const text of ALL) expect(said).toContain(text.slice(0, 500));
      for (const value of ['Input', 'Output']) {
        await shown(
          panel.getByRole('region', { name: value, exact: true }).getByText('onerror=\\"window.wasRun=1\\"').first(),
        );
      }
      expect(await harm()).toEqual([]);
    }
    const failed = taskPanel(page, `${SVG} fails`);
    await openTask(page, `${SVG} fails`);
    await shown(failed.getByText(IMAGE).first());
    await failed.getByRole('button', { name: 'Error', exact: true }).click();
    await unfold(page);
    await shown(failed.getByText(SVG).first());
    expect(await harm()).toEqual([]);
    for (const view of ['system', 'supervisor', 'runs']) {
      await goTo(page, `#/${view}`);
      await shown(page.getByRole('heading', { level: 1 }));
      expect(await harm()).toEqual([]);
    }
  });

  it('in an address leads to a page that says so', async () => {
    const { dashboard } = await engineOnView(bench);
    const page = await bench.browser.open(dashboard.url);
    const harm = await watchHarm(page);
    for (const hash of [
      `#/runs/${encodeURIComponent(IMAGE)}`,
      `#/${IMAGE}`,
      `#/runs?search=${SVG}`,
      '#javascript:wasRun=1',
    ]) {
      await goTo(page, hash);
      await shown(page.getByRole('heading', { level: 1 }));
      expect(await harm()).toEqual([]);
    }
    await goTo(page, '#/runs/no-such-run?task=x');
    await shown(page.getByRole('heading', { name: 'There is no such run' }));
    // The browser tells of each 404 by itself.
    const faults = bench.browser.faults.splice(0);
    expect(faults.filter((fault) => !/status of 404/.test(fault))).toEqual([]);
  });
});
