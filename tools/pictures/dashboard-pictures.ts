// Owns the pictures of the dashboard: each page, in both themes, at the width of a desk and of a hand, while the main job
// runs behind it and with the recorded runs of the folder beside it.

import type { Browser, Page } from 'playwright-core';
import { withBrowser } from './browser.ts';
import { type PictureFolder, ROOT } from './picture-runs.ts';

const THEMES = ['light', 'dark'] as const;
const SIZES = [
  { width: 1_280, height: 800 },
  { width: 390, height: 844 },
] as const;
/** Layouts, first frames and fonts. */
const SETTLED_MS = 900;
const ADDRESS = /https?:\/\/127\.0\.0\.1:\d+\S*/;
const MAIN = 'source-inventory';

/** Pages by the name in their file; `run` is the recorded run, `live` the one that goes on. */
const PAGES: readonly { readonly name: string; readonly hash: string }[] = [
  { name: 'system', hash: '#/system' },
  { name: 'live', hash: '#/runs/live/graph' },
  { name: 'supervisor', hash: '#/supervisor' },
  { name: 'runs', hash: '#/runs' },
  { name: 'graph', hash: '#/runs/nightly/graph' },
  { name: 'timeline', hash: '#/runs/nightly/timeline' },
  { name: 'tasks', hash: '#/runs/nightly/tasks' },
  { name: 'events', hash: '#/runs/nightly/events' },
  { name: 'task', hash: '#/runs/nightly/graph?task=transcribe' },
  { name: 'machine', hash: '#/machines/task' },
];

/** Pictures by file name. The recorded run is named `nightly`. */
export async function dashboardPictures(folder: PictureFolder): Promise<Map<string, Uint8Array>> {
  const out = ['--param', `root=${ROOT}`, '--param', `out=${folder.path}/inventory`];
  const child = folder.start(['run', MAIN, '--run-id', 'live', '--dashboard', '0', ...out]);
  const closed = new Promise((resolve) => child.once('close', resolve));
  try {
    const address = await addressFrom(child.stderr);
    return await withBrowser(async (browser) => await picturesOf(browser, address));
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
}

async function addressFrom(stderr: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stderr) {
    text += String(chunk);
    const [address] = ADDRESS.exec(text) ?? [];
    if (address !== undefined && text.includes('\n', text.indexOf(address))) return address;
  }
  throw new Error(`the dashboard did not say where it is: ${text}`);
}

async function picturesOf(browser: Browser, address: string): Promise<Map<string, Uint8Array>> {
  const pictures = new Map<string, Uint8Array>();
  for (const { width, height } of SIZES) {
    for (const colorScheme of THEMES) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
      const page = await context.newPage();
      await page.goto(address);
      for (const { name, hash } of PAGES) {
        pictures.set(`dashboard-${name}-${colorScheme}-${width}.png`, await pictureOf(page, hash));
      }
      await context.close();
    }
  }
  return pictures;
}

async function pictureOf(page: Page, hash: string): Promise<Uint8Array> {
  await page.goto(new URL(hash, page.url()).href);
  await page.waitForTimeout(SETTLED_MS);
  return await page.screenshot();
}
