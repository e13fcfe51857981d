// Owns which lines of a task's log are shown. Levels are in order of gravity: a level shows itself and what is graver.

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The level of a line's kind; null = it is no line of a level (a progress report, say), which every filter shows. */
export function levelOf(kind: string): LogLevel | null {
  const word = kind.toLowerCase();
  if (word === 'trace') return 'debug';
  if (word === 'warning') return 'warn';
  if (word === 'fatal') return 'error';
  return LOG_LEVELS.find((level) => level === word) ?? null;
}

/** The lines at least as grave as the level; the same array where that is all of them. */
export function linesFrom<T extends { readonly kind: string }>(lines: readonly T[], least: LogLevel): readonly T[] {
  if (least === 'debug') return lines;
  const from = LOG_LEVELS.indexOf(least);
  return lines.filter(({ kind }) => {
    const level = levelOf(kind);
    return level === null || LOG_LEVELS.indexOf(level) >= from;
  });
}
