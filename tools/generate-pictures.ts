// Owns every picture that README and docs carry: made anew from the machines, from the workflows of this checkout, and from
// real runs in a folder that is gone afterwards. Pictures of runs differ from one time to the next, as runs do.
// Run `node tools/generate-pictures.ts`, or one kind with `--only <name>`; the dashboard and the page of the main job need a
// Chromium (CHROMIUM_PATH, else /usr/bin/chromium).

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machinePictures } from './generate-machines.ts';
import { dashboardPictures } from './pictures/dashboard-pictures.ts';
import { pagePicture } from './pictures/page-picture.ts';
import { liveView, PictureFolder, ROOT } from './pictures/picture-runs.ts';
import { renderTerminalSvg } from './pictures/terminal-svg.ts';

const IMAGES = join(ROOT, 'docs/images');
/** The main job, in any folder. */
const MAIN = 'source-inventory';

type Pictures = ReadonlyMap<string, string | Uint8Array>;
type Maker = (folder: PictureFolder) => Promise<Pictures>;

/** In this order: later ones look at the runs of earlier ones. */
const MAKERS: Readonly<Record<string, Maker>> = {
  machines: () => machinePictures(),
  graph: async (folder) => pictures('graph-workflow.svg', await folder.print(['graph', MAIN, '--format', 'svg'])),
  run: async (folder) => {
    await haveNightlyRun(folder);
    return pictures('graph-run.svg', await folder.print(['graph', '--run', 'nightly', '--format', 'svg']));
  },
  show: async (folder) => {
    await haveNightlyRun(folder);
    const rows = (await folder.show(['show', 'nightly'])).rows();
    return pictures('show.svg', renderTerminalSvg({ title: 'yardmaster show nightly', rows }));
  },
  live: async (folder) => {
    const rows = await liveView(folder, MAIN);
    return pictures('live.svg', renderTerminalSvg({ title: `yardmaster run ${MAIN} --workers 4`, rows }));
  },
  runs: async (folder) => {
    await haveNightlyRun(folder);
    await folder.print(['run', join(ROOT, 'examples/tour/primes.json'), '--run-id', 'primes']);
    await haveInterruptedRun(folder);
    const rows = (await folder.show(['runs'])).rows();
    return pictures('runs.svg', renderTerminalSvg({ title: 'yardmaster runs', rows }));
  },
  simulation: async (folder) => {
    const file = join(folder.path, 'simulation.svg');
    await folder.print(['simulate', MAIN, '--workers', '8', '--plan-budget', '0', '--svg', file]);
    return pictures('simulation.svg', readFileSync(file, 'utf8'));
  },
  inventory: async (folder) => pictures('inventory.png', await pagePicture(folder, MAIN)),
  dashboard: async (folder) => {
    await haveNightlyRun(folder);
    return await dashboardPictures(folder);
  },
};

function pictures(file: string, content: string | Uint8Array): Pictures {
  return new Map([[file, content]]);
}

async function haveNightlyRun(folder: PictureFolder): Promise<void> {
  // The same id is the same run: it is not run twice.
  await folder.print(['run', folder.nightly, '--run-id', 'nightly', '--workers', '2']);
}

/** One whose process is gone half-way. */
async function haveInterruptedRun(folder: PictureFolder): Promise<void> {
  const child = folder.start(['run', join(ROOT, 'examples/tour/overnight.json'), '--run-id', 'overnight']);
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (text: Buffer) => {
      if (text.toString().includes('started    wait')) resolve();
    });
    child.once('close', () => resolve());
  });
  // What has ended is on record by then.
  await wait(500);
  child.kill('SIGKILL');
  await new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('close', () => resolve());
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const chosen = Object.entries(MAKERS).filter(([name]) => values.only === undefined || name === values.only);
  if (chosen.length === 0)
    throw new Error(`no pictures are named ${values.only}; there are ${Object.keys(MAKERS).join(', ')}`);
  using folder = new PictureFolder();
  mkdirSync(IMAGES, { recursive: true });
  for (const [name, make] of chosen) {
    for (const [file, content] of await make(folder)) {
      writeFileSync(join(IMAGES, file), content);
      console.info(`${name}: docs/images/${file}`);
    }
  }
}

await main();
