// The shared words of attempts: rows, cancel, the spawn gate.

import { describe, expect, it } from 'vitest';
import { AttemptBoard, BOARD_ROWS } from '../../src/workers/attempt-board.ts';
import { CancelSignal } from '../../src/workers/cancel-signal.ts';

describe('AttemptBoard', () => {
  it('gives each row to one attempt at a time and no more rows than there are', () => {
    const board = AttemptBoard.create();
    const rows = Array.from({ length: BOARD_ROWS }, () => board.claim());
    expect(new Set(rows).size).toBe(BOARD_ROWS);
    expect(() => board.claim()).toThrow(/more than 1024/);
    board.free(7);
    expect(board.claim()).toBe(7);
  });

  it('shows a clean row to the next attempt', () => {
    const board = AttemptBoard.create();
    const row = board.claim();
    board.begin(row, 5);
    board.beat(row);
    board.raiseCancel(row);
    board.sealSpawn(row);
    board.free(row);
    expect(board.claim()).toBe(row);
    expect([board.isCancelled(row), board.begunOn(row), board.beats(row), board.enterSpawn(row)]).toEqual([
      false,
      0,
      0,
      true,
    ]);
  });

  it('is the same seen from another thread', async () => {
    const board = AttemptBoard.create();
    const other = AttemptBoard.attach(board.buffer);
    const row = board.claim();
    const settled = other.whenSettled(row);
    board.raiseCancel(row);
    await settled;
    expect(other.isCancelled(row)).toBe(true);
    await other.whenSettled(row);
  });

  it('lets either a child process start or the thread be sealed', () => {
    const board = AttemptBoard.create();
    const first = board.claim();
    expect(board.enterSpawn(first)).toBe(true);
    expect(board.sealSpawn(first)).toBe('busy');
    board.leaveSpawn(first);
    expect(board.sealSpawn(first)).toBe('sealed');
    expect(board.enterSpawn(first)).toBe(false);
    board.leaveSpawn(first);
    expect(board.enterSpawn(first)).toBe(false);
  });
});

describe('CancelSignal', () => {
  it('is a real AbortSignal that tells the truth at every look', () => {
    const board = AttemptBoard.create();
    const row = board.claim();
    const cancel = new CancelSignal(board, row, 'load');
    const { signal } = cancel;
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(cancel.signal).toBe(signal);
    let events = 0;
    signal.addEventListener('abort', () => {
      events += 1;
    });
    expect(signal.aborted).toBe(false);
    signal.throwIfAborted();
    board.raiseCancel(row);
    expect(() => signal.throwIfAborted()).toThrow("task 'load' was asked to stop");
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'TASK_CANCELLED' });
    expect(AbortSignal.any([signal]).aborted).toBe(true);
    expect(events).toBe(1);
  });

  it('is aborted from the start when it is first asked for after the cancel', () => {
    const board = AttemptBoard.create();
    const row = board.claim();
    board.raiseCancel(row);
    expect(new CancelSignal(board, row, 'load').signal.aborted).toBe(true);
  });

  it('never takes the next attempt on the same row for its own', () => {
    const board = AttemptBoard.create();
    const row = board.claim();
    const cancel = new CancelSignal(board, row, 'load');
    const { signal } = cancel;
    cancel.end();
    board.free(row);
    board.raiseCancel(board.claim());
    expect(signal.aborted).toBe(false);
    expect(cancel.isCancelled()).toBe(true);
  });
});
