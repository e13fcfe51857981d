// The page about the machines and its pictures are those of today's machines.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { machinePictures, machinesPage } from '../../tools/generate-machines.ts';

const HINT = 'run `node tools/generate-machines.ts`';

it('docs/machines.md is what the machines give', () => {
  const page = machinesPage();
  expect(readFileSync(new URL('../../docs/machines.md', import.meta.url), 'utf8') === page, HINT).toBe(true);
  // It says something of each: a purpose, what always holds, and its states.
  const sections = page.split(/^## /m).slice(1);
  for (const section of sections) {
    expect(section).toMatch(
      /^[\w-]+\n\nOwns [\s\S]+\n\nInvariants?: [\s\S]+!\[[^\]]+\]\(images\/machine-[\w-]+\.svg\)/,
    );
    expect(section).toMatch(/^\| `\w[\w.-]*`, the first \| /m);
  }
});

it('its pictures are those of the machines', async () => {
  for (const [file, svg] of await machinePictures()) {
    const kept = readFileSync(new URL(`../../docs/images/${file}`, import.meta.url), 'utf8');
    expect(kept === svg, `${file}: ${HINT}`).toBe(true);
  }
});
