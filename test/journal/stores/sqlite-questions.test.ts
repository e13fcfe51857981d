// Checks questions to a live engine in the file of requests: their answers carry data, are given once, and do not pile up.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openRequestInbox, openRequestSender } from '../../../src/journal/stores/sqlite-requests.ts';
import { ManualTimers } from '../../support/manual-timers.ts';
import { journalFolder } from './journal-folder.ts';

const folder = journalFolder();
const ANSWER = { waits: [{ task: 'a "b"', sinceMs: 12.5, reason: { kind: 'slot', ahead: 0 }, message: 'ä\n' }] };

describe('a question', () => {
  it('is answered with data, which is gone once it was fetched', async () => {
    const dataDir = await folder.make();
    const { requests } = await folder.open(dataDir);
    const sender = openRequestSender(dataDir, new ManualTimers(77));
    const id = sender.send({ kind: 'explain', runId: 'run', reason: '' });
    expect(requests.poll()).toEqual([{ id, kind: 'explain', runId: 'run', reason: '', atMs: 77 }]);
    requests.answer(id, { status: 'done', answer: ANSWER });
    expect(sender.outcome(id)).toEqual({ status: 'done', answer: ANSWER });
    expect(sender.outcome(id)).toBeNull();
    expect(sender.withdraw(id)).toBe(false);
    expect(rows(dataDir)).toEqual([]);
    sender.close();
  });

  it('whose answer nobody fetched is forgotten after a minute, other answers after a day', async () => {
    const dataDir = await folder.make();
    const time = new ManualTimers(1_000_000);
    const inbox = openRequestInbox(dataDir, time);
    const sender = openRequestSender(dataDir, time);
    const [question, cancel] = (['explain', 'cancel'] as const).map((kind) =>
      sender.send({ kind, runId: 'run', reason: '' }),
    );
    for (const { id } of inbox.poll()) inbox.answer(id, { status: 'done' });
    await time.advance(60_001);
    const later = sender.send({ kind: 'explain', runId: 'run', reason: '' });
    for (const { id } of inbox.poll()) inbox.answer(id, { status: 'done', answer: null });
    expect(rows(dataDir)).toEqual([cancel, later]);
    expect([sender.outcome(question ?? 0), sender.outcome(later)]).toEqual([null, { status: 'done', answer: null }]);
    await time.advance(86_400_001);
    inbox.answer(0, { status: 'done' });
    expect(rows(dataDir)).toEqual([]);
    sender.close();
    inbox.close();
  });
});

describe('a request of a kind that the engine does not know', () => {
  it('is refused, and those beside it are carried out', async () => {
    const dataDir = await folder.make();
    const { requests } = await folder.open(dataDir);
    const sender = openRequestSender(dataDir, new ManualTimers(5));
    const known = sender.send({ kind: 'pause', runId: 'run', reason: '' });
    const writer = new DatabaseSync(join(dataDir, 'requests.db'));
    writer.prepare("INSERT INTO requests (kind, run_id, reason, at_ms) VALUES ('sing', 'run', '', 5)").run();
    writer.close();
    expect(requests.poll().map(({ id }) => id)).toEqual([known]);
    expect(sender.outcome(known + 1)).toMatchObject({
      status: 'refused',
      error: { code: 'ARGUMENT_INVALID', message: expect.stringContaining("'sing'") },
    });
    expect(requests.poll()).toEqual([]);
    sender.close();
  });
});

function rows(dataDir: string): unknown[] {
  const database = new DatabaseSync(join(dataDir, 'requests.db'), { readOnly: true });
  try {
    return database
      .prepare('SELECT id FROM requests ORDER BY id')
      .all()
      .map(({ id }) => id);
  } finally {
    database.close();
  }
}
