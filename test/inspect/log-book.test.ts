// Owns the tests of the log book: what it keeps of which run, and its bounds.

import { describe, expect, it } from 'vitest';
import type { RuntimeEvent, RuntimeEventHandler } from '../../src/domain/events.ts';
import type { RunId, TaskId } from '../../src/domain/ids.ts';
import { LOG_LIMITS, LogBook } from '../../src/inspect/log-book.ts';

const SINCE = '2030-01-01T00:00:00.000Z';

/** A book and the way to tell it an event. */
function bookOf() {
  const handlers = new Map<string, RuntimeEventHandler>();
  const book = new LogBook(
    {
      registerEventHandler: (type, handler) => {
        handlers.set(type, handler);
        return () => handlers.delete(type);
      },
    },
    SINCE,
  );
  let seq = 0;
  const tell = (type: RuntimeEvent['type'], runId: string, data: RuntimeEvent['data'], single?: string) => {
    seq += 1;
    const subject = { runId: runId as RunId, task: 'a', taskId: (single ?? `${runId}/a`) as TaskId };
    handlers.get(type)?.({ seq, at: SINCE, type, ...subject, data });
  };
  return { book, tell, handlers };
}

describe('a log book', () => {
  it('keeps what tasks say and how they end, by run, single tasks under their own id', () => {
    const { book, tell } = bookOf();
    tell('task.log', 'r1', { level: 'warn', message: 'hot', fields: { degrees: 90 } });
    tell('task.failed', 'r1', { error: { code: 'TASK_FAILED', message: 'burnt' } });
    tell('task.log', 'lane', { level: 'info', message: 'alone', fields: null }, 'lane/a#1');
    expect(book.read('r1')).toEqual({
      lines: [
        { at: SINCE, task: 'a', kind: 'warn', message: 'hot', fields: '{"degrees":90}' },
        { at: SINCE, task: 'a', kind: 'ended', message: 'failed: TASK_FAILED: burnt', fields: null },
      ],
      omitted: 0,
      since: SINCE,
    });
    expect(book.read('lane/a#1').lines.map(({ message }) => message)).toEqual(['alone']);
    expect(book.read('lane').lines).toEqual([]);
    expect(book.runs()).toEqual(['r1', 'lane/a#1']);
  });

  it('keeps the newest of a row of progress', () => {
    const { book, tell } = bookOf();
    for (let step = 1; step <= 10; step++) tell('task.progress', 'r', { fraction: step / 10, message: null });
    tell('task.log', 'r', { level: 'info', message: 'done' });
    expect(book.read('r').lines.map(({ message }) => message)).toEqual(['100 %', 'done']);
  });

  it('keeps so many lines and characters of a run, the newest, and counts the others', () => {
    const { book, tell } = bookOf();
    for (let line = 0; line < 5_000; line++) tell('task.log', 'r', { level: 'info', message: `line ${line}` });
    const { lines, omitted } = book.read('r');
    expect(lines.length).toBeLessThanOrEqual(LOG_LIMITS.lines);
    expect(lines.length).toBeGreaterThan(LOG_LIMITS.lines / 2);
    expect(lines.length + omitted).toBe(5_000);
    expect(lines.at(-1)?.message).toBe('line 4999');
    expect(book.read('r', 3)).toMatchObject({ lines: [{}, {}, { message: 'line 4999' }], omitted: 4_997 });
    for (let line = 0; line < 200; line++) tell('task.log', 'long', { level: 'info', message: 'x'.repeat(1e5) });
    const characters = book.read('long').lines.reduce((sum, { message }) => sum + message.length, 0);
    expect(characters).toBeLessThanOrEqual(LOG_LIMITS.runCharacters);
    expect(book.read('long').lines[0]?.message).toContain('(cut)');
  });

  it('forgets the run heard of longest ago when there are too many', () => {
    const { book, tell } = bookOf();
    for (let run = 0; run < LOG_LIMITS.runs; run++) tell('task.log', `r${run}`, { level: 'info', message: 'x' });
    tell('task.log', 'r0', { level: 'info', message: 'again' });
    tell('task.log', 'new', { level: 'info', message: 'x' });
    expect(book.runs()).toHaveLength(LOG_LIMITS.runs);
    expect(book.read('r0').lines).toHaveLength(2);
    expect(book.read('r1').lines).toEqual([]);
  });

  it('hears nothing more once it is closed', () => {
    const { book, tell, handlers } = bookOf();
    tell('task.log', 'r', { level: 'info', message: 'x' });
    book.close();
    expect(handlers.size).toBe(0);
    expect(book.read('r').lines).toHaveLength(1);
  });
});
