// Owns `cancel`: ending a run for good, in whichever process it is, or where it lies.

import type { CancelFlags } from './durable-commands.ts';
import { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { toPrintableLine } from './printable-text.ts';
import { steerRun } from './run-steering.ts';

/** Cancels a run that has not ended. */
export async function cancelCommand(shell: Shell, wanted: string, flags: CancelFlags): Promise<ExitCode> {
  const reason = flags.reason ?? 'cancelled from the command line';
  const { record, pid } = await steerRun(wanted, flags, {
    kind: 'cancel',
    reason,
    inPerson: async (run) => {
      run.cancel(reason);
      await run.result();
    },
  });
  const where = pid === null ? '' : `, in process ${pid}`;
  shell.stdout.line(`run ${toPrintableLine(record.runId)} is cancelled${where}: ${toPrintableLine(reason)}`);
  return ExitCode.COMPLETED;
}
