// Owns keeping stdout for the protocol alone. Task modules, libraries and programs that they start may print whenever they
// like, some of it past everything that can be caught within a process. So the server runs in a child process whose own
// stdout is this process's stderr, and whose messages go through a descriptor that nobody else knows.

import { spawn } from 'node:child_process';
import { createWriteStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ExitCode } from './exit-code.ts';

/** Set for the child; says which descriptor is the protocol's. */
const OUTPUT_VARIABLE = 'YARDMASTER_MCP_OUTPUT';
const OUTPUT_DESCRIPTOR = 3;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Where the child writes messages; undefined in a process that is not one. Programs it starts are not told of it. */
export function takeProtocolOutput(): Writable | undefined {
  if (process.env[OUTPUT_VARIABLE] !== `${OUTPUT_DESCRIPTOR}`) return undefined;
  delete process.env[OUTPUT_VARIABLE];
  const kind = fstatSync(OUTPUT_DESCRIPTOR);
  if (kind.isFIFO() || kind.isSocket()) return new Socket({ fd: OUTPUT_DESCRIPTOR, readable: false, writable: true });
  return createWriteStream('', { fd: OUTPUT_DESCRIPTOR });
}

/** Calls back when the process that keeps stdout is gone. */
export function onKeeperGone(callback: () => void): void {
  process.on('disconnect', callback);
  process.channel?.unref();
}

/** Runs this very command once more as the child, and ends as it ends. */
export async function runBehindPipe(): Promise<ExitCode> {
  const [, program = '', ...args] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    // Descriptor by descriptor, ours: stdin, then stderr twice, then stdout for the protocol, then a line home.
    stdio: [0, 2, 2, 1, 'ipc'],
    env: { ...process.env, [OUTPUT_VARIABLE]: `${OUTPUT_DESCRIPTOR}` },
  });
  // A terminal sends its signals to both; anyone else means the process he knows.
  const onTerminal = process.stdin.isTTY === true || process.stderr.isTTY === true;
  const passOn = (signal: NodeJS.Signals): void => {
    if (!onTerminal || signal === 'SIGTERM') child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, passOn);
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new RuntimeError('INTERNAL', `the server's process cannot be started: ${cause.message}`, { cause })),
      );
      child.once('exit', (code, signal) => {
        // One that asks to end may come before the child listens to it; any other is a misfortune, and says nothing itself.
        if (signal === null || SIGNALS.includes(signal)) resolve(exitCodeOf(code));
        else
          reject(
            new RuntimeError(
              'INTERNAL',
              `the server's process was ended by ${signal}; runs that had not ended go on with the next server`,
            ),
          );
      });
    });
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, passOn);
  }
}

function exitCodeOf(code: number | null): ExitCode {
  if (code === null) return ExitCode.INTERRUPTED;
  return Object.values(ExitCode).find((known) => known === code) ?? ExitCode.RUN_FAILED;
}
