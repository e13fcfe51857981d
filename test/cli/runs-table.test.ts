// Owns the tests of the table of runs: columns that fit any terminal, a sign for each standing, progress that is true.

import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOf } from '../../src/cli/printable-text.ts';
import { RUN_STANDINGS, type RunStanding } from '../../src/cli/run-standing.ts';
import { type RunRow, runTableLines } from '../../src/cli/runs-table.ts';
import { COLOUR_STYLER, PLAIN_STYLER } from '../../src/cli/text-style.ts';
import { RecordedFacts } from './recorded-runs.ts';

function row(standing: RunStanding, steps: number, ends: RunRow['ends'], workflow = 'flow'): RunRow {
  const facts = new RecordedFacts(workflow, steps);
  if (standing === 'completed' || standing === 'failed' || standing === 'cancelled') {
    facts.add('run.ended', 2_000, { status: standing, reason: null, timedOut: false });
  }
  return { record: facts.history().record, standing, ends, durationMs: 2_000 };
}

const NONE = { completed: 0, failed: 0, skipped: 0, cancelled: 0 };

test('progress is a bar of what ended and how, and figures', () => {
  const rows = [
    row('failed', 12, { completed: 6, failed: 1, skipped: 2, cancelled: 0 }),
    row('running', 12, { ...NONE, completed: 3 }),
    row('completed', 12, { ...NONE, completed: 12 }),
    row('completed', 12_000, null),
  ];
  const [head, ...lines] = runTableLines(rows, 130, PLAIN_STYLER);
  expect(head).toMatch(/^run +workflow status +started +duration +tasks$/);
  expect(lines[0]).toMatch(/ ✗ failed .* 2\.0 s ██████▒╌╌··· +6\/12 {2}1 failed, 2 skipped$/);
  expect(lines[1]).toMatch(/ ▶ running .* ███········· +3\/12$/);
  expect(lines[2]).toMatch(/ ✓ completed .* ████████████ +12\/12$/);
  expect(lines[3]).toMatch(/ 2\.0 s +12000$/);
});

test('a bar is full only when every task has ended', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 0, max: 5_000 }), (steps, some) => {
      const ended = Math.min(some, steps);
      const [, line = ''] = runTableLines([row('running', steps, { ...NONE, completed: ended })], 130, PLAIN_STYLER);
      expect(line.includes('█'.repeat(12))).toBe(ended === steps);
    }),
  );
});

test('whatever workflows are called, lines fit from 80 columns on and line up', () => {
  const letters = fc.constantFrom('a', 'é', 'e\u0301', '漢', '👍', ' ', '\n', '\u001b[31m', '\u202e', '\ud800');
  const names = fc.array(fc.string({ unit: letters, maxLength: 60 }), { minLength: 1, maxLength: 5 });
  const standings = fc.constantFrom(...RUN_STANDINGS);
  fc.assert(
    fc.property(names, standings, fc.integer({ min: 80, max: 200 }), (workflows, standing, columns) => {
      const rows = workflows.map((name) => row(standing, 9, { ...NONE, completed: 4, failed: 2 }, name));
      const lines = [...runTableLines(rows, columns, PLAIN_STYLER)];
      for (const line of lines) expect(columnsOf(line)).toBeLessThan(columns);
      // Notes stand behind the figures, where the columns end.
      expect(new Set(lines.slice(1).map((line) => columnsOf(line.slice(0, line.indexOf('4/9'))))).size).toBe(1);
      const coloured = [...runTableLines(rows, columns, COLOUR_STYLER)];
      expect(coloured.map(stripVTControlCharacters)).toEqual(lines);
    }),
  );
});

test('every standing has a sign of its own, but for the two that end badly', () => {
  const signs = RUN_STANDINGS.map((standing) => {
    const [, line = ''] = runTableLines([row(standing, 1, NONE)], 100, PLAIN_STYLER);
    return new RegExp(`(\\S) ${standing}`).exec(line)?.[1];
  });
  expect(new Set(signs).size).toBe(RUN_STANDINGS.length - 1);
});
