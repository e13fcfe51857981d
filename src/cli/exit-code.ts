// Owns the exit codes of the command line. Scripts rely on them: never change a meaning.

/** What the shell is told. */
export const ExitCode = {
  COMPLETED: 0,
  RUN_FAILED: 1,
  BAD_INPUT: 2,
  /** Ctrl-C, SIGTERM, a closed terminal, or a reader of the output that went away. */
  INTERRUPTED: 130,
} as const satisfies Record<string, number>;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
