// Tests the wire of stdio on streams in memory: bytes cut anywhere, lines that are none, readers that leave.

import { PassThrough } from 'node:stream';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineTransport, LONGEST_LINE_BYTES, MOST_UNREAD_BYTES } from '../../src/mcp/line-transport.ts';

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };

async function openLine() {
  const input = new PassThrough();
  const output = new PassThrough();
  const received: JSONRPCMessage[] = [];
  const transport = new LineTransport(input, output);
  transport.onmessage = (message) => received.push(message);
  await transport.start();
  const written = () =>
    String(output.read() ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return { input, output, transport, received, written };
}

describe('LineTransport', () => {
  it('takes messages however the bytes are cut', async () => {
    const messages = [PING, { jsonrpc: '2.0', method: 'notifications/x', params: { text: 'häß \u{1F600} \u2028' } }];
    const bytes = Buffer.from(messages.map((message) => `${JSON.stringify(message)}\r\n`).join('\n'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 }), async (places) => {
        const { input, received } = await openLine();
        const cuts = [0, ...places.sort((a, b) => a - b), bytes.length];
        for (const [index, cut] of cuts.entries()) input.write(bytes.subarray(cut, cuts[index + 1] ?? bytes.length));
        await new Promise((resolve) => setImmediate(resolve));
        expect(received).toEqual(messages);
      }),
    );
  });

  it.each([
    ['{', -32_700, null],
    ['\u0000', -32_700, null],
    ['[]', -32_600, null],
    ['null', -32_600, null],
    ['{"jsonrpc":"1.0","id":7,"method":"ping"}', -32_600, 7],
    [`[${JSON.stringify(PING)}]`, -32_600, null],
    ['['.repeat(200_000), -32_700, null],
    [`${'['.repeat(200_000)}${']'.repeat(200_000)}`, -32_600, null],
  ])('answers the line %j with an error and goes on', async (line, code, id) => {
    const { input, received, written } = await openLine();
    input.write(`${line}\n${JSON.stringify(PING)}\n`);
    await new Promise((resolve) => setImmediate(resolve));
    expect(written()).toEqual([
      expect.objectContaining({ jsonrpc: '2.0', id, error: expect.objectContaining({ code }) }),
    ]);
    expect(received).toEqual([PING]);
  });

  it('refuses a line of 100 MB without keeping it, and goes on', async () => {
    const { input, received, written } = await openLine();
    const chunk = Buffer.alloc(1024 * 1024, 0x61);
    const before = process.memoryUsage().arrayBuffers;
    for (let written = 0; written < 100 * chunk.length; written += chunk.length) {
      if (!input.write(chunk)) await new Promise((resolve) => input.once('drain', resolve));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * LONGEST_LINE_BYTES);
    input.write(`\n${JSON.stringify(PING)}\n`);
    await new Promise((resolve) => setImmediate(resolve));
    expect(received).toEqual([PING]);
    const answers = written();
    expect(answers).toHaveLength(1);
    expect(answers[0].error.message).toContain('bytes');
  });

  it('tells when nothing is without an answer: answered, or taken back', async () => {
    const { input, transport } = await openLine();
    input.write(`${JSON.stringify(PING)}\n${JSON.stringify({ ...PING, id: 'b' })}\n`);
    await new Promise((resolve) => setImmediate(resolve));
    let isDone = false;
    const answered = transport.whenAnswered().then(() => {
      isDone = true;
    });
    await transport.send({ jsonrpc: '2.0', id: 1, result: {} });
    expect(isDone).toBe(false);
    input.write(
      `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'b' } })}\n`,
    );
    await answered;
  });

  it('takes nothing more from a client that does not read, drops news for it, and goes on when it reads', async () => {
    const { input, output, transport, received } = await openLine();
    const text = 'x'.repeat(1024 * 1024);
    const answered: number[] = [];
    transport.onmessage = (message) => {
      received.push(message);
      void transport.send({ jsonrpc: '2.0', id: received.length, result: { text } });
    };
    const asked = 100;
    for (let count = 1; count <= asked; count++) {
      input.write(`${JSON.stringify({ ...PING, id: count })}\n`);
      await new Promise((resolve) => setImmediate(resolve));
      void transport.send({ jsonrpc: '2.0', method: 'notifications/x' });
    }
    expect(output.writableLength).toBeLessThan(MOST_UNREAD_BYTES + 2 * text.length);
    expect(received.length).toBeLessThan(20);
    let news = 0;
    let rest = '';
    output.setEncoding('utf8').on('data', (part: string) => {
      const lines = `${rest}${part}`.split('\n');
      rest = lines.pop() ?? '';
      for (const { id } of lines.map((line) => JSON.parse(line))) {
        if (id === undefined) news++;
        else answered.push(id);
      }
    });
    while (answered.length < asked) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toEqual(Array.from({ length: asked }, (_, index) => index + 1));
    expect(news).toBeLessThan(20);
  });

  it('ends when its reader is gone, and swallows what is written then', async () => {
    const { output, transport } = await openLine();
    let closed = 0;
    let ended = 0;
    transport.onclose = () => closed++;
    transport.onend = () => ended++;
    output.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await new Promise((resolve) => setImmediate(resolve));
    expect([closed, ended]).toEqual([1, 1]);
    await transport.send({ jsonrpc: '2.0', id: 1, result: {} });
    await transport.close();
    expect(closed).toBe(1);
  });

  it('tells the end of the input once, after a last line without its end', async () => {
    const { input, transport, received } = await openLine();
    let ended = 0;
    transport.onend = () => ended++;
    input.end(JSON.stringify(PING));
    await new Promise((resolve) => input.once('close', resolve));
    expect(received).toEqual([PING]);
    expect(ended).toBe(1);
  });
});
