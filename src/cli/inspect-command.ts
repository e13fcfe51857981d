// Owns `inspect`: a recorded trace in Stately's inspector, until a viewer has seen all of it or Ctrl-C ends it.

import { messageOf } from '../domain/runtime-error.ts';
import { replayToStately } from '../inspect/trace-replay.ts';
import { ExitCode } from './exit-code.ts';
import type { InspectFlags } from './inspect-commands.ts';
import { untilInterrupted } from './interruption.ts';
import type { Shell } from './main.ts';
import { toPrintableLine } from './printable-text.ts';

/** The server's sockets keep the process alive; a viewer that is to be connected to does not. */
const KEEP_ALIVE_MS = 60_000;

/** Shows a trace file to viewers. */
export async function inspectCommand(shell: Shell, trace: string, { url, speed }: InspectFlags): Promise<ExitCode> {
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  const onWarning = (message: string): void => shell.stderr.line(`warning: ${message}`);
  try {
    const replay = await replayToStately(trace, { url, speed, onWarning });
    // Not before: until here there is nothing to end in good order, and a trace may be a pipe that nobody writes to.
    const interrupted = untilInterrupted(ExitCode.INTERRUPTED);
    shell.stdout.line(`inspector: ${replay.url}`);
    try {
      // A page of the inspector is looked at after its end too, also after a bad one; a viewer elsewhere has all it needs.
      if (url !== undefined) await Promise.race([interrupted, replay.done]);
      else {
        replay.done.catch((error: unknown) => onWarning(toPrintableLine(messageOf(error))));
        await interrupted;
      }
    } finally {
      await replay.close();
    }
    return ExitCode.COMPLETED;
  } finally {
    clearInterval(keepAlive);
  }
}
