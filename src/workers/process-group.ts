// Owns the sending of signals to a child process and all its descendants that stayed in its group.

/** Signals the group that `processId` leads; harmless when it is gone. */
export function signalProcessGroup(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? processId : -processId, signal);
  } catch {
    // ESRCH: gone already, which is what was wanted. EPERM: a group that changed its user; nothing more can be done.
  }
}
