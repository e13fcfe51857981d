// Owns the watch for errors that nobody handled: what would end a real process must be visible to a test.

/** Runs `body`, waits for the timers in which XState rethrows, and gives everything that nobody handled. */
export async function collectUncaughtErrors(body: () => void | Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const record = (error: unknown): void => {
    uncaught.push(error);
  };
  // The test runner's own listeners would fail the run before the test can look.
  const previous = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', record);
  try {
    await body();
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  } finally {
    process.removeListener('uncaughtException', record);
    for (const listener of previous) process.on('uncaughtException', listener);
  }
  return uncaught;
}
