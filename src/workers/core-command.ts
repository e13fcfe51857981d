// Owns `core.command`: one child process without a shell, in a process group of its own, with bounded output. On cancel
// and time-out the whole group gets SIGTERM, then SIGKILL. What a killed thread leaves behind is ended by the main
// thread, which is told of each child. What a child prints counts as heartbeats of its attempt.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { TaskContext } from '../domain/task-context.ts';
import type { CommandParameters } from './core-parameters.ts';
import { signalProcessGroup } from './process-group.ts';

/** Keeps track of child processes, so that none outlives a thread that is terminated. */
export interface ChildProcesses {
  /** Starts one; the thread is not terminated before it is known. @throws RuntimeError TASK_CANCELLED */
  start(create: () => ChildProcess): ChildProcess;
  ended(processId: number): void;
}

/** What is kept of each output stream: its last bytes. */
const MAX_OUTPUT_BYTES = 1_048_576;
/** From SIGTERM to SIGKILL. */
const KILL_AFTER_MS = 2_000;
/** How long output may still come from others who hold the pipes after the child is gone. */
const OUTPUT_AFTER_EXIT_MS = 500;

interface Exit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** @throws RuntimeError COMMAND_FAILED, COMMAND_TIMEOUT, TASK_CANCELLED */
export async function runCommand(
  parameters: CommandParameters,
  context: TaskContext,
  children: ChildProcesses,
): Promise<JsonObject> {
  context.signal.throwIfAborted();
  const startedAtMs = performance.now();
  const child = children.start(() => startChild(parameters));
  const processId = child.pid;
  const stdout = new OutputTail(child.stdout, context.heartbeat);
  const stderr = new OutputTail(child.stderr, context.heartbeat);
  const termination = new Termination(processId, parameters.timeout, context.signal);
  try {
    const exit = await exitOf(child, parameters);
    if (termination.reason !== null) termination.endGroup();
    await outputEnd(child);
    const texts = { stdout: stdout.text(), stderr: stderr.text() };
    const result = {
      ...exit,
      ...texts,
      durationMs: Math.round(performance.now() - startedAtMs),
      ...(stdout.droppedBytes + stderr.droppedBytes > 0
        ? { droppedBytes: { stdout: stdout.droppedBytes, stderr: stderr.droppedBytes } }
        : {}),
    };
    checkResult(parameters, termination.reason, result);
    return result;
  } finally {
    termination.close();
    if (processId !== undefined) children.ended(processId);
  }
}

function startChild({ command, args, cwd, env }: CommandParameters): ChildProcess {
  try {
    return spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: false,
      // A group of its own, so that grandchildren can be ended too.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
  } catch (cause) {
    throw new RuntimeError('COMMAND_FAILED', `core.command cannot start '${command}': ${String(cause)}`, {
      cause,
      retryable: false,
      details: { command, args },
    });
  }
}

function exitOf(child: ChildProcess, parameters: CommandParameters): Promise<Exit> {
  const { promise, resolve, reject } = Promise.withResolvers<Exit>();
  child.once('error', (error) => reject(startFault(parameters, error)));
  child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  return promise;
}

function startFault({ command, args, cwd }: CommandParameters, cause: Error): RuntimeError {
  const code: unknown = Reflect.get(cause, 'code');
  let remedy = cause.message;
  if (code === 'ENOENT') {
    remedy =
      cwd !== undefined && !existsSync(cwd)
        ? `its cwd '${cwd}' does not exist; create it or correct cwd`
        : 'there is no such program; install it, or give its full path (there is no shell: arguments go into args)';
  } else if (code === 'EACCES') {
    remedy = 'it may not be executed; check its permissions';
  }
  return new RuntimeError('COMMAND_FAILED', `core.command cannot start '${command}': ${remedy}`, {
    cause,
    retryable: false,
    details: { command, args, ...(cwd === undefined ? {} : { cwd }), reason: String(code) },
  });
}

// A background grandchild may hold the pipes for ever: after the child's exit they are given a moment, then closed.
async function outputEnd(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  if (streams.every((stream) => stream.closed)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('close', () => resolve());
  const timer = setTimeout(resolve, OUTPUT_AFTER_EXIT_MS);
  await promise;
  clearTimeout(timer);
  for (const stream of streams) stream.destroy();
}

function checkResult(
  { command, args, timeout }: CommandParameters,
  reason: 'cancelled' | 'timeout' | null,
  result: JsonObject & Exit & { readonly stderr: string },
): void {
  const details = { command, args, ...result };
  if (reason === 'cancelled') {
    throw new RuntimeError('TASK_CANCELLED', `core.command '${command}' was stopped`, { details });
  }
  if (reason === 'timeout') {
    const message = `core.command '${command}' ran longer than ${timeout} s and was ended; raise timeout if it needs more`;
    throw new RuntimeError('COMMAND_TIMEOUT', message, { details });
  }
  if (result.exitCode === 0) return;
  const how = result.signal === null ? `with code ${result.exitCode}` : `by ${result.signal}`;
  const lastLine = result.stderr.trimEnd().split('\n').at(-1)?.slice(0, 500) ?? '';
  throw new RuntimeError(
    'COMMAND_FAILED',
    `core.command '${command}' ended ${how}${lastLine === '' ? '' : `: ${lastLine}`}`,
    { details },
  );
}

/** Ends the child's group when the attempt is cancelled or its time is over. */
class Termination {
  reason: 'cancelled' | 'timeout' | null = null;
  readonly #processId: number | undefined;
  readonly #signal: AbortSignal;
  readonly #timeout: NodeJS.Timeout | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  readonly #onAbort = (): void => this.#begin('cancelled');

  constructor(processId: number | undefined, timeoutSeconds: number | undefined, signal: AbortSignal) {
    this.#processId = processId;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutSeconds !== undefined) {
      this.#timeout = setTimeout(() => this.#begin('timeout'), timeoutSeconds * 1_000);
    }
  }

  /** The child is gone; those of its group that ignored SIGTERM go with it. */
  endGroup(): void {
    if (this.#processId !== undefined) signalProcessGroup(this.#processId, 'SIGKILL');
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#timeout);
    clearTimeout(this.#killTimer);
  }

  #begin(reason: 'cancelled' | 'timeout'): void {
    if (this.reason !== null || this.#processId === undefined) return;
    this.reason = reason;
    signalProcessGroup(this.#processId, 'SIGTERM');
    this.#killTimer = setTimeout(() => this.endGroup(), KILL_AFTER_MS);
  }
}

/** The last bytes of a stream. */
class OutputTail {
  droppedBytes = 0;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(stream: Readable | null, heard: () => void) {
    stream?.on('data', (chunk: Buffer) => {
      heard();
      this.#add(chunk);
    });
    // A pipe that breaks says nothing about the command; its exit does.
    stream?.on('error', () => {});
  }

  text(): string {
    if (this.#sizeBytes > MAX_OUTPUT_BYTES) this.#cut();
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  #add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    // Cut in steps of the whole bound, so that many small chunks are not copied again and again.
    if (this.#sizeBytes > 2 * MAX_OUTPUT_BYTES) this.#cut();
  }

  #cut(): void {
    const all = Buffer.concat(this.#chunks);
    const kept = Buffer.from(all.subarray(all.length - MAX_OUTPUT_BYTES));
    this.droppedBytes += all.length - kept.length;
    this.#chunks = [kept];
    this.#sizeBytes = kept.length;
  }
}
