// Owns what a figure must be read with: the commit, the machine, and the versions of everything that took part.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { z } from 'zod';

export const environmentSchema = z.object({
  commit: z.string(),
  date: z.string(),
  cpu: z.string(),
  cores: z.number(),
  /** Mean of processes that wanted a core in the minute before the run; well below 1, or others disturbed the figures. */
  loadBefore: z.number(),
  memoryBytes: z.number(),
  system: z.string(),
  node: z.string(),
  packages: z.record(z.string(), z.string()),
});
export type Environment = z.infer<typeof environmentSchema>;

const PACKAGES = ['xstate', 'piscina', 'comlink', 'tinybench'];
const root = new URL('..', import.meta.url);
const manifestSchema = z.object({ version: z.string() });

/** The environment of this process, now. */
export function readEnvironment(): Environment {
  const versions = PACKAGES.map((name) => [name, versionOf(`node_modules/${name}/package.json`)] as const);
  return {
    commit: readCommit(),
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    loadBefore: loadavg()[0] ?? 0,
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.versions.node,
    packages: Object.fromEntries([['yardmaster', versionOf('package.json')], ...versions]),
  };
}

function versionOf(path: string): string {
  return manifestSchema.parse(JSON.parse(readFileSync(new URL(path, root), 'utf8'))).version;
}

// The code under measurement is what lies in the folders of the package: results and documents may be ahead of it.
function readCommit(): string {
  try {
    const commit = git('rev-parse', '--short=12', 'HEAD');
    const changed = git(
      'status',
      '--porcelain',
      '--',
      'src',
      'bench',
      ':!bench/results',
      ':!bench/RESULTS.md',
      'package-lock.json',
    );
    return changed === '' ? commit : `${commit} with changes`;
  } catch {
    return 'unknown';
  }
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
