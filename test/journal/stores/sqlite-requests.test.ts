// Checks the requests that other processes leave for an engine: given once, answered, withdrawn, bounded, and still there
// for the next engine.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openRequestSender } from '../../../src/journal/stores/sqlite-requests.ts';
import { ManualTimers } from '../../support/manual-timers.ts';
import { journalFolder } from './journal-folder.ts';

const folder = journalFolder();
const refused = {
  status: 'refused',
  error: { name: 'RuntimeError', message: 'no', code: 'RUN_NOT_FOUND', retryable: false },
} as const;

describe('requests', () => {
  it('reach the engine once, in order, and their outcome the sender', async () => {
    const dataDir = await folder.make();
    const { requests } = await folder.open(dataDir);
    const sender = openRequestSender(dataDir, new ManualTimers(77));
    expect(requests.poll()).toEqual([]);
    const first = sender.send({ kind: 'cancel', runId: 'a', reason: 'enough' });
    const second = sender.send({ kind: 'pause', runId: 'b', reason: '' });
    expect(requests.poll()).toEqual([
      { id: first, kind: 'cancel', runId: 'a', reason: 'enough', atMs: 77 },
      { id: second, kind: 'pause', runId: 'b', reason: '', atMs: 77 },
    ]);
    const third = sender.send({ kind: 'resume', runId: 'b', reason: '' });
    expect(requests.poll().map(({ id }) => id)).toEqual([third]);
    expect(requests.poll()).toEqual([]);
    expect(sender.outcome(first)).toBeNull();
    requests.answer(first, { status: 'done' });
    requests.answer(second, refused);
    requests.answer(999, { status: 'done' });
    expect(sender.outcome(first)).toEqual({ status: 'done' });
    expect(sender.outcome(second)).toEqual(refused);
    expect(sender.outcome(999)).toBeNull();
    expect(requests.poll()).toEqual([]);
    sender.close();
  });

  it('can be withdrawn until they are answered', async () => {
    const dataDir = await folder.make();
    const { requests } = await folder.open(dataDir);
    const sender = openRequestSender(dataDir, new ManualTimers());
    const [first, second] = ['a', 'b'].map((runId) => sender.send({ kind: 'cancel', runId, reason: '' }));
    expect(sender.withdraw(first ?? 0)).toBe(true);
    expect(requests.poll().map(({ runId }) => runId)).toEqual(['b']);
    requests.answer(second ?? 0, { status: 'done' });
    expect(sender.withdraw(second ?? 0)).toBe(false);
    sender.close();
  });

  it('wait for the next engine, which is given all that nobody answered', async () => {
    const dataDir = await folder.make();
    const sender = openRequestSender(dataDir, new ManualTimers());
    const id = sender.send({ kind: 'cancel', runId: 'a', reason: '' });
    for (let life = 0; life < 2; life++) {
      const journal = await folder.open(dataDir);
      expect(journal.requests.poll().map((request) => request.id)).toEqual([id]);
      await journal.close();
    }
    const journal = await folder.open(dataDir);
    journal.requests.answer(id, { status: 'done' });
    expect(journal.requests.poll()).toEqual([]);
    sender.close();
  });

  it('are bounded while nobody answers', async () => {
    const dataDir = await folder.make();
    const sender = openRequestSender(dataDir, new ManualTimers());
    for (let index = 0; index < 1_000; index++) sender.send({ kind: 'cancel', runId: `r${index}`, reason: '' });
    const full = expect.objectContaining({ code: 'REQUESTS_FULL' });
    expect(() => sender.send({ kind: 'cancel', runId: 'one more', reason: '' })).toThrow(full);
    sender.close();
  });

  it('are answered later when someone holds the file', async () => {
    const dataDir = await folder.make();
    const { requests } = await folder.open(dataDir);
    const sender = openRequestSender(dataDir, new ManualTimers());
    const id = sender.send({ kind: 'cancel', runId: 'a', reason: '' });
    expect(requests.poll()).toHaveLength(1);
    const holder = new DatabaseSync(join(dataDir, 'requests.db'));
    holder.exec('BEGIN IMMEDIATE');
    requests.answer(id, { status: 'done' });
    expect(sender.outcome(id)).toBeNull();
    expect(requests.poll()).toEqual([]);
    holder.exec('COMMIT');
    holder.close();
    expect(requests.poll()).toEqual([]);
    expect(sender.outcome(id)).toEqual({ status: 'done' });
    sender.close();
  });

  it('need a data directory', async () => {
    const dataDir = join(await folder.make(), 'nowhere');
    const missing = expect.objectContaining({ code: 'FILE_NOT_FOUND' });
    expect(() => openRequestSender(dataDir, new ManualTimers())).toThrow(missing);
  });
});
