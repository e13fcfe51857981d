// Owns `inspect`: a recorded trace in Stately's inspector, until a viewer has seen all of it or Ctrl-C ends it.

import { replayToStately } from '../inspect/trace-replay.ts';
import { ExitCode } from './exit-code.ts';
import type { InspectFlags } from './inspect-commands.ts';
import { listenForInterrupts } from './interruption.ts';
import type { Shell } from './main.ts';

/** The server's sockets keep the process alive; a viewer that is to be connected to does not. */
const KEEP_ALIVE_MS = 60_000;

/** Shows a trace file to viewers. */
export async function inspectCommand(shell: Shell, trace: string, { url, speed }: InspectFlags): Promise<ExitCode> {
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  const { promise: interrupted, resolve } = Promise.withResolvers<void>();
  const stopListening = listenForInterrupts(() => resolve());
  try {
    const replay = await replayToStately(trace, {
      url,
      speed,
      onWarning: (message) => shell.stderr.line(`warning: ${message}`),
    });
    shell.stdout.line(`inspector: ${replay.url}`);
    // A page of the inspector is looked at after its end too; a viewer elsewhere has all it needs.
    await Promise.race([interrupted, ...(url === undefined ? [] : [replay.done])]);
    await replay.close();
    return ExitCode.COMPLETED;
  } finally {
    stopListening();
    clearInterval(keepAlive);
  }
}
