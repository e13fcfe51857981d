// Owns the reading of trace files: line by line, each checked, never more than a line in memory.
// A damaged line is an error that names it. A last line without its end is none: so ends the file of a process that was
// killed, and what stands before it is whole.

import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { TRACE_VERSION, type TraceEntry, type TraceLine, traceLine } from './trace-entries.ts';

/** Longer lines are refused: the writer makes none. */
const MAX_LINE_BYTES = 128 * 1024 * 1024;
const NEWLINE = 0x0a;

interface RawLine {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Whether its end was there. */
  readonly isWhole: boolean;
}

/**
 * The entries of a trace file, the header first; a file may still be growing, and is read as far as it goes.
 * @throws RuntimeError FILE_NOT_FOUND, FILE_UNREADABLE, TRACE_INVALID with the file and the line
 */
export async function* readTrace(file: string): AsyncGenerator<TraceEntry, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let sequence = 0;
  let isFirst = true;
  for await (const { number, bytes, isWhole } of linesOf(file)) {
    if (!isWhole) {
      if (isFirst) throw invalid(file, number, 'it ends within its first line');
      yield { kind: 'cut', line: number };
      return;
    }
    const entry = parseLine(file, number, () => decoder.decode(bytes));
    if (isFirst !== (entry.kind === 'trace')) {
      throw invalid(file, number, isFirst ? 'a trace begins with a line of the kind `trace`' : 'a second beginning');
    }
    isFirst = false;
    if (entry.kind !== 'trace') {
      sequence++;
      if (entry.seq !== sequence)
        throw invalid(file, number, `entry ${sequence} was expected, and this is ${entry.seq}`);
    }
    yield entry;
  }
  if (isFirst) throw invalid(file, 1, 'it is empty');
}

function parseLine(file: string, number: number, read: () => string): TraceLine {
  let value: unknown;
  try {
    value = JSON.parse(read());
  } catch (error) {
    throw invalid(file, number, messageOf(error), error);
  }
  const parsed = traceLine.safeParse(value);
  if (parsed.success) return parsed.data;
  const version: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'version') : undefined;
  if (number === 1 && typeof version === 'number' && version > TRACE_VERSION) {
    throw invalid(file, number, `it is of version ${version}, this program reads ${TRACE_VERSION}; use a newer one`);
  }
  throw invalid(file, number, z.prettifyError(parsed.error), parsed.error);
}

async function* linesOf(file: string): AsyncGenerator<RawLine, void, undefined> {
  let number = 1;
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  for await (const chunk of chunksOf(file)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const bytes = Buffer.concat([...kept, chunk.subarray(start, end)]);
      yield { number, bytes, isWhole: true };
      number++;
      kept = [];
      keptBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) kept.push(chunk.subarray(start));
    keptBytes += chunk.length - start;
    if (keptBytes > MAX_LINE_BYTES) throw invalid(file, number, `it is longer than ${MAX_LINE_BYTES} bytes`);
  }
  if (keptBytes > 0) yield { number, bytes: Buffer.concat(kept), isWhole: false };
}

async function* chunksOf(file: string): AsyncGenerator<Buffer, void, undefined> {
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
  try {
    for await (const chunk of stream) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
  } catch (cause) {
    const isMissing = cause instanceof Error && Reflect.get(cause, 'code') === 'ENOENT';
    throw new RuntimeError(
      isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
      `the trace ${file} cannot be read: ${messageOf(cause)}`,
      { cause, details: { file } },
    );
  } finally {
    stream.destroy();
  }
}

function invalid(file: string, line: number, fault: string, cause?: unknown): RuntimeError {
  return new RuntimeError('TRACE_INVALID', `${file}:${line} is no line of a trace: ${fault}`, {
    details: { file, line },
    ...(cause === undefined ? {} : { cause }),
  });
}
