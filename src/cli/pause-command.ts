// Owns `pause`: letting a run start nothing further, in whichever process it is, until it is resumed.

import type { FolderFlags } from './command-flags.ts';
import { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { toPrintableLine } from './printable-text.ts';
import { steerRun } from './run-steering.ts';
import { resumeHint } from './run-summary.ts';

/** Pauses a run that has not ended. */
export async function pauseCommand(shell: Shell, wanted: string, flags: FolderFlags): Promise<ExitCode> {
  const { record, pid } = await steerRun(wanted, flags, {
    kind: 'pause',
    reason: 'paused from the command line',
    // The shutdown that follows makes it durable.
    inPerson: async (run) => run.pause(),
  });
  const where = pid === null ? '' : `, in process ${pid}; tasks that run there end`;
  const hint = resumeHint(record.runId, flags);
  shell.stdout.line(`run ${toPrintableLine(record.runId)} is paused${where}; go on with: ${hint}`);
  return ExitCode.COMPLETED;
}
