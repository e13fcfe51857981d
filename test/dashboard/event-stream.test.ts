// Tests one stream over a real writable stream whose reader the test holds back, with time in its hands.

import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { EventStream, HEARTBEAT_MS, MOST_FRAME_BYTES, MOST_UNREAD_MS } from '../../src/dashboard/event-stream.ts';
import type { Frame } from '../../src/dashboard/pending-frames.ts';
import { ManualTimers } from '../support/manual-timers.ts';
import { runRow, taskOf } from './test-source.ts';

function runs(runId: string): Frame {
  return { kind: 'runs', data: { changed: [runRow(runId)], total: 1, counts: {} } };
}

function makeStream() {
  const timers = new ManualTimers();
  const output = new PassThrough({ highWaterMark: 1_000 });
  const errors: unknown[] = [];
  let closed = 0;
  const stream = new EventStream(output, {
    timers,
    onClose: () => closed++,
    onError: (error) => errors.push(error),
  });
  return { timers, output, stream, errors, closed: () => closed };
}

function readAll(output: PassThrough): string {
  const chunk: unknown = output.read();
  return chunk === null ? '' : String(chunk);
}

function kinds(text: string): string[] {
  return [...text.matchAll(/^event: (.*)$/gm)].map((match) => match[1] ?? '');
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('EventStream', () => {
  it('opens with `open`, then says what was put before and after, each frame as two lines', () => {
    const { output, stream, timers } = makeStream();
    stream.put(runs('a\nb'));
    expect(readAll(output)).toBe('');
    stream.open();
    stream.put({ kind: 'task', data: taskOf('r', 'x') });
    const text = readAll(output);
    expect(kinds(text)).toEqual(['open', 'runs', 'task']);
    expect(text.startsWith(`event: open\ndata: {"now":${timers.now()}}\n\nevent: runs\ndata: {`)).toBe(true);
    expect(text.split('\n\n').filter((frame) => frame !== '')).toHaveLength(3);
  });

  it('keeps the newest for a client that does not read, and sends it when it reads on', async () => {
    const { output, stream } = makeStream();
    stream.open();
    for (let at = 0; at < 1_000; at++) stream.put({ kind: 'task', data: taskOf('r', `task ${at}`) });
    expect(output.writableLength + output.readableLength).toBeLessThan(5_000);
    const seen: string[] = [];
    output.on('data', (chunk) => seen.push(String(chunk)));
    await turn();
    await turn();
    const text = seen.join('');
    expect(kinds(text).length).toBeLessThan(10);
    expect(text).toContain('"task 999"');
    stream.put({ kind: 'task', data: taskOf('r', 'live again') });
    await turn();
    expect(seen.join('')).toContain('live again');
  });

  it('gives signs of life, and cuts off who reads nothing for half a minute', async () => {
    const { output, stream, timers, closed } = makeStream();
    stream.open();
    timers.advance(HEARTBEAT_MS * 3);
    expect(readAll(output).match(/^: still here$/gm)).toHaveLength(3);
    while (!output.writableNeedDrain) stream.put(runs('x'.repeat(500)));
    timers.advance(MOST_UNREAD_MS - 1);
    expect(output.destroyed).toBe(false);
    timers.advance(HEARTBEAT_MS);
    expect(output.destroyed).toBe(true);
    await turn();
    expect([closed(), timers.pending, stream.isClosed]).toEqual([1, 0, true]);
    stream.put(runs('late'));
    stream.end('late');
  });

  it('does not cut off who reads slowly but reads', async () => {
    const { output, stream, timers } = makeStream();
    stream.open();
    for (let round = 0; round < 20; round++) {
      while (!output.writableNeedDrain) stream.put(runs('x'.repeat(500)));
      timers.advance(HEARTBEAT_MS);
      readAll(output);
      await turn();
    }
    expect(output.destroyed).toBe(false);
  });

  it('says farewell, even past what waits, and lets go of its timer', async () => {
    const { output, stream, timers, closed } = makeStream();
    stream.open();
    while (!output.writableNeedDrain) stream.put(runs('x'.repeat(500)));
    stream.put(runs('waits'));
    stream.end('bye');
    stream.end('twice');
    expect(timers.pending).toBe(0);
    const seen: string[] = [];
    output.on('data', (chunk) => seen.push(String(chunk)));
    await new Promise((resolve) => output.on('close', resolve));
    expect(seen.join('').endsWith('event: gone\ndata: {"message":"bye"}\n\n')).toBe(true);
    expect(closed()).toBe(1);
  });

  it('lets go when its client leaves, whether it closes or breaks', async () => {
    for (const fault of [undefined, new Error('reset')]) {
      const { output, stream, timers, closed } = makeStream();
      stream.open();
      output.destroy(fault);
      await turn();
      expect([closed(), timers.pending]).toEqual([1, 0]);
    }
  });

  it('ends rather than throw into its source: what has no JSON, what is far too long', async () => {
    const endless = taskOf('r', 'x');
    const circular = {
      ...endless,
      resources: new Proxy(endless.resources, { ownKeys: () => [String(Symbol.iterator), 1n as never] }),
    };
    const long = taskOf('r', 'x'.repeat(MOST_FRAME_BYTES / 4));
    for (const data of [circular, long]) {
      const { output, stream, errors } = makeStream();
      stream.open();
      stream.put({ kind: 'task', data });
      expect([output.destroyed, errors]).toEqual([true, [expect.any(Error)]]);
    }
  });
});
