// The file that each pool thread runs: says hello, sets the thread's parts up and hands attempts to its runner.
// It also owns what happens to errors that no promise carries: code of the running attempt ends the thread (its state
// is unknown), code of an attempt that has ended is reported and harms nobody. It imports nothing that a task may
// never use: each import is paid for in every thread's start.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { MessageChannel, parentPort, threadId, workerData } from 'node:worker_threads';
import { invariant, RuntimeError } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import { ThreadCapacity } from '../resources/thread-capacity.ts';
import { ArtifactStore } from './artifact-store.ts';
import { AttemptBoard } from './attempt-board.ts';
import { AttemptRunner } from './attempt-runner.ts';
import { HomeLine } from './home-line.ts';
import { ModuleLoader } from './module-loader.ts';
import type { ThreadTaskContext } from './thread-context.ts';
import { createHello, type PackedAttempt, type PackedReply, parseThreadStart } from './thread-protocol.ts';

invariant(parentPort !== null, 'the thread entry was loaded on the main thread');
const start = parseThreadStart(workerData);
const { port1: homePort, port2: helloPort } = new MessageChannel();
const home = new HomeLine(homePort);
const board = AttemptBoard.attach(start.board);
let capacity: ThreadCapacity | undefined;
const attribution = new AsyncLocalStorage<ThreadTaskContext>();
const runner = new AttemptRunner(
  threadId,
  {
    board,
    home,
    capacity: openCapacity,
    artifacts: new ArtifactStore(start.artifactsDir),
  },
  new ModuleLoader(start.tasksDirs, loadCore),
  attribution,
);
// Taken before a task can replace it.
const endThread = process.exit.bind(process);

process.on('uncaughtException', onStrayError);
process.on('unhandledRejection', onStrayError);
parentPort.postMessage(createHello(threadId, helloPort), [helloPort]);

/** What Piscina calls: the attempts of one message, their replies in the same order. */
export function runAttempts(messages: readonly PackedAttempt[]): Promise<PackedReply[]> {
  return runner.runAll(messages);
}

// Not before the first use: by then the main thread has given this thread its row in the ledger.
function openCapacity(): ThreadCapacity | null {
  if (start.ledger === null) return null;
  capacity ??= new ThreadCapacity(start.ledger, threadId);
  return capacity;
}

async function loadCore(): Promise<object> {
  const { createCoreModule } = await import('./core-module.ts');
  return createCoreModule({ start: startChild, ended: (processId) => home.childEnded(processId) });
}

function startChild(create: () => ChildProcess): ChildProcess {
  const { current } = runner;
  if (current === null || !board.enterSpawn(current.row)) {
    throw new RuntimeError('TASK_CANCELLED', 'no child process is started any more: the task is being stopped');
  }
  try {
    const child = create();
    if (child.pid !== undefined) home.childStarted(child.pid);
    return child;
  } finally {
    board.leaveSpawn(current.row);
  }
}

// Node gives the handler the asynchronous context in which the error was thrown.
function onStrayError(error: unknown): void {
  const owner = attribution.getStore();
  if (owner !== undefined && owner !== runner.current) {
    home.stray(owner.taskName, owner.runId, serializeError(error, 'TASK_UNCAUGHT'));
    return;
  }
  home.uncaught(serializeError(error, 'TASK_UNCAUGHT'));
  endThread(1);
}
