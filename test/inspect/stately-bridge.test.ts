// The bridge to viewers: the package's own receiver and real WebSockets against it, who is let in, and who is let go of.

import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { openStatelyBridge, type StatelyBridgeOptions } from '../../src/inspect/stately-bridge.ts';
import { createGate, createTestEngine, type TestEngine } from '../engine/support.ts';
import { FakeViewer } from './fake-viewer.ts';
import { endingsOf, runTwenty } from './traced-run.ts';

async function openBridge({ engine }: TestEngine, options: StatelyBridgeOptions = {}) {
  const bridge = await openStatelyBridge(engine, options);
  onTestFinished(() => bridge.close());
  return bridge;
}

function streamOf(url: string): string {
  return new URL('stream', url.replace(/^http/, 'ws')).href;
}

/** Resolves when a viewer has been told the last state of a run. */
function runSeen(viewer: FakeViewer): Promise<void> {
  return new Promise((resolve) => {
    const take = viewer.take.bind(viewer);
    viewer.take = (message) => {
      take(message);
      const ended = [...viewer.actors.values()].some(
        ({ machine, last }) => machine === 'workflow' && last.status === 'done',
      );
      if (ended) resolve();
    };
  });
}

/** A viewer that listens, as `--inspect=ws://…` wants one. */
async function listeningViewer(port = 0) {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const viewer = new FakeViewer();
  const seen = runSeen(viewer);
  const fed = Promise.withResolvers<void>();
  server.on('connection', (socket) =>
    socket.on('message', (data) => {
      viewer.take(JSON.parse(String(data)));
      fed.resolve();
    }),
  );
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { server, viewer, seen, fed: fed.promise, url: `ws://127.0.0.1:${address.port}`, port: address.port };
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** The status with which an upgrade is refused; 101 when it is not. */
function knock(url: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers });
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.on('unexpected-response', (_, response) => {
      socket.terminate();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', () => {});
  });
}

describe('the own server', () => {
  it('feeds the receiver of the package, from which every state can be rebuilt', async () => {
    const test = await createTestEngine();
    const bridge = await openBridge(test);
    const viewer = new FakeViewer();
    const seen = runSeen(viewer);
    const first = Promise.withResolvers<void>();
    createWebSocketReceiver({ server: streamOf(bridge.url) }).subscribe((message: StatelyInspectionEvent) => {
      viewer.take(message);
      first.resolve();
    });
    await first.promise;
    const history = await runTwenty(test);
    await seen;
    expect(viewer.taskStates()).toEqual(endingsOf(history));
  });

  it('tells a viewer that comes late of the actors that live, with their states and definitions', async () => {
    const test = await createTestEngine();
    const bridge = await openBridge(test);
    const gate = createGate(test.engine);
    test.engine.workflows.createWorkflow('held', [{ name: 'held', ...gate.task('held') }]);
    const run = test.engine.startWorkflow('held');
    await gate.entered('held');
    const viewers = [new FakeViewer(), new FakeViewer()];
    const seen = viewers.map(runSeen);
    for (const viewer of viewers) {
      const socket = new WebSocket(streamOf(bridge.url));
      onTestFinished(() => socket.terminate());
      const first = once(socket, 'message');
      socket.on('message', (data) => viewer.take(JSON.parse(String(data))));
      await first;
    }
    gate.open('held');
    await run.result();
    await Promise.all(seen);
    for (const viewer of viewers) {
      const task = [...viewer.actors.values()].find(({ machine }) => machine === 'task');
      expect(task).toMatchObject({ name: 'held', initial: { value: 'running' }, last: { value: 'completed' } });
    }
  });

  it('serves its page to who knows the token, under a name of this machine, and nothing else', async () => {
    const bridge = await openBridge(await createTestEngine());
    const { origin, port, pathname } = new URL(bridge.url);
    expect(bridge.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
    const page = await get(bridge.url);
    expect(page).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
    });
    expect(page.body).toContain('https://stately.ai/inspect');
    expect(page.body).toContain('needs the network');
    expect(page.body).not.toMatch(/<script>|<style|style=/);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect((await get(`${bridge.url}bridge.js`)).headers['content-type']).toMatch('text/javascript');
    expect((await get(`${bridge.url}bridge.css`)).status).toBe(200);
    for (const path of ['/', '/favicon.ico', `${pathname.slice(0, -2)}/`, pathname.slice(0, -1), '/../']) {
      expect((await get(`${origin}${path}`)).status).toBe(403);
    }
    for (const path of ['package.json', 'toString', '__proto__', 'constructor']) {
      expect((await get(`${bridge.url}${path}`)).status).toBe(404);
    }
    expect((await get(`${bridge.url}..%2f..%2fpackage.json`)).status).toBe(404);
    expect((await get(bridge.url, {}, 'POST')).status).toBe(405);
    for (const headers of [
      { Host: `evil.example:${port}` },
      { Host: '127.0.0.1' },
      { Origin: 'https://evil.example' },
    ]) {
      expect((await get(bridge.url, headers)).status).toBe(403);
    }
    expect((await get(bridge.url, { Host: `localhost:${port}`, Origin: `http://localhost:${port}` })).status).toBe(200);
  });

  it('lets no other page and no other name read the stream', async () => {
    const bridge = await openBridge(await createTestEngine());
    const stream = streamOf(bridge.url);
    const { port, origin } = new URL(bridge.url);
    expect(await knock(stream)).toBe(101);
    expect(await knock(stream, { Origin: origin })).toBe(101);
    for (const foreign of ['https://stately.ai', `http://evil.example:${port}`, 'null']) {
      expect(await knock(stream, { Origin: foreign })).toBe(403);
    }
    expect(await knock(stream, { Host: `evil.example:${port}` })).toBe(403);
    expect(await knock(stream.replace(/[\w-]{32}/, 'x'.repeat(32)))).toBe(403);
    expect(await knock(stream.replace('stream', 'other'))).toBe(404);
  });

  it('takes a bounded number of viewers and no long messages from them', async () => {
    const bridge = await openBridge(await createTestEngine());
    const stream = streamOf(bridge.url);
    const sockets = Array.from({ length: 8 }, () => new WebSocket(stream));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    onTestFinished(() => {
      for (const socket of sockets) socket.terminate();
    });
    expect(await knock(stream)).toBe(503);
    const [first] = sockets;
    first?.send('x'.repeat(2_000));
    if (first !== undefined) await once(first, 'close');
    expect(await knock(stream)).toBe(101);
  });

  it('lets go of a viewer that does not read, and the engine does not feel it', async () => {
    const test = await createTestEngine();
    const bridge = await openBridge(test);
    const socket = new WebSocket(streamOf(bridge.url));
    onTestFinished(() => socket.terminate());
    await once(socket, 'message');
    socket.pause();
    const message = 'x'.repeat(4_000);
    const steps = Array.from({ length: 2_000 }, (_, index) => ({
      name: `s${index}`,
      module: 'core',
      action: 'echo',
      parameters: { message },
    }));
    test.engine.workflows.createWorkflow('flood', steps);
    expect(await test.engine.executeWorkflow('flood')).toMatchObject({ status: 'completed' });
    const closed = once(socket, 'close');
    socket.resume();
    await closed;
  });

  it('closes its viewers in good order, once', async () => {
    const test = await createTestEngine();
    const bridge = await openBridge(test);
    const socket = new WebSocket(streamOf(bridge.url));
    await once(socket, 'message');
    const closed = once(socket, 'close');
    await Promise.all([bridge.close(), bridge.close()]);
    expect((await closed)[0]).toBe(1001);
    await expect(get(bridge.url)).rejects.toThrow();
  });

  it('says which port it cannot have', async () => {
    const test = await createTestEngine();
    const { port } = new URL((await openBridge(test)).url);
    await expect(openStatelyBridge(test.engine, { port: Number(port) })).rejects.toMatchObject({
      code: 'INSPECT_LISTEN_FAILED',
      message: expect.stringContaining(port),
    });
  });
});

describe('a viewer elsewhere', () => {
  it('is told everything from the begin, though it was reached later', async () => {
    const test = await createTestEngine();
    const { viewer, seen, url } = await listeningViewer();
    const warnings: string[] = [];
    const bridge = await openBridge(test, { url, onWarning: (message) => warnings.push(message) });
    expect(bridge.url).toBe(url);
    const history = await runTwenty(test);
    await bridge.close();
    await seen;
    expect(viewer.taskStates()).toEqual(endingsOf(history));
    expect(warnings).toEqual([]);
  });

  it('may come up after the engine, and is told of what lives after it was away', async () => {
    const probe = await listeningViewer();
    probe.server.close();
    await once(probe.server, 'close');
    const test = await createTestEngine();
    const gate = createGate(test.engine);
    test.engine.workflows.createWorkflow('held', [{ name: 'held', ...gate.task('held') }]);
    await openBridge(test, { url: probe.url });
    const run = test.engine.startWorkflow('held');
    await gate.entered('held');
    const first = await listeningViewer(probe.port);
    await first.fed;
    for (const client of first.server.clients) client.terminate();
    first.server.close();
    const second = await listeningViewer(probe.port);
    await second.fed;
    gate.open('held');
    await run.result();
    await second.seen;
    const task = [...second.viewer.actors.values()].find(({ machine }) => machine === 'task');
    expect(task).toMatchObject({ initial: { value: 'running' }, last: { value: 'completed' } });
  });

  it('that never comes up is said once, and costs nothing else', async () => {
    const probe = await listeningViewer();
    probe.server.close();
    await once(probe.server, 'close');
    const test = await createTestEngine();
    const warnings: string[] = [];
    const bridge = await openBridge(test, { url: probe.url, onWarning: (message) => warnings.push(message) });
    await runTwenty(test);
    await bridge.close();
    await bridge.close();
    expect(warnings).toEqual([expect.stringMatching(/^no viewer at ws:\/\/127\.0\.0\.1:\d+ by the end/)]);
  });

  it('must have the address of a WebSocket', async () => {
    const { engine } = await createTestEngine();
    for (const url of ['http://127.0.0.1:1', 'nonsense', '']) {
      await expect(openStatelyBridge(engine, { url })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    }
  });
});
