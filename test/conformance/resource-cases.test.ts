// Runs every case on capacity on every face of the guard, each as its own test, and prints the table of what came of it.
// After each case everybody who still holds or waits is killed: then nothing may be in use and nobody wait (42).

import { afterAll, describe, expect, it } from 'vitest';
import { createResourceAdapter } from '../support/resource-adapter.ts';
import { RESOURCE_FACES, type ResourceFace } from '../support/resource-face.ts';
import { of } from './resource-case.ts';
import { COUNTING_CASES } from './resource-cases-counting.ts';
import { ENDING_CASES } from './resource-cases-ending.ts';
import { SEVERAL_CASES } from './resource-cases-several.ts';
import { WAKING_CASES } from './resource-cases-waking.ts';

const CASES = [...COUNTING_CASES, ...WAKING_CASES, ...ENDING_CASES, ...SEVERAL_CASES].sort(
  (a, b) => a.number - b.number,
);
const CASE_COUNT = 43;
const TIMEOUT_MS = 90_000;

type Result = 'pass' | 'FAIL' | 'skipped';
const results = new Map<string, Result>();

describe.each(RESOURCE_FACES)('capacity, face %s', (face) => {
  for (const { number, title, missing, run } of CASES) {
    const note = missing === undefined ? '' : ` (skipped: ${missing})`;
    results.set(`${face} ${number}`, missing === undefined ? 'FAIL' : 'skipped');
    it.skipIf(missing !== undefined)(
      `${number}. ${title}${note}`,
      async () => {
        const adapter = createResourceAdapter(face);
        try {
          await run(adapter);
          await adapter.killAll();
          expect(adapter.leftovers()).toEqual([]);
        } finally {
          await adapter[Symbol.asyncDispose]();
        }
        results.set(`${face} ${number}`, 'pass');
      },
      TIMEOUT_MS,
    );
  }
});

describe('the cases on capacity', () => {
  it('are all here, each once', () => {
    expect(CASES.map(({ number }) => number)).toEqual(Array.from({ length: CASE_COUNT }, (_, i) => i + 1));
  });

  it('would notice something that is left over', async () => {
    await using adapter = createResourceAdapter('main');
    await adapter.register('r', 'custom', 2);
    adapter.guard.tryGrant(adapter.guard.prepare({ r: 1 }));
    adapter.witness.entered(of(1));
    await adapter.killAll();
    expect(adapter.leftovers()).toEqual(['r: used 1, waiting 0, witnessed 1']);
  });
});

afterAll(() => {
  const column = (text: string) => text.padEnd(17);
  const row = (number: string, cells: readonly string[], rest: string) =>
    `${number.padStart(4)}  ${cells.map(column).join('')}${rest}\n`;
  const cell = (face: ResourceFace, number: number) => results.get(`${face} ${number}`) ?? 'missing';
  const lines = CASES.map(({ number, title, note }) =>
    row(
      String(number),
      RESOURCE_FACES.map((face) => cell(face, number)),
      note === undefined ? title : `${title} [${note}]`,
    ),
  );
  const counts = RESOURCE_FACES.map((face) => {
    const passed = CASES.filter(({ number }) => cell(face, number) === 'pass').length;
    return `${passed}/${CASES.length}`;
  });
  process.stdout.write(`\n${row('', RESOURCE_FACES, 'property [note]')}${lines.join('')}${row('', counts, 'passed')}`);
});
