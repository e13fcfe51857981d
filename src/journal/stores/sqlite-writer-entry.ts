// Owns the writer thread of the journal: commits what the main thread sends, in its order, and says when it is written.
// After a failure it does nothing more: what comes later must not be written behind what was lost.

import { parentPort, workerData } from 'node:worker_threads';
import { assertNever, invariant } from '../../domain/runtime-error.ts';
import { serializeError } from '../../domain/serialized-error.ts';
import { CommitPace } from './sqlite-commit-pace.ts';
import { keepRecordings, lastRecordingIn } from './sqlite-durations.ts';
import { journalFiles } from './sqlite-files.ts';
import { Pruner } from './sqlite-pruner.ts';
import type { FromWriter, ToWriter, WriterQuestion, WriterSettings } from './sqlite-writer-protocol.ts';
import { openWriterStore, type WriterStore } from './sqlite-writer-store.ts';

const port = parentPort;
invariant(port !== null, 'the writer of the journal runs as a thread');

const say = (message: FromWriter): void => port.postMessage(message);
let store: WriterStore | undefined;
let pruner: Pruner | undefined;
let pace: CommitPace | undefined;

port.on('message', (message: ToWriter) => attempt(() => take(message)));
attempt(() => {
  const { dataDir, durability, pace: word } = settingsOf(workerData);
  pace = new CommitPace(word);
  store = openWriterStore(journalFiles(dataDir), durability);
  pruner = new Pruner(store);
  say({ kind: 'ready', ...store.progress, lastRecording: lastRecordingIn(store.database) });
});

// Both ends of this border are of one package and one version: what has the shape is what it seems.
function settingsOf(value: { readonly [Key in keyof WriterSettings]?: unknown }): WriterSettings {
  const { dataDir, durability, pace: word } = value;
  invariant(typeof dataDir === 'string', 'the writer is told where the journal is');
  invariant(durability === 'full' || durability === 'normal' || durability === 'none', 'and how durable it is');
  invariant(word instanceof SharedArrayBuffer, 'and when someone waits');
  return { dataDir, durability, pace: word };
}

function take(message: ToWriter): void {
  if (store === undefined) {
    if (message.kind === 'close') leave();
    return;
  }
  switch (message.kind) {
    case 'write':
      pace?.pause(message.last - message.first + 1);
      store.write(message);
      pace?.committed(message.last);
      say({ kind: 'written', last: message.last });
      break;
    case 'record':
      keepRecordings(store, message.recordings);
      say({ kind: 'recorded', last: message.last });
      break;
    case 'ask':
      say({ kind: 'answer', id: message.id, found: answerTo(message.question) });
      break;
    case 'close':
      leave();
      break;
    default:
      assertNever(message);
  }
}

function answerTo(question: WriterQuestion): string[] {
  invariant(pruner !== undefined, 'the pruner is there once the store is');
  switch (question.kind) {
    case 'forget':
      return pruner.forget(question.runIds);
    case 'orphans':
      return pruner.orphans(question.handled);
    case 'shrink':
      return pruner.shrink() ? ['more'] : [];
    default:
      return assertNever(question);
  }
}

function leave(): void {
  const open = store;
  store = undefined;
  try {
    open?.close();
  } finally {
    say({ kind: 'closed' });
    port?.close();
  }
}

function attempt(deed: () => void): void {
  try {
    deed();
  } catch (error) {
    const failed = store;
    store = undefined;
    say({ kind: 'failed', error: serializeError(error, 'JOURNAL_WRITE_FAILED') });
    // Not checkpointed: what the log holds is found at the next start, when there is room again.
    if (failed?.database.isOpen) failed.database.close();
  }
}
