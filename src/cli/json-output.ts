// Owns the view for programs: one event a line on stdout, as it is, and nothing else on stdout.

import type { RuntimeEvent } from '../domain/events.ts';
import type { RunOutput } from './run-output.ts';
import type { ShellStream } from './shell-stream.ts';

/** Event lines; what task bodies print to stdout goes to stderr, or it would stand between the lines. */
export class JsonOutput implements RunOutput {
  readonly wanted = '*';
  readonly #stdout: ShellStream;
  readonly #stderr: ShellStream;
  readonly #release: () => void;

  constructor(stdout: ShellStream, stderr: ShellStream) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#release = stdout.capture((text) => stderr.write(text));
  }

  onEvent(event: RuntimeEvent): void {
    this.#stdout.line(jsonLine(event));
  }

  notice(text: string): void {
    this.#stderr.line(text);
  }

  close(): void {
    this.#release();
  }
}

/** JSON of anything on one line; what JSON cannot say (a bigint in a log's fields) is said as text. */
export function jsonLine(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    const seen = new WeakSet<object>();
    return JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part === 'bigint') return String(part);
      if (typeof part !== 'object' || part === null) return part;
      if (seen.has(part)) return '[repeated]';
      seen.add(part);
      return part;
    });
  }
}
