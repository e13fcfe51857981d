// Owns how numbers read on the page: decimal units, three significant figures, thin separators. Pure.

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** 1234567 → `1.23 MB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : significant(value)} ${BYTE_UNITS[unit] ?? ''}`;
}

/** 1234567 → `1,234,567`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 2251211 → `2.25 M`; below ten thousand in full. */
export function formatLarge(count: number): string {
  if (count < 10_000) return formatCount(count);
  if (count < 999_500) return `${significant(count / 1e3)} k`;
  return count < 999_500_000 ? `${significant(count / 1e6)} M` : `${significant(count / 1e9)} G`;
}

/** A share of a whole as `12.3 %`; of nothing it is `–`. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  return `${percent >= 99.95 ? percent.toFixed(0) : percent.toFixed(1)} %`;
}

/** Milliseconds as `850 ms`, `12.3 s` or `3 min 20 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 120_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A count with its noun: `1 file`, `12 files`. */
export function formatNoun(count: number, noun: string): string {
  return `${formatCount(count)} ${count === 1 ? noun : `${noun.replace(/y$/, 'ie')}s`}`;
}

/** A length in CSS percent. */
export function cssPercent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Number(((100 * part) / whole).toFixed(3))}%`;
}

function significant(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
