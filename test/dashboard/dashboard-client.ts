// Owns what a test needs to speak to a dashboard by hand: a server on a page of its own, requests byte by byte (`fetch`
// mends addresses and forbids headers), and streams as a browser reads them.

import { request } from 'node:http';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  type DashboardServerOptions,
  type RunningDashboard,
  serveDashboard,
} from '../../src/dashboard/dashboard-server.ts';
import { newSecret } from '../../src/engine/local-callers.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { workFolder } from '../cli/work-folder.ts';
import { TestSource } from './test-source.ts';

export const TOKEN = 'a-token-for-the-tests-only';

/** What lies in the folder of the page; beside it lies a secret. */
const PAGE = {
  'secret.txt': 'a secret beside the page',
  'page/index.html': '<!doctype html><title>The page</title>',
  'page/assets/main-Ab12_-cd.js': `export const text = '${'x'.repeat(5_000)}';`,
  'page/assets/style-00000000.css': 'body{}',
};

export interface TestDashboard extends RunningDashboard {
  readonly source: TestSource;
  readonly errors: unknown[];
  readonly folder: string;
}

/** A server on a free port; gone with the test. */
export async function startDashboard(options: Partial<DashboardServerOptions> = {}): Promise<TestDashboard> {
  const folder = workFolder(PAGE);
  const source = new TestSource();
  const errors: unknown[] = [];
  const timers = new SystemTimers({ unref: true });
  const server = await serveDashboard(source, {
    port: 0,
    token: TOKEN,
    timers,
    newToken: newSecret,
    pageFolder: `${folder}/page`,
    onError: (error) => errors.push(error),
    ...options,
  });
  onTestFinished(() => server.close());
  return Object.defineProperties({ source, errors, folder }, Object.getOwnPropertyDescriptors(server)) as TestDashboard;
}

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Everything as it came. */
  readonly text: string;
}

/** Sends these bytes and gives the answer once the other side has closed; '' where it closed without a word. */
export function exchange(port: number, bytes: string | Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)));
    socket.on('error', () => {});
    socket.on('close', () => resolve(answerOf(text)));
    onTestFinished(() => void socket.destroy());
  });
}

/** A request as a well-behaved client with the token makes it; headers of one's own win, null leaves one out. */
export function ask(
  port: number,
  target: string,
  headers: Readonly<Record<string, string | null>> = {},
  { method = 'GET', body = '' } = {},
): Promise<Answer> {
  return exchange(port, requestText(port, target, headers, { method, body }));
}

export function requestText(
  port: number,
  target: string,
  headers: Readonly<Record<string, string | null>> = {},
  { method = 'GET', body = '' } = {},
): string {
  const all: Record<string, string | null> = {
    Host: `127.0.0.1:${port}`,
    Connection: 'close',
    Authorization: `Bearer ${TOKEN}`,
    ...(method === 'POST'
      ? { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) }
      : {}),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Posts an action as the page does it. */
export function act(
  port: number,
  action: unknown,
  headers: Readonly<Record<string, string | null>> = {},
): Promise<Answer> {
  const body = typeof action === 'string' ? action : JSON.stringify(action);
  return ask(port, '/api/actions', headers, { method: 'POST', body });
}

/** A stream that is open, as a client sees it. */
export interface ClientStream {
  readonly closed: Promise<void>;
  readonly type: string | undefined;
  /** What came of late. */
  text(): string;
  /** How many frames came. */
  frames(): number;
  /** Resolves when the text has come of late. */
  seen(text: string): Promise<void>;
  pause(): void;
  resume(): void;
  leave(): void;
}

/** What a client of a stream keeps: it may be sent gigabytes. */
const KEPT_TEXT = 1_000_000;

/** Opens a stream and reads it. */
export function openStream(port: number, query: string): Promise<ClientStream> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientStream>();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const asked = request({ host: '127.0.0.1', port, path: `/api/stream${query}`, headers, agent: false }, (answer) => {
    let text = '';
    let frames = 0;
    let look = (): void => {};
    answer.setEncoding('utf8').on('data', (chunk) => {
      text = (text + String(chunk)).slice(-KEPT_TEXT);
      frames += String(chunk).split('event: ').length - 1;
      look();
    });
    answer.on('error', () => {});
    answer.on('close', () => close());
    const seen = (part: string): Promise<void> =>
      new Promise((found) => {
        look = () => {
          if (text.includes(part)) found();
        };
        look();
      });
    resolve({
      closed,
      type: answer.headers['content-type'],
      text: () => text,
      frames: () => frames,
      seen,
      pause: () => void answer.pause(),
      resume: () => void answer.resume(),
      leave: () => void asked.destroy(),
    });
  });
  asked.on('error', reject);
  asked.end();
  onTestFinished(() => void asked.destroy());
  return promise;
}

/** Resolves when a condition holds; a test that waits for longer has failed by its time limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function answerOf(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end < 0 ? undefined : end).split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const mark = line.indexOf(':');
      return [line.slice(0, mark).toLowerCase(), line.slice(mark + 1).trim()] as const;
    }),
  );
  const raw = end < 0 ? '' : text.slice(end + 4);
  const body = headers.get('transfer-encoding') === 'chunked' ? unchunked(raw) : raw;
  return {
    status: Number(first.split(' ')[1] ?? 0),
    headers,
    body: Buffer.from(body, 'latin1').toString('utf8'),
    text,
  };
}

function unchunked(raw: string): string {
  let text = '';
  for (let at = 0; ; ) {
    const line = raw.indexOf('\r\n', at);
    const length = Number.parseInt(raw.slice(at, line), 16);
    if (line < 0 || !(length > 0)) return text;
    text += raw.slice(line + 2, line + 2 + length);
    at = line + 2 + length + 2;
  }
}
