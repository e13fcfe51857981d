// Owns `bench`: hands over to the benchmarks of a checkout. They are no part of the published package.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { usageError } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';

/** Runs bench/run.ts in a process of its own, so that nothing of this one is in the figures. */
export async function benchCommand(_shell: Shell, name: string | undefined): Promise<ExitCode> {
  const script = fileURLToPath(new URL('../../bench/run.ts', import.meta.url));
  if (!existsSync(script)) {
    throw usageError(
      `the benchmarks are not here, in ${script}; they come with a checkout of the source, not with the package`,
      'FILE_NOT_FOUND',
    );
  }
  const child = spawn(process.execPath, [script, ...(name === undefined ? [] : [name])], { stdio: 'inherit' });
  // The terminal gives Ctrl-C to both; this process waits for the other one to end by it.
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(exitCodeOfChild(code, signal)));
    });
  } finally {
    process.removeListener('SIGINT', ignore);
  }
}

function exitCodeOfChild(code: number | null, signal: NodeJS.Signals | null): ExitCode {
  if (signal !== null || code === ExitCode.INTERRUPTED) return ExitCode.INTERRUPTED;
  if (code === ExitCode.COMPLETED) return ExitCode.COMPLETED;
  return code === ExitCode.BAD_INPUT ? ExitCode.BAD_INPUT : ExitCode.RUN_FAILED;
}
