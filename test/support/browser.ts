// Owns the real browser that tests of pages run in: Debian's Chromium, headless, with everything switched off that would
// reach for a network. Where there is none the tests say so and are skipped.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { BROWSER_FLAGS } from '../../tools/pictures/browser.ts';

const PLACES = [
  process.env.CHROMIUM_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
/** Where the browser lies; undefined: this machine has none. */
export const BROWSER = PLACES.find((path) => path !== '' && existsSync(path));

export interface BrowserSession extends AsyncDisposable {
  readonly context: BrowserContext;
  /** A page whose errors and refused loads end up in `faults`. */
  open(url: string): Promise<Page>;
  /** What pages complained of: uncaught errors, console errors, requests to anywhere but the server. */
  readonly faults: string[];
}

/** Starts a browser with a profile of its own. */
export async function startBrowser({ width = 1280, height = 800, dark = false } = {}): Promise<BrowserSession> {
  const profile = mkdtempSync(join(tmpdir(), 'yardmaster-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    ...(BROWSER === undefined ? {} : { executablePath: BROWSER }),
    headless: true,
    args: BROWSER_FLAGS,
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
  });
  const faults: string[] = [];
  return {
    context,
    faults,
    open: async (url) => {
      const page = await context.newPage();
      page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(`console: ${message.text()}`);
      });
      page.on('request', (request) => {
        if (new URL(request.url()).hostname !== '127.0.0.1' && !/^(?:blob|data):/.test(request.url())) {
          faults.push(`request: ${request.url()}`);
        }
      });
      await page.goto(url);
      return page;
    },
    [Symbol.asyncDispose]: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
