// Explores every scenario and prints what was explored. LEDGER_MODEL=large explores the large ones too (minutes).

import { describe, expect, it } from 'vitest';
import { explore } from './explorer.ts';
import { reportLine } from './report.ts';
import { SCENARIOS } from './scenarios/all.ts';

const EXPLORES_LARGE = process.env.LEDGER_MODEL === 'large';
const MAX_STATES = EXPLORES_LARGE ? 20_000_000 : 1_000_000;

/** Small enough to be explored without the reduction as well. */
const COMPARED = ['take-give-2', 'park-give', 'block-grant', 'die-give-wait'];

function printed(line: string): void {
  process.stdout.write(`${line}\n`);
}

describe('the ledger, in every interleaving', () => {
  it.each(SCENARIOS.filter(({ large }) => EXPLORES_LARGE || large !== true))(
    '$name: $about',
    async (scenario) => {
      const startedMs = performance.now();
      const exploration = await explore(scenario, { maxStates: MAX_STATES });
      printed(reportLine(scenario, exploration, performance.now() - startedMs));
      const { failure } = exploration;
      expect(failure === null ? '' : `${failure.what}\n${failure.schedule.join('\n')}`).toBe('');
      expect(exploration.schedules).toBeGreaterThan(1n);
    },
    EXPLORES_LARGE ? 3_600_000 : 60_000,
  );

  it.each(COMPARED)('%s: the reduction leaves out no way to end', async (name) => {
    const scenario = SCENARIOS.find((one) => one.name === name);
    if (scenario === undefined) throw new Error(`no scenario ${name}`);
    const reduced = await explore(scenario);
    const whole = await explore(scenario, { reduces: false });
    expect(whole.failure).toBeNull();
    expect([...whole.endings].sort()).toEqual([...reduced.endings].sort());
    expect(whole.states).toBeGreaterThan(reduced.states);
    printed(`${name}: ${whole.states} states without the reduction, ${reduced.states} with it, the same endings`);
  });
});
