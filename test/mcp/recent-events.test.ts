// Tests what a session keeps for a client whose stream broke.

import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { RecentEvents } from '../../src/mcp/recent-events.ts';

function message(text: string): JSONRPCMessage {
  return { jsonrpc: '2.0', method: 'notifications/x', params: { text } };
}

async function replay(events: RecentEvents, lastId: string) {
  const sent: JSONRPCMessage[] = [];
  const stream = await events.replayEventsAfter(lastId, {
    send: async (_id, sentMessage) => {
      sent.push(sentMessage);
    },
  });
  return { stream, sent };
}

describe('RecentEvents', () => {
  it('gives what came after an event on the same stream', async () => {
    const events = new RecentEvents();
    const first = await events.storeEvent('a', message('1'));
    await events.storeEvent('b', message('2'));
    await events.storeEvent('a', message('3'));
    expect(await events.getStreamIdForEventId(first)).toBe('a');
    expect(await replay(events, first)).toEqual({ stream: 'a', sent: [message('3')] });
  });

  it('keeps a bounded number of events and characters, the newest', async () => {
    const events = new RecentEvents();
    const first = await events.storeEvent('a', message('first'));
    let second = '';
    for (let count = 0; count < 500; count++) second = await events.storeEvent('a', message(`${count}`));
    expect(await events.getStreamIdForEventId(first)).toBeUndefined();
    await expect(replay(events, first)).rejects.toThrow('not kept');
    const large = await events.storeEvent('a', message('x'.repeat(2_000_000)));
    expect(await events.getStreamIdForEventId(second)).toBeUndefined();
    expect(await events.getStreamIdForEventId(large)).toBe('a');
  });
});
