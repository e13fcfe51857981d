// The main job as people run it: the real command with its dashboard, watched in a real browser from its first task to
// its last, and ending by itself when nobody looks any more.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { ended, startYardmaster } from '../../cli/bin.ts';
import { BROWSER } from '../../support/browser.ts';
import { createTestFolder } from '../../support/test-folder.ts';
import { litState, openTask, refreshBuiltPage, shown, standing, taskRow, useBrowser } from './dashboard-page.ts';

const FILES = 320;
const FILE_BYTES = 250_000;
const TASKS = 29;

/** A tree that takes some seconds to take stock of: letters that no packer can make much of. */
function bigTree(folder: string): string {
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  const bytes = Buffer.alloc(FILE_BYTES);
  let state = 7;
  for (let file = 0; file < FILES; file += 1) {
    for (let at = 0; at < FILE_BYTES; at += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      bytes[at] = at % 80 === 79 ? 10 : 97 + ((state >>> 16) % 26);
    }
    writeFileSync(join(tree, `file-${file}.txt`), bytes);
  }
  return tree;
}

/** The command, once it has said where its dashboard is. */
async function startMainJob(folder: string) {
  const child = startYardmaster([
    'run',
    'source-inventory',
    '--dashboard=0',
    '--data-dir',
    join(folder, 'data'),
    '--param',
    `root=${bigTree(folder)}`,
    '--param',
    `out=${join(folder, 'out')}`,
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const end = ended(child);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += String(chunk);
    const url = /^dashboard: (http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+)$/m.exec(said)?.[1];
    if (url !== undefined) resolve(url);
  });
  void end.then(({ code, stderr }) => reject(new Error(`it ended with ${code} before it had a dashboard: ${stderr}`)));
  return { url: await promise, end };
}

// Runs in the page: writes down every state that is shown of a task, and every picture of its statechart by the words
// that a screen reader has for it, in the order in which they are shown. Some are on view for less than a test's glance.
const WATCH_STATES = `{
  const seen = (window.seenStates = {});
  const charts = (window.seenCharts = []);
  const read = () => {
    for (const row of document.querySelectorAll('[role="grid"] tr')) {
      const [state, name] = [...row.querySelectorAll('td')].map((cell) => cell.textContent.trim());
      if (name === undefined) continue;
      seen[name] ??= [];
      if (seen[name].at(-1) !== state) seen[name].push(state);
    }
    const chart = document.querySelector('svg[aria-label^="Statechart"]')?.getAttribute('aria-label');
    if (chart !== undefined && charts.at(-1) !== chart) charts.push(chart);
  };
  read();
  new MutationObserver(read).observe(document.body, { subtree: true, childList: true, attributes: true });
}`;

async function statesSeen(page: Page): Promise<Record<string, string[]>> {
  return z.record(z.string(), z.array(z.string())).parse(await page.evaluate('window.seenStates'));
}

async function charts(page: Page): Promise<string[]> {
  return z.array(z.string()).parse(await page.evaluate('window.seenCharts'));
}

describe.skipIf(BROWSER === undefined)('the main job with its dashboard', () => {
  const bench = useBrowser({ width: 1280, height: 1500 });

  it('is watched from task to task, shows a statechart that moves, and ends when the page is closed', async () => {
    refreshBuiltPage();
    const { url, end } = await startMainJob(createTestFolder());
    const page = await bench.browser.open(url);
    await page.getByRole('link', { name: 'source-inventory' }).click();
    // Held still while one looks around: what runs goes on, nothing new starts.
    await page.getByRole('button', { name: 'Pause' }).click();
    await standing(page, 'paused');
    await page.getByRole('tab', { name: 'Tasks' }).click();
    await shown(taskRow(page, 'report'));
    await page.evaluate(WATCH_STATES);
    const panel = await openTask(page, 'compress-7');
    await page.getByRole('button', { name: 'Resume' }).click();

    await shown(litState(panel, 'completed'));
    const pictures = await charts(page);
    expect(pictures.map((picture) => picture.split(' ').at(-1))).toEqual(['ready', 'running', 'completed']);
    const steps = panel.getByRole('region', { name: 'Steps of the path' });
    expect((await steps.getByRole('row').allInnerTexts()).map((row) => row.split(/\s+/).at(-1))).toEqual([
      'State',
      'ready',
      'running',
      'completed',
    ]);

    await standing(page, 'completed');
    await expect.poll(() => statesSeen(page)).toMatchObject({ report: expect.arrayContaining(['completed']) });
    const seen = await statesSeen(page);
    expect(Object.keys(seen)).toHaveLength(TASKS);
    for (const [name, states] of Object.entries(seen)) {
      expect([name, states.at(-1)]).toEqual([name, 'completed']);
      expect([name, states]).toEqual([name, states.toSorted((a, b) => rankOf(a) - rankOf(b))]);
    }
    // Those that were still to be started were seen to be: longer than two frames of the stream are apart.
    expect(seen['compress-7']).toEqual(expect.arrayContaining(['running', 'completed']));
    expect(Object.values(seen).filter((states) => states.length > 1).length).toBeGreaterThan(3);

    await page.close();
    const { code, signal, stdout, stderr } = await end;
    expect([code, signal]).toEqual([0, null]);
    expect(stdout).toContain(`${TASKS} of ${TASKS} tasks completed`);
    expect(stderr).toContain(`still at ${url}`);
  }, 60_000);
});

const ORDER = ['pending', 'blocked', 'ready', 'running', 'completed'];

function rankOf(state: string): number {
  return ORDER.indexOf(state);
}
