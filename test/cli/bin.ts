// Owns starting the real command in tests: the executable itself, on a chosen Node, with what it printed.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const BIN = fileURLToPath(new URL('../../bin/yardmaster.mjs', import.meta.url));
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LONGEST_MS = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly node?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A Node on this machine that cannot run TypeScript by itself, if there is one. */
export function findOldNode(): string | undefined {
  const places = ['/usr/bin/node', '/usr/local/bin/node', process.env.YARDMASTER_TEST_OLD_NODE ?? ''];
  return places.find((path) => {
    if (path === '' || !existsSync(path)) return false;
    const major = /^v(\d+)\./.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
    return major !== undefined && Number(major) < 22;
  });
}

/** Starts the command and does not wait. Colours and CI of the test's own surroundings stay outside. */
export function startYardmaster(args: readonly string[], options: StartOptions = {}): ChildProcess {
  const { CI: _ci, NO_COLOR: _noColor, FORCE_COLOR: _forceColor, ...environment } = process.env;
  return spawn(options.node ?? process.execPath, [BIN, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...environment, ...options.environment },
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
}

/** What a started command printed and how it ended. */
export function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Runs the command to its end. */
export function yardmaster(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return ended(startYardmaster(args, options));
}

/** A process that has been seen to print a text; killed with the test. */
export async function seenBy(cwd: string, args: readonly string[], text: string) {
  const child = startYardmaster(args, { cwd });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const end = ended(child);
  await new Promise<void>((resolve) => {
    let seen = '';
    child.stdout?.on('data', (chunk) => {
      seen += String(chunk);
      if (seen.includes(text)) resolve();
    });
    void end.then(() => resolve());
  });
  return { child, end };
}
