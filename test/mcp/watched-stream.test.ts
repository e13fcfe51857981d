// Tests the bounds of an answer's stream: what nobody reads, who hangs up, and that bytes are passed on as they are.

import { describe, expect, it } from 'vitest';
import { MOST_UNREAD_BYTES, watchedStream } from '../../src/mcp/watched-stream.ts';

/** A source that is written to whether or not it is read, and what became of it. */
function openSource() {
  let given: ReadableStreamDefaultController<Uint8Array> | undefined;
  const state = { isCancelled: false, isOver: false };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      given = controller;
    },
    cancel: () => {
      state.isCancelled = true;
    },
  });
  const hangUp = new AbortController();
  const stream = watchedStream(body, hangUp.signal, () => {
    state.isOver = true;
  });
  const write = async (bytes: number): Promise<void> => {
    if (!state.isCancelled) given?.enqueue(new Uint8Array(bytes).fill(7));
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { state, stream, write, end: () => given?.close(), hangUp };
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let count = 0;
  for await (const chunk of stream) count += chunk.length;
  return count;
}

describe('watchedStream', () => {
  it('passes everything on to one who reads, and tells the end', async () => {
    const { state, stream, write, end } = openSource();
    const read = bytesOf(stream);
    for (let count = 0; count < 20; count++) await write(MOST_UNREAD_BYTES / 4);
    expect(state.isOver).toBe(false);
    end();
    expect(await read).toBe(MOST_UNREAD_BYTES * 5);
    expect(state).toEqual({ isCancelled: false, isOver: true });
  });

  it('passes on one message of any length to one who reads late', async () => {
    const { stream, write, end } = openSource();
    await write(2 * MOST_UNREAD_BYTES);
    end();
    expect(await bytesOf(stream)).toBe(2 * MOST_UNREAD_BYTES);
  });

  it('gives up a stream that nobody reads, and keeps nothing of it', async () => {
    const { state, stream, write } = openSource();
    for (let count = 0; count < 4; count++) await write(MOST_UNREAD_BYTES / 4);
    expect(state).toEqual({ isCancelled: false, isOver: false });
    await write(1);
    expect(state).toEqual({ isCancelled: true, isOver: true });
    await expect(bytesOf(stream)).rejects.toThrow('does not read');
  });

  it.each(['hangs up', 'cancels'])('gives up a stream whose client %s', async (how) => {
    const { state, stream, write, hangUp } = openSource();
    await write(10);
    if (how === 'cancels') await stream.cancel();
    else hangUp.abort();
    await write(10);
    expect(state).toEqual({ isCancelled: true, isOver: true });
  });
});
