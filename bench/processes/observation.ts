// Owns how a bench takes observations in fresh processes: a process gets its plan as one argument and prints its findings
// as one JSON line. What a process prints is parsed, not trusted.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

/** A process that has not finished by then is killed, and the bench fails. */
const PROCESS_LIMIT_MS = 300_000;

/** Runs `processes/<name>` `count` times, one after the other, and gives what each found. */
export async function observe<Schema extends z.ZodType>(
  name: string,
  plan: Readonly<Record<string, number>>,
  schema: Schema,
  count: number,
): Promise<z.infer<Schema>[]> {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const observations: z.infer<Schema>[] = [];
  for (let index = 0; index < count; index++) {
    const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(plan)], {
      timeout: PROCESS_LIMIT_MS,
    });
    observations.push(schema.parse(JSON.parse(stdout)));
  }
  return observations;
}

/** The plan this process was given. */
export function readPlan<Schema extends z.ZodType>(schema: Schema): z.infer<Schema> {
  return schema.parse(JSON.parse(process.argv[2] ?? 'null'));
}

/** Tells the parent what was found. */
export function reportFindings(findings: Readonly<Record<string, unknown>>): void {
  process.stdout.write(JSON.stringify(findings));
}

/** A way of doing the same work as the others that it is compared with. */
interface Variant {
  /** Does the work once and gives how much of it was done. */
  run(): Promise<number>;
}

/** What the stretches of one variant took and did. */
export interface VariantFindings {
  readonly timesMs: number[];
  /** Pieces of work found done, over all stretches. */
  done: number;
}

/** Runs variants in turns, each round starting with another one, so that drift of the machine meets all of them alike. */
export async function interleave(
  variants: Readonly<Record<string, Variant>>,
  rounds: number,
): Promise<Record<string, VariantFindings>> {
  const entries = Object.entries(variants).map(([name, variant]) => {
    return { name, variant, findings: { timesMs: [], done: 0 } as VariantFindings };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { variant, findings } of [
      ...entries.slice(round % entries.length),
      ...entries.slice(0, round % entries.length),
    ]) {
      const start = performance.now();
      const done = await variant.run();
      findings.timesMs.push(performance.now() - start);
      findings.done += done;
    }
  }
  return Object.fromEntries(entries.map(({ name, findings }) => [name, findings]));
}

/** The parent's side of `interleave`. */
export const variantFindingsSchema = z.object({ timesMs: z.array(z.number()).min(1), done: z.number() });
