// Owns the browser that pictures of pages are taken with: headless, alone, closed whatever happens.

import { type Browser, chromium } from 'playwright-core';

/** Everything switched off that would reach for a network. */
export const BROWSER_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Gives a browser to `use` and closes it afterwards. @throws Error when there is no Chromium */
export async function withBrowser<T>(use: (browser: Browser) => Promise<T>): Promise<T> {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, headless: true, args: BROWSER_FLAGS });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}
