// Checks what is the SQLite store's own: that everything is there again after a reopening, facts of any size and number,
// readers beside the writer, congestion, and the writer thread's death.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fact } from '../../../src/domain/facts.ts';
import { openJournalReader } from '../../../src/journal/stores/sqlite-reader.ts';
import { everyKindOfFact, madeRun, makeDefinition, makeFact, startedRun } from '../../conformance/facts.ts';
import { journalFolder } from './journal-folder.ts';

const folder = journalFolder();

function completed(runId: string, output: string): Fact {
  return { v: 1, type: 'task.completed', runId, atMs: 1, task: 't', attempt: 1, output };
}

describe('sqlite journal', () => {
  it('has everything again after it was closed and opened', async () => {
    const dataDir = await folder.make();
    const first = await folder.open(dataDir);
    const key = first.keepDefinition(makeDefinition('w', 700));
    const facts = [{ ...madeRun('made', 'workflow', 1)[0], definition: key } as Fact, ...everyKindOfFact('r')];
    for (const fact of facts) first.append(fact);
    await first.close();

    const second = await folder.open(dataDir);
    const numbered = facts.map((fact, index) => ({ sequence: index + 1, fact }));
    expect([...second.read()]).toEqual(numbered);
    expect([...second.read('r')]).toEqual(numbered.filter(({ fact }) => fact.runId === 'r'));
    expect(Array.from(second.runs(), ({ runId }) => runId)).toEqual(['r-task', 'r', 'made']);
    expect(second.run('r')?.status).toBe('cancelled');
    expect(second.definition(key)).toEqual(makeDefinition('w', 700));
    expect(second.keepDefinition(makeDefinition('w', 700))).toBe(key);
    expect(second.append({ v: 1, runId: 'made', atMs: 9, type: 'run.started', deadlineMs: 7 })).toBe(facts.length + 1);
    expect(second.run('made')).toMatchObject({ status: 'running', startedAtMs: 9 });
    await second.close();

    const third = await folder.open(dataDir);
    expect(third.run('made')).toMatchObject({ status: 'running', startedAtMs: 9 });
    expect(third.lastSequence()).toBe(facts.length + 1);
  });

  it('keeps large facts, many facts and facts of many runs in order', async () => {
    const dataDir = await folder.make();
    const first = await folder.open(dataDir);
    first.append(completed('large', 'ä'.repeat(10 * 1_048_576)));
    for (let index = 0; index < 100_000; index++) first.append(makeFact(`r${index % 7}`, index));
    first.append(completed('large', 'x'.repeat(10 * 1_048_576)));
    for (let index = 0; index < 3_000; index++) first.append(makeFact(`own-${index}`, index));
    await first.close();

    const second = await folder.open(dataDir);
    let sequence = 0;
    for (const numbered of second.read()) {
      expect(numbered.sequence).toBe(++sequence);
      if (sequence === 50_000) expect(numbered.fact).toEqual(makeFact(`r${49_998 % 7}`, 49_998));
    }
    expect(sequence).toBe(103_002);
    expect([...second.read('own-2999')]).toEqual([{ sequence: 103_002, fact: makeFact('own-2999', 2_999) }]);
    const large = Array.from(second.read('large'), ({ fact }) => (fact.type === 'task.completed' ? fact.output : null));
    expect(large).toEqual(['ä'.repeat(10 * 1_048_576), 'x'.repeat(10 * 1_048_576)]);
  }, 120_000);

  it('numbers runs once, whether it remembers them or has to look them up', async () => {
    const journal = await folder.open(await folder.make());
    const runs = 12_000;
    for (let index = 0; index < runs; index++) {
      for (const fact of madeRun(`task-${index}`, 'task', index)) journal.append(fact);
      if (index % 1_000 === 0) await journal.durable(journal.lastSequence());
    }
    for (const index of [0, 1, 11_999]) {
      journal.append(completed(`task-${index}`, 'done'));
      await journal.durable(journal.lastSequence());
      expect(journal.run(`task-${index}`)).toMatchObject({ status: 'completed', createdAtMs: index });
      expect([...journal.read(`task-${index}`)]).toHaveLength(2);
    }
    expect([...journal.runs()]).toHaveLength(runs);
    expect([...journal.runs({ open: false })]).toHaveLength(3);
  }, 60_000);

  it('is congested while much is unwritten, says when that is over, and takes facts all the same', async () => {
    const journal = await folder.open(await folder.make());
    let changes = 0;
    journal.onChange(() => changes++);
    for (let index = 0; index < 100_000; index++) journal.append(makeFact('r', index));
    expect(journal.isCongested).toBe(false);
    for (let index = 0; index < 20_000; index++) journal.append(makeFact('r', index));
    expect(journal.isCongested).toBe(true);
    await journal.durable(120_000);
    expect(journal.isCongested).toBe(false);
    expect(changes).toBe(1);
    for (let index = 0; index < 7; index++) journal.append(completed('r', 'x'.repeat(10 * 1_048_576)));
    expect(journal.isCongested).toBe(true);
    await journal.durable(journal.lastSequence());
    expect(journal.isCongested).toBe(false);
  }, 60_000);

  it('is read by others while it is written: a whole prefix of the log, and what was committed later on the next call', async () => {
    const dataDir = await folder.make();
    const journal = await folder.open(dataDir);
    for (const fact of startedRun('r', 1)) journal.append(fact);
    await journal.durable(2);
    const reader = openJournalReader(dataDir);
    expect([...reader.read()]).toHaveLength(2);
    expect(reader.run('r')?.status).toBe('running');
    const before = reader.read();
    for (let index = 0; index < 1_000; index++) journal.append(makeFact('r', index));
    await journal.durable(1_002);
    expect([...before]).toHaveLength(2);
    expect([...reader.read('r')]).toEqual([...journal.read('r')]);
    expect(Array.from(reader.runs({ open: true, limit: 5 }), ({ runId }) => runId)).toEqual(['r']);
    expect(reader.definition('none')).toBeUndefined();
    await journal.close();
    expect([...reader.read()]).toHaveLength(1_002);
    await reader.close();
    await reader.close();
    expect(() => [...reader.read()]).toThrow(expect.objectContaining({ code: 'ENGINE_CLOSED' }));
    expect([...openJournalReader(dataDir).read()]).toHaveLength(1_002);
  });

  it('says so when there is no journal to read', async () => {
    const dataDir = await folder.make();
    const missing = expect.objectContaining({ code: 'FILE_NOT_FOUND' });
    expect(() => openJournalReader(dataDir)).toThrow(missing);
    expect(() => openJournalReader(join(dataDir, 'nowhere'))).toThrow(missing);
    await writeFile(join(dataDir, 'journal.marker'), '');
    expect(() => openJournalReader(dataDir)).toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }));
  });
});

describe('the writer thread', () => {
  const seen: Worker[] = [];
  let onWorker: (worker: Worker) => void = () => undefined;
  const listen = (worker: Worker) => {
    seen.push(worker);
    onWorker(worker);
  };
  process.on('worker', listen);
  afterEach(() => {
    seen.length = 0;
    onWorker = () => undefined;
  });

  it('is replaced when it dies, and every fact is in the file once', async () => {
    const dataDir = await folder.make();
    const journal = await folder.open(dataDir);
    const kills: Promise<unknown>[] = [];
    for (let index = 0; index < 60_000; index++) {
      journal.append(makeFact(`r${index % 5}`, index));
      if (index % 15_000 === 7_500) {
        await Promise.resolve();
        const worker = seen.at(-1);
        if (worker !== undefined) kills.push(worker.terminate());
      }
      if (index % 1_000 === 0) await journal.durable(Math.max(1, index - 5_000));
    }
    await journal.durable(60_000);
    await Promise.all(kills);
    expect(seen.length).toBeGreaterThan(2);
    expect(journal.failure).toBeNull();
    await journal.close();
    const reopened = await folder.open(dataDir);
    let sequence = 0;
    for (const { sequence: found, fact } of reopened.read()) {
      expect(found).toBe(++sequence);
      expect(fact.atMs).toBe(1_000 + sequence - 1);
    }
    expect(sequence).toBe(60_000);
  }, 60_000);

  it('is not replaced for ever: a store whose threads die has failed, and says so', async () => {
    const journal = await folder.open(await folder.make());
    let changes = 0;
    journal.onChange(() => changes++);
    await journal.durable(journal.append(makeFact('r', 0)));
    onWorker = (worker) => void worker.terminate();
    void seen.at(-1)?.terminate();
    journal.append(makeFact('r', 1));
    const lost = journal.durable(2);
    await expect(lost).rejects.toMatchObject({ code: 'JOURNAL_WRITE_FAILED' });
    expect(journal.failure?.code).toBe('JOURNAL_WRITE_FAILED');
    expect(changes).toBe(1);
    expect(journal.append(makeFact('r', 2))).toBe(3);
    await expect(journal.durable(3)).rejects.toBe(journal.failure);
    await journal.durable(1);
    await expect(journal.prune(['r'])).rejects.toBe(journal.failure);
    await journal.close();
  }, 60_000);

  it('does not keep the process alive when nothing waits to be written', async () => {
    const dataDir = await folder.make();
    const script = `const { openSqliteJournal } = await import(${JSON.stringify(new URL('../../../src/journal/stores/sqlite.ts', import.meta.url).href)});
      const clock = { now: () => 1, monotonicMs: () => 1 };
      const journal = await openSqliteJournal({ dataDir: ${JSON.stringify(dataDir)}, durability: 'full', clock });
      journal.append({ v: 1, type: 'run.paused', runId: 'r', atMs: 1 });`;
    const worker = new Worker(script, { eval: true });
    await new Promise((resolve) => worker.once('exit', resolve));
    expect([...openJournalReader(dataDir).read()]).toHaveLength(1);
  }, 60_000);
});
