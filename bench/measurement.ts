// Owns what a bench reports: rows with the median and spread of their observations, and the proof of the work behind.
// A row says what was to be done and what was found done; a row whose work was not done is refused, never reported.

/** Whether a bench runs for figures or, in continuous integration, only to show that it still works. */
export interface BenchOptions {
  readonly tiny: boolean;
}

/** One figure of a bench. */
export interface BenchRow {
  readonly name: string;
  /** Of the values below; lower is better for times and for ratios of times. */
  readonly unit: 'ns' | 'µs' | 'ms' | 'bytes' | 'ratio' | 'share';
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How many independent observations the median is taken of. */
  readonly observations: number;
  /** Whether an observation is a fresh process or a stretch of one process. */
  readonly observed: 'process' | 'stretch';
  /** What was done, as counted by the bench itself; `verify` compares it with what had to be done. */
  readonly work: Readonly<Record<string, number>>;
  /** What had to be done, from the bench's own constants. */
  readonly expected: Readonly<Record<string, number>>;
}

/** What each `bench/<subject>.bench.ts` exports. */
export interface BenchSubject {
  /** One sentence on what is measured against what, for the page of results. */
  readonly description: string;
  run(options: BenchOptions): Promise<BenchRow[]>;
  /** @throws Error naming the row whose work was not done. */
  verify(rows: readonly BenchRow[]): void;
}

type RowProof = Pick<BenchRow, 'work' | 'expected' | 'observed'>;

/** A row from its observations. */
export function rowOf(name: string, unit: BenchRow['unit'], values: readonly number[], proof: RowProof): BenchRow {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    name,
    unit,
    median: medianOf(sorted),
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    observations: sorted.length,
    ...proof,
  };
}

/** The middle value, or the mean of the two middle ones. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? Number.NaN : (upper + lower) / 2;
}

/**
 * Refuses rows whose work was not done, or that measured nothing.
 * @throws Error naming the row, the count that is off, and both values.
 */
export function refuseUndone(rows: readonly BenchRow[], names: readonly string[]): void {
  for (const name of names) {
    if (!rows.some((row) => row.name === name)) throw new Error(`bench row missing: ${name}`);
  }
  for (const row of rows) {
    if (Object.keys(row.expected).length === 0) throw new Error(`bench row "${row.name}" proves no work`);
    for (const [what, expected] of Object.entries(row.expected)) {
      const done = row.work[what];
      if (done !== expected)
        throw new Error(`bench row "${row.name}" refused: ${what} is ${done}, must be ${expected}`);
    }
    if (!(row.observations > 0 && row.min > 0 && Number.isFinite(row.max))) {
      throw new Error(
        `bench row "${row.name}" refused: it measured ${row.observations} values from ${row.min} to ${row.max}`,
      );
    }
  }
}
