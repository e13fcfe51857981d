// Owns a strict reading of Prometheus' text form 0.0.4, written from its description and from the rules of `promtool check
// metrics`: what this accepts, a scraper accepts too. It shares nothing with the library that writes the text.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const VALUE = /^(?:[+-]?Inf|NaN|[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
// As promtool has them: units that are no base units, and words that are cut short.
const OTHER_UNITS =
  /(?:^|_)(?:milliseconds|ms|minutes|hours|days|kilobytes|kb|megabytes|mb|gigabytes|gb|bits|percent)(?:_|$)/;
const ABBREVIATIONS = /(?:^|_)(?:s|sec|secs|m|min|h|hr|d|b|kib|mib|gib|cnt|num|pct)(?:_|$)/;

/** The families of a text, in order. @throws Error that names the line, for the first thing that breaks a rule */
export function parsePrometheusText(text: string): MetricFamily[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the text does not end with a line feed');
  const families = new Map<string, MetricFamily & { samples: Sample[] }>();
  const series = new Set<string>();
  let help: { readonly name: string; readonly text: string } | undefined;
  let current: (MetricFamily & { samples: Sample[] }) | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fail = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line}`);
    };
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      if (!NAME.test(name)) fail('a bad name');
      if (kind === 'HELP') {
        if (families.has(name)) fail('a second HELP');
        if (/\\(?![\\n])/.test(rest)) fail('a bad escape');
        help = { name, text: rest };
        continue;
      }
      if (help?.name !== name) fail('a TYPE that does not follow its HELP');
      if (!TYPES.has(rest)) fail('an unknown type');
      if (families.has(name)) fail('a second TYPE');
      current = { name, type: rest, help: help?.text ?? '', samples: [] };
      families.set(name, current);
      continue;
    }
    if (line.startsWith('#')) fail('a comment that nobody needs');
    const sample = parseSample(line, fail);
    if (current === undefined || !belongs(sample.name, current)) fail('a sample outside of its family');
    const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (series.has(key)) fail('a series twice');
    series.add(key);
    current?.samples.push(sample);
  }
  for (const family of families.values()) if (family.type === 'histogram') requireHistogram(family);
  return [...families.values()];
}

/** What promtool would find fault with beyond the form, one sentence each. */
export function lintFamilies(families: readonly MetricFamily[]): string[] {
  const faults: string[] = [];
  for (const { name, type, help, samples } of families) {
    const isTotal = name.endsWith('_total');
    if (help.trim() === '') faults.push(`${name} has no help`);
    if (type === 'untyped') faults.push(`${name} has no type`);
    if ((type === 'counter') !== isTotal) faults.push(`${name}: counters, and only they, end in _total`);
    if (/[A-Z]/.test(name)) faults.push(`${name} is in camel case`);
    if (name.includes(':')) faults.push(`${name} has a colon`);
    if (/_(?:count|sum|bucket|info)$/.test(name)) faults.push(`${name} ends like a part of a histogram`);
    if (new RegExp(`_${type}(?:_|$)`).test(name)) faults.push(`${name} names its type`);
    if (OTHER_UNITS.test(name)) faults.push(`${name} is in no base unit`);
    if (ABBREVIATIONS.test(name)) faults.push(`${name} is cut short`);
    for (const label of new Set(samples.flatMap((sample) => Object.keys(sample.labels)))) {
      if (/[A-Z]/.test(label)) faults.push(`${name}: label ${label} is in camel case`);
      if (label === 'le' && type !== 'histogram') faults.push(`${name}: le is for histograms`);
      if (label === 'quantile' && type !== 'summary') faults.push(`${name}: quantile is for summaries`);
    }
  }
  return faults;
}

function belongs(sampleName: string, { name, type }: MetricFamily): boolean {
  if (type !== 'histogram') return sampleName === name;
  return sampleName === `${name}_bucket` || sampleName === `${name}_sum` || sampleName === `${name}_count`;
}

function parseSample(line: string, fail: (why: string) => never): Sample {
  const name = /^[^{\s]+/.exec(line)?.[0] ?? '';
  if (!NAME.test(name)) fail('a bad name');
  const labels: Record<string, string> = Object.create(null);
  let rest = line.slice(name.length);
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    for (;;) {
      if (rest.startsWith('}')) break;
      const label = /^([^=]+)="((?:[^"\\]|\\[\\"n])*)"(,?)/.exec(rest);
      if (label === null) return fail('a bad label');
      const [whole, labelName = '', value = '', comma] = label;
      if (!LABEL_NAME.test(labelName) || labelName.startsWith('__')) fail('a bad name of a label');
      if (labelName in labels) fail('a label twice');
      labels[labelName] = value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
      rest = rest.slice(whole.length);
      if (comma === '' && !rest.startsWith('}')) fail('labels without a comma between them');
    }
    rest = rest.slice(1);
  }
  const value = /^ (\S+)$/.exec(rest)?.[1] ?? '';
  if (!VALUE.test(value)) fail('a bad value');
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) };
}

/** Buckets go up to +Inf and never down, and the last is the count. */
function requireHistogram({ name, samples }: MetricFamily): void {
  const parts = new Map<string, { bounds: number[]; counts: number[]; sum?: number; count?: number }>();
  for (const { name: part, labels, value } of samples) {
    const { le, ...own } = labels;
    const key = JSON.stringify(Object.entries(own).sort());
    const found = parts.get(key) ?? { bounds: [], counts: [] };
    parts.set(key, found);
    if (part.endsWith('_bucket')) {
      if (le === undefined) throw new Error(`${name}${key} has a bucket without its bound`);
      found.bounds.push(Number(le.replace('Inf', 'Infinity')));
      found.counts.push(value);
    } else if (le !== undefined) throw new Error(`${name}${key}: le stands beside no bucket`);
    else if (part.endsWith('_sum')) found.sum = value;
    else found.count = value;
  }
  for (const [key, { bounds, counts, sum, count }] of parts) {
    const isRising = bounds.every((bound, i) => i === 0 || bound > (bounds[i - 1] ?? 0));
    const isCumulative = counts.every((value, i) => i === 0 || value >= (counts[i - 1] ?? 0));
    if (!isRising || bounds.at(-1) !== Number.POSITIVE_INFINITY)
      throw new Error(`${name}${key}: its bounds are not in order`);
    if (!isCumulative) throw new Error(`${name}${key}: its buckets do not add up`);
    if (sum === undefined || count === undefined || count !== counts.at(-1)) {
      throw new Error(`${name}${key}: its sum or count is missing, or not that of its buckets`);
    }
  }
}
