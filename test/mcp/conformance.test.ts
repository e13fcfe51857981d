// Runs the protocol's own conformance suite: all of it on a server of the same layer, what applies on Yardmaster's own.

import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ended } from '../cli/bin.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { CONFORMANCE_PARTS } from './fixtures/conformance-parts.ts';
import { startHttp } from './mcp-clients.ts';
import { startYardmaster } from './yardmaster-server.ts';

const SUITE = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')),
  'dist/index.js',
);
/** What Yardmaster's own server must pass; the rest fails there: it asks for tools, resources and prompts by name. */
const GENERAL = [
  'server-initialize',
  'ping',
  'tools-list',
  'logging-set-level',
  'server-sse-multiple-streams',
  'resources-list',
  'resources-subscribe',
  'resources-unsubscribe',
  'prompts-list',
  'dns-rebinding-protection',
];
/** Checks that are warnings, by scenario, with the reason. */
const WARNINGS: Readonly<Record<string, string>> = {
  'server-sse-polling':
    'it calls itself a client of 2025-03-26, which cannot read an event without data: the stream is not opened with one',
};
const CHECKS = z.array(z.looseObject({ id: z.string(), status: z.string(), errorMessage: z.string().optional() }));

/** Runs scenarios and gives the checks of each. */
async function conformance(url: string, args: readonly string[]): Promise<Map<string, z.infer<typeof CHECKS>>> {
  const folder = createTestFolder();
  const child = spawn(process.execPath, [SUITE, 'server', '--url', url, ...args, '-o', folder], { cwd: folder });
  const { stdout, stderr } = await ended(child);
  const results = new Map<string, z.infer<typeof CHECKS>>();
  for (const file of globSync('server-*/checks.json', { cwd: folder })) {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[^/\\]*/.exec(file)?.[1] ?? file;
    results.set(scenario, CHECKS.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
  }
  expect(results.size, `${stdout}\n${stderr}`).toBeGreaterThan(0);
  return results;
}

/** A table of results, for whoever reads the log. */
function tableOf(results: ReadonlyMap<string, z.infer<typeof CHECKS>>): string {
  const count = (checks: z.infer<typeof CHECKS>, status: string) =>
    checks.filter((check) => check.status === status).length;
  const rows = [...results].map(([scenario, checks]) => {
    const figures = ['SUCCESS', 'FAILURE', 'WARNING'].map((status) => String(count(checks, status)).padStart(7));
    return `${scenario.padEnd(32)}${figures.join('')}  ${WARNINGS[scenario] ?? ''}`;
  });
  return [`${'scenario'.padEnd(32)} passed failed  warned`, ...rows].join('\n');
}

function faultsOf(results: ReadonlyMap<string, z.infer<typeof CHECKS>>): string[] {
  return [...results].flatMap(([scenario, checks]) =>
    checks
      .filter(({ status }) => status === 'FAILURE' || (status === 'WARNING' && WARNINGS[scenario] === undefined))
      .map(({ id, errorMessage }) => `${scenario}/${id}: ${errorMessage}`),
  );
}

describe('conformance', () => {
  it('of the layer: every scenario, on a server with the tools, resources and prompts that the suite looks for', async () => {
    const { url } = await startHttp(CONFORMANCE_PARTS);
    const results = await conformance(url, ['--suite', 'all']);
    process.stdout.write(`${tableOf(results)}\n`);
    expect(faultsOf(results)).toEqual([]);
    expect(results.size).toBe(32);
    for (const [scenario, checks] of results) {
      const passed = checks.some(({ status }) => status === 'SUCCESS');
      expect(passed || WARNINGS[scenario] !== undefined, scenario).toBe(true);
    }
  });

  it('of Yardmaster itself: what does not ask for other tools than its own', async () => {
    const { parts } = await startYardmaster();
    const { url } = await startHttp(parts);
    const all = await conformance(url, ['--suite', 'all']);
    process.stdout.write(`${tableOf(all)}\n`);
    const results = new Map([...all].filter(([scenario]) => GENERAL.includes(scenario)));
    expect([...results.keys()].sort()).toEqual([...GENERAL].sort());
    expect(faultsOf(results)).toEqual([]);
    for (const checks of results.values()) expect(checks.some(({ status }) => status === 'SUCCESS')).toBe(true);
  });
});
