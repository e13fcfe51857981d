// Owns the picture of the page that the main job writes about this checkout.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withBrowser } from './browser.ts';
import { type PictureFolder, ROOT } from './picture-runs.ts';

const WIDTH = 1_280;
const HEIGHT = 1_460;

/** Runs the job and photographs its page, in the light theme. */
export async function pagePicture(folder: PictureFolder, workflow: string): Promise<Uint8Array> {
  const out = join(folder.path, 'inventory');
  await folder.print(['run', workflow, '--param', `root=${ROOT}`, '--param', `out=${out}`]);
  return await withBrowser(async (browser) => {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT }, colorScheme: 'light' });
    await page.goto(pathToFileURL(join(out, 'inventory.html')).href);
    await page.waitForLoadState('networkidle');
    return await page.screenshot();
  });
}
