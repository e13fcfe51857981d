// Owns the processes that tests of projects let loose on one folder.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { DeedReport, ProgramOrders } from './fixtures/project-program.ts';
import { NOW_MS, type ProjectWorld } from './project-world.ts';

const PROGRAM = fileURLToPath(new URL('fixtures/project-program.ts', import.meta.url));

/** Compiled code from one process to the next, threads among them, where the command keeps its own: starting is most of their work. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') };

export interface ProjectProcess {
  /** Lets it begin. */
  go(): void;
  kill(): void;
  /** What it reported until it ended or was killed. */
  readonly ended: Promise<{ readonly reports: DeedReport[]; readonly wasKilled: boolean }>;
}

/** A process with orders, that is about to begin. */
export async function startProcess(
  { projectsDir, templatesDir }: Pick<ProjectWorld, 'projectsDir' | 'templatesDir'>,
  orders: Pick<ProgramOrders, 'deeds' | 'killAt'>,
): Promise<ProjectProcess> {
  const given: ProgramOrders = { projectsDir, templatesDir, nowMs: NOW_MS, ...orders };
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(given)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...COMPILE_CACHE },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = linesOf(child);
  await once(child.stdout, 'data');
  return {
    go: () => void child.stdin.write('go\n'),
    kill: () => void child.kill('SIGKILL'),
    ended: lines.then(([, ...reports]) => ({
      reports: reports.map((line): DeedReport => JSON.parse(line)),
      wasKilled: child.signalCode === 'SIGKILL',
    })),
  };
}

/** Runs a process with orders to its end. */
export async function runProcess(
  world: Pick<ProjectWorld, 'projectsDir' | 'templatesDir'>,
  orders: Pick<ProgramOrders, 'deeds' | 'killAt'>,
): Promise<Awaited<ProjectProcess['ended']>> {
  const started = await startProcess(world, orders);
  started.go();
  return started.ended;
}

/** Resolves at its end; a line that was cut off by a kill is no line. */
async function linesOf(child: ChildProcessByStdio<Writable, Readable, null>): Promise<string[]> {
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  child.stdin.on('error', () => {});
  await once(child, 'close');
  return text.split('\n').slice(0, -1);
}
