// Owns `npm run bench [subject…] [-- --tiny]`: runs the subjects, verifies their rows, prints and records them.
// With --tiny, inputs are minimal and nothing is recorded: it only shows that every bench still runs and verifies.

import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Environment, readEnvironment } from './environment.ts';
import type { BenchSubject } from './measurement.ts';
import { recordResult, tableOf } from './results-page.ts';

const SUFFIX = '.bench.ts';

const known = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length))
  .sort();

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const { values, positionals, tokens } = parseArgs({
    args,
    options: { tiny: { type: 'boolean' } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const stranger = tokens.find((token) => token.kind === 'option' && token.name !== 'tiny');
  if (stranger?.kind === 'option') {
    process.stderr.write(`error USAGE: unknown option ${stranger.rawName}; there is --tiny\n`);
    return 2;
  }
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`error USAGE: no bench named ${unknown.join(', ')}; there are ${known.join(', ')}\n`);
    return 2;
  }
  // Before the first run: what changes meanwhile must not make the figures look like those of the new state, and the load
  // that the benches make themselves is not that of others.
  const environment = readEnvironment();
  for (const subject of positionals.length > 0 ? positionals : known)
    await runSubject(subject, values.tiny === true, environment);
  return 0;
}

async function runSubject(subject: string, tiny: boolean, environment: Environment): Promise<void> {
  const { description, run, verify }: BenchSubject = await import(`./${subject}${SUFFIX}`);
  const rows = await run({ tiny });
  verify(rows);
  process.stdout.write(
    `\n${subject}${tiny ? ' (tiny: figures mean nothing)' : ''}: ${description}\n\n${tableOf(rows)}`,
  );
  if (!tiny) recordResult({ subject, description, environment, rows });
}
