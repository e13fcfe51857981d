// Owns the command that explores scenarios by hand and for the mutants' test: prints a line each, and the shortest
// schedule of the first fault, with which it exits 1.
//   node test/model/ledger/run-scenarios.ts [--large] [--unreduced] [name …]

import { parseArgs } from 'node:util';
import { explore } from './explorer.ts';
import { reportLine } from './report.ts';
import { SCENARIOS } from './scenarios/all.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { large: { type: 'boolean', default: false }, unreduced: { type: 'boolean', default: false } },
});

const chosen = SCENARIOS.filter(({ name, large }) =>
  positionals.length > 0 ? positionals.includes(name) : values.large || large !== true,
);
for (const scenario of chosen) {
  const startedMs = performance.now();
  const exploration = await explore(scenario, { reduces: !values.unreduced, maxStates: 30_000_000 });
  console.log(reportLine(scenario, exploration, performance.now() - startedMs));
  if (exploration.failure === null) continue;
  console.error(`${scenario.name}: ${exploration.failure.what}\n${exploration.failure.schedule.join('\n')}`);
  process.exit(1);
}
