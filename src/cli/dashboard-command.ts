// Owns `dashboard`: the runs of a data folder, or a recorded trace, shown in a browser until somebody stops it. It holds
// no engine of its own unless an action needs one, so that others may run workflows in the folder meanwhile.

import type { DashboardSource } from '../dashboard/dashboard-source.ts';
import { messageOf } from '../domain/runtime-error.ts';
import { newSecret } from '../engine/local-callers.ts';
import { SystemTimers } from '../engine/system-timers.ts';
import type { DashboardFlags } from './dashboard-commands.ts';
import { takeDashboardToken } from './dashboard-token.ts';
import { usageError } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import { untilInterrupted } from './interruption.ts';
import { jsonLine } from './json-output.ts';
import type { Shell } from './main.ts';
import { packageVersion } from './package-version.ts';
import { toPrintableLine } from './printable-text.ts';
import { engineConfigOf, settingsOf } from './shell-config.ts';

/** Serves until it is stopped; being stopped is how it ends, and no failure. */
export async function dashboardCommand(shell: Shell, flags: DashboardFlags): Promise<ExitCode> {
  const timers = new SystemTimers();
  const token = takeDashboardToken(shell.environment);
  const [{ serveDashboard }, source] = await Promise.all([
    import('../dashboard/dashboard-server.ts'),
    sourceOf(flags, timers),
  ]);
  const dashboard = await serveDashboard(source, {
    port: flags.port,
    token,
    timers,
    newToken: newSecret,
    onError: (error) => tellFault(shell, error),
  });
  if (flags.json === true) shell.stdout.line(jsonLine({ type: 'dashboard.listening', url: dashboard.url }));
  else shell.stdout.line(`dashboard: ${dashboard.url}`);
  await untilInterrupted(ExitCode.INTERRUPTED);
  await dashboard.close();
  timers.close();
  return ExitCode.COMPLETED;
}

async function sourceOf(flags: DashboardFlags, timers: SystemTimers): Promise<DashboardSource> {
  const version = packageVersion();
  if (flags.replay !== undefined) {
    const { TraceSource } = await import('../dashboard/trace-source.ts');
    return await TraceSource.open(flags.replay, { timers, version });
  }
  const { dataDir, inMemory } = settingsOf(flags);
  if (inMemory) throw usageError('nothing is recorded in :memory:; name a folder with --data-dir');
  const { RecordSource } = await import('../dashboard/record-source.ts');
  return new RecordSource(dataDir, {
    timers,
    version,
    engineFor: async () => {
      const { OrchestrationEngine } = await import('../engine/orchestration-engine.ts');
      return await OrchestrationEngine.create({ ...engineConfigOf(flags), resume: 'manual' });
    },
  });
}

function tellFault(shell: Shell, error: unknown): void {
  shell.stderr.line(`dashboard: ${toPrintableLine(messageOf(error))}`);
  if (shell.debug && error instanceof Error) shell.stderr.line(error.stack ?? '');
}
