// Owns the tests of the page's stream, over a browser of our own whose connections are opened, fed and cut by hand.

import { describe, expect, it } from 'vitest';
import { type Interest, LiveStream, type StreamPort, streamUrl } from '../../../src/dashboard/page/live-stream.ts';

interface Connection {
  readonly url: string;
  isOpen: boolean;
  say(name: string, value: unknown): void;
  break(): void;
}

// A browser: connections, timers and the answer to a probe, all in our hands.
class HandBrowser implements StreamPort {
  readonly connections: Connection[] = [];
  readonly timers: { call: () => void; delayMs: number }[] = [];
  answer: 'welcome' | 'refused' | 'unreachable' = 'welcome';
  serverTime = 0;

  open(url: string, _names: readonly string[], hear: (name: string, data: string) => void, fail: () => void) {
    const connection: Connection = {
      url,
      isOpen: true,
      say: (name, value) => {
        if (connection.isOpen) hear(name, typeof value === 'string' ? value : JSON.stringify(value));
      },
      break: fail,
    };
    this.connections.push(connection);
    return () => {
      connection.isOpen = false;
    };
  }

  probe() {
    return Promise.resolve(this.answer);
  }

  later(call: () => void, delayMs: number) {
    const timer = { call, delayMs };
    this.timers.push(timer);
    return () => {
      const at = this.timers.indexOf(timer);
      if (at >= 0) this.timers.splice(at, 1);
    };
  }

  tellTime(now: number) {
    this.serverTime = now;
  }

  get last(): Connection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('nothing was opened');
    return last;
  }

  runTimer(): number {
    const timer = this.timers.shift();
    if (timer === undefined) throw new Error('no timer is set');
    timer.call();
    return timer.delayMs;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

async function live(interest: Interest = { runs: true }) {
  const browser = new HandBrowser();
  const stream = new LiveStream(browser);
  const leave = stream.want(interest);
  await settle();
  browser.last.say('open', { now: 5 });
  return { browser, stream, leave };
}

const FRAME = { changed: [], total: 0, counts: {} };

describe('the address of the stream', () => {
  it('asks for all that is on view, once', () => {
    const run = { runId: 'a b', timeline: false, task: null };
    const url = streamUrl([
      { runs: true },
      { run },
      { run: { ...run, timeline: true } },
      { run: { ...run, task: 't&1' } },
      { runs: true, tree: true },
    ]);
    expect(url).toBe('/api/stream?run=a+b&timeline=1&task=t%261&topics=runs%2Ctree');
  });

  it('is none where nothing is wanted', () => {
    expect(streamUrl([])).toBeNull();
    expect(streamUrl([{}])).toBeNull();
  });
});

describe('the stream', () => {
  it('is live when the server says so, has everything fetched and takes the time', async () => {
    const { browser, stream } = await live();
    expect(stream.state).toEqual({ kind: 'live' });
    expect(stream.epoch).toBe(1);
    expect(browser.serverTime).toBe(5);
    expect(browser.timers).toEqual([]);
  });

  it('gives frames to those who hear their kind, until they leave', async () => {
    const { browser, stream } = await live();
    const heard: unknown[] = [];
    const leave = stream.hear('runs', (frame) => heard.push(frame));
    browser.last.say('runs', FRAME);
    leave();
    browser.last.say('runs', FRAME);
    expect(heard).toEqual([FRAME]);
  });

  it('is opened once for changes of one moment, and the old one is closed', async () => {
    const { browser, stream, leave } = await live();
    leave();
    stream.want({ system: true });
    stream.want({ tree: true });
    expect(stream.isSettled).toBe(false);
    await settle();
    expect(browser.connections.map(({ url, isOpen }) => [url, isOpen])).toEqual([
      ['/api/stream?topics=runs', false],
      ['/api/stream?topics=system%2Ctree', true],
    ]);
    browser.last.say('open', { now: 6 });
    expect(stream.isSettled).toBe(true);
    expect(stream.epoch).toBe(2);
  });

  it('stays open where one view gives way to another that wants the same', async () => {
    const { browser, stream, leave } = await live();
    leave();
    stream.want({ runs: true });
    await settle();
    expect(browser.connections).toHaveLength(1);
    expect(stream.isSettled).toBe(true);
  });

  it('lets documents be fetched without it when the server is slow', async () => {
    const browser = new HandBrowser();
    const stream = new LiveStream(browser);
    stream.want({ runs: true });
    await settle();
    expect(stream.isSettled).toBe(false);
    browser.runTimer();
    expect(stream.isSettled).toBe(true);
    expect(stream.epoch).toBe(1);
  });

  it('tries again when it is lost, each time after a longer wait, and says so', async () => {
    const { browser, stream } = await live();
    const waits: number[] = [];
    browser.answer = 'unreachable';
    for (let turn = 0; turn < 7; turn += 1) {
      browser.last.break();
      await settle();
      expect(stream.state.kind).toBe('lost');
      waits.push(browser.runTimer());
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(stream.state.kind).toBe('lost');
    browser.last.say('open', { now: 9 });
    expect(stream.state).toEqual({ kind: 'live' });
    expect(stream.epoch).toBe(2);
    browser.last.break();
    await settle();
    expect(browser.runTimer()).toBe(500);
  });

  it('does not go on when the server is another one', async () => {
    const { browser, stream } = await live();
    browser.answer = 'refused';
    browser.last.break();
    await settle();
    expect(stream.state).toEqual({ kind: 'refused' });
    expect(browser.timers).toEqual([]);
    stream.retry();
    browser.last.say('open', { now: 1 });
    expect(stream.state).toEqual({ kind: 'live' });
  });

  it('tells what the server said when it went, and waits for another', async () => {
    const { browser, stream } = await live();
    browser.last.say('gone', { message: 'The run has ended.' });
    expect(stream.state).toEqual({ kind: 'gone', message: 'The run has ended.' });
    browser.answer = 'unreachable';
    browser.runTimer();
    browser.last.break();
    await settle();
    expect(stream.state).toEqual({ kind: 'gone', message: 'The run has ended.' });
  });

  it.each([
    ['runs', { changed: 'no' }],
    ['runs', 'no json'],
    ['open', {}],
  ])('ends at a frame of %s that it cannot read: %j', async (name, value) => {
    const { browser, stream } = await live();
    browser.last.say(name, value);
    expect(stream.state).toEqual({ kind: 'mismatch' });
    expect(browser.last.isOpen).toBe(false);
  });

  it('passes over events that it does not know', async () => {
    const { browser, stream } = await live();
    browser.last.say('toString', {});
    browser.last.say('news', {});
    expect(stream.state).toEqual({ kind: 'live' });
  });

  it('gives its connection back while it is paused, and has everything fetched afterwards', async () => {
    const { browser, stream } = await live();
    stream.pause();
    expect(browser.last.isOpen).toBe(false);
    stream.retry();
    expect(browser.connections).toHaveLength(1);
    stream.resume();
    browser.last.say('open', { now: 7 });
    expect(stream.epoch).toBe(2);
  });

  it('is not opened for a page that wants nothing', async () => {
    const { browser, stream, leave } = await live();
    leave();
    await settle();
    expect(browser.last.isOpen).toBe(false);
    expect(stream.state).toEqual({ kind: 'idle' });
    expect(stream.isSettled).toBe(true);
  });
});
