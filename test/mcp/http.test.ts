// Tests the HTTP server with real clients and with requests that no client would make.

import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { dripping } from '../support/dripping-client.ts';
import { CONFORMANCE_PARTS } from './fixtures/conformance-parts.ts';
import { connectHttp, INITIALIZE, openSession, post, startHttp, textOf, until } from './mcp-clients.ts';
import { startYardmaster } from './yardmaster-server.ts';

const TOKEN = 'a-token-for-the-tests-only';
const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/list' };

/** As `fetch`, with a Host header of one's own. */
function rawPost(port: number, headers: Readonly<Record<string, string>>, body: string, path = '/mcp') {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('serveHttp', () => {
  it.each(['legacy', 'auto'] as const)(
    'serves tools, progress, resources and news to a client of the %s kind',
    async (mode) => {
      const { parts, engine } = await startYardmaster();
      const { url } = await startHttp(parts);
      const client = await connectHttp(url, mode);
      const steps = [
        { name: 'a', module: 'core', action: 'sleep', parameters: { duration: 0.05 } },
        { name: 'b', module: 'work', action: 'say', parameters: { text: '{{a.output.duration}}' } },
      ];
      await client.callTool({ name: 'create_workflow', arguments: { name: 'flow', steps } });
      const updated: string[] = [];
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri));
      const uri = 'yardmaster://runs/r1';
      if (mode === 'legacy') await client.subscribeResource({ uri });
      else await client.listen({ resourceSubscriptions: [uri] });
      const progress: number[] = [];
      const result = await client.callTool(
        { name: 'execute_workflow', arguments: { workflow_name: 'flow', run_id: 'r1' } },
        { onprogress: (told) => progress.push(told.progress) },
      );
      expect(result.structuredContent).toMatchObject({ status: 'completed', outputs: { b: { text: 0.05 } } });
      expect(progress.at(-1)).toBe(2);
      await until(() => updated.includes(uri));
      const { contents } = await client.readResource({ uri });
      expect(JSON.stringify(contents)).toContain('completed');
      expect(engine.getRun('r1')?.status).toBe('completed');
    },
  );

  it('takes the hanging up of a client of the newer era for a cancellation, and of an older one not', async () => {
    const { parts, engine } = await startYardmaster();
    const { url } = await startHttp(parts);
    const steps = [{ name: 'a', module: 'core', action: 'sleep', parameters: { duration: 30 } }];
    for (const [mode, end] of [
      ['auto', 'cancelled'],
      ['legacy', 'running'],
    ] as const) {
      const client = await connectHttp(url, mode);
      await client.callTool({ name: 'create_workflow', arguments: { name: 'long', steps, replace: true } });
      const call = client.callTool({ name: 'execute_workflow', arguments: { workflow_name: 'long', run_id: mode } });
      call.catch(() => {});
      await until(() => engine.getRun(mode)?.status === 'running');
      await client.close();
      if (end === 'cancelled') await until(() => engine.getRun(mode)?.status === end);
      else await new Promise((resolve) => setTimeout(resolve, 100));
      expect(engine.getRun(mode)?.status).toBe(end);
    }
  });

  it('refuses other hosts, pages, paths, methods and kinds of body, and says nothing about itself', async () => {
    const { url, port } = await startHttp(CONFORMANCE_PARTS);
    const json = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const body = JSON.stringify(INITIALIZE);
    expect(await rawPost(port, { ...json, Host: 'evil.example.com' }, body)).toMatchObject({ status: 403 });
    expect(await rawPost(port, { ...json, Origin: 'http://evil.example.com' }, body)).toMatchObject({ status: 403 });
    expect(await rawPost(port, json, body, '/mcp/../../etc/passwd')).toMatchObject({ status: 404 });
    expect(await rawPost(port, json, body, '/..%2f..%2fetc/passwd')).toMatchObject({ status: 404 });
    const put = await fetch(url, { method: 'PUT', body });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE']);
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonp',
    ]) {
      const response = await post(url, INITIALIZE, { 'Content-Type': type });
      expect(response.status).toBe(415);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
    for (const broken of ['{', '', '\u0000', '['.repeat(100_000)]) {
      const response = await post(url, broken);
      expect([response.status, await response.text()]).toEqual([
        400,
        expect.not.stringMatching(/\bat .*\.ts|node_modules/),
      ]);
    }
    expect((await post(url, INITIALIZE, { Accept: 'text/html' })).status).toBe(406);
    expect((await rawPost(port, { ...json, 'x-large': 'x'.repeat(20_000) }, body)).status).toBe(431);
  });

  it('wants its token of every request, and never shows it', async () => {
    const { url } = await startHttp(CONFORMANCE_PARTS, { token: TOKEN });
    for (const authorization of ['', 'Bearer nonsense', `Basic ${TOKEN}`]) {
      const response = await post(url, INITIALIZE, authorization === '' ? {} : { Authorization: authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
      expect(await response.text()).not.toContain(TOKEN);
    }
    for (const mode of ['legacy', 'auto'] as const) {
      const client = await connectHttp(url, mode, TOKEN);
      expect((await client.listTools()).tools.length).toBeGreaterThan(0);
    }
    const session = await post(url, INITIALIZE, { Authorization: `Bearer ${TOKEN}` });
    const id = session.headers.get('mcp-session-id') ?? '';
    expect((await post(url, LIST, { 'Mcp-Session-Id': id })).status).toBe(401);
    expect((await fetch(url, { method: 'DELETE', headers: { 'Mcp-Session-Id': id } })).status).toBe(401);
  });

  it('listens on no other address without a token', async () => {
    await expect(startHttp(CONFORMANCE_PARTS, { host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'MCP_TOKEN_REQUIRED',
    });
    const { port } = await startHttp(CONFORMANCE_PARTS);
    await expect(startHttp(CONFORMANCE_PARTS, { port })).rejects.toMatchObject({ code: 'MCP_LISTEN_FAILED' });
  });

  it('refuses a body of 2 MB, declared or not, and goes on', async () => {
    const { url } = await startHttp(CONFORMANCE_PARTS);
    const body = JSON.stringify({ ...LIST, params: { text: 'x'.repeat(2 * 1024 * 1024) } });
    const declared = await post(url, body);
    expect([declared.status, await declared.text()]).toEqual([413, expect.stringContaining('1048576')]);
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += 65_536) controller.enqueue(Buffer.from(body.slice(at, at + 65_536)));
        controller.close();
      },
    });
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const chunked = await fetch(url, { method: 'POST', headers, body: stream, duplex: 'half' });
    expect(chunked.status).toBe(413);
    expect((await post(url, INITIALIZE)).status).toBe(200);
  });

  it('cuts a connection whose headers, or whose body, do not arrive', async () => {
    const { port, url } = await startHttp(CONFORMANCE_PARTS, { headersTimeoutMs: 300, requestTimeoutMs: 600 });
    const heads = [
      'POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
      'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
    ];
    const ends = heads.map((head) => dripping(port, head));
    for (const text of await Promise.all(ends)) expect(text).toMatch(/^(?:HTTP\/1\.1 408|$)/);
    expect((await post(url, INITIALIZE)).status).toBe(200);
  });

  it('answers 1,000 requests at once', async () => {
    const { url } = await startHttp(CONFORMANCE_PARTS);
    const id = await openSession(url);
    const answers = Array.from({ length: 1_000 }, async (_, index) => {
      const call = { ...LIST, id: index, method: 'tools/call', params: { name: 'test_simple_text', arguments: {} } };
      const response = await post(url, call, { 'Mcp-Session-Id': id });
      return [response.status, (await response.text()).includes(`"id":${index}`)];
    });
    expect(new Set((await Promise.all(answers)).map(String))).toEqual(new Set(['200,true']));
  });
});

describe('sessions', () => {
  it('knows no session but those it opened, and none that was ended', async () => {
    const server = await startHttp(CONFORMANCE_PARTS);
    const id = await openSession(server.url);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const foreign = [
      '',
      'x',
      `${id}0`,
      id.toUpperCase(),
      '__proto__',
      id.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    ];
    for (const other of foreign.filter((text) => text !== id)) {
      expect((await post(server.url, LIST, { 'Mcp-Session-Id': other })).status).toBe(404);
      expect((await fetch(server.url, { method: 'DELETE', headers: { 'Mcp-Session-Id': other } })).status).toBe(404);
    }
    expect((await post(server.url, LIST)).status).toBe(400);
    expect((await post(server.url, LIST, { 'Mcp-Session-Id': id })).status).toBe(200);
    expect((await fetch(server.url, { method: 'DELETE', headers: { 'Mcp-Session-Id': id } })).status).toBe(200);
    expect(server.sessions).toBe(0);
    expect((await post(server.url, LIST, { 'Mcp-Session-Id': id })).status).toBe(404);
  });

  it('makes no session of an initialize that is none, and answers without one in the newer era', async () => {
    const server = await startHttp(CONFORMANCE_PARTS);
    for (const params of [{}, null, { protocolVersion: 7 }]) {
      const response = await post(server.url, { ...INITIALIZE, params });
      expect(response.status).toBeGreaterThanOrEqual(400);
    }
    const client = await connectHttp(server.url, 'auto');
    expect(textOf(await client.callTool({ name: 'test_simple_text', arguments: {} }))).toContain('simple text');
    expect(server.sessions).toBe(0);
  });

  it('lets the session that was idle for longest make room, and never one that is busy', async () => {
    const server = await startHttp(CONFORMANCE_PARTS, { maxSessions: 3 });
    const busy = await openSession(server.url);
    const stream = await fetch(server.url, { headers: { Accept: 'text/event-stream', 'Mcp-Session-Id': busy } });
    expect(stream.status).toBe(200);
    const first = await openSession(server.url);
    const second = await openSession(server.url);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await (await post(server.url, LIST, { 'Mcp-Session-Id': first })).text();
    await openSession(server.url);
    expect(server.sessions).toBe(3);
    const known = async (id: string) => (await post(server.url, LIST, { 'Mcp-Session-Id': id })).status;
    expect([await known(busy), await known(first), await known(second)]).toEqual([200, 200, 404]);
    await stream.body?.cancel();
  });

  it('says to come again when all sessions are busy', async () => {
    const server = await startHttp(CONFORMANCE_PARTS, { maxSessions: 1 });
    const id = await openSession(server.url);
    const stream = await fetch(server.url, { headers: { Accept: 'text/event-stream', 'Mcp-Session-Id': id } });
    const refused = await post(server.url, INITIALIZE);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    await stream.body?.cancel();
    await until(async () => (await post(server.url, INITIALIZE)).status === 200);
  });

  it('bounds sessions that are opened all at once', async () => {
    const server = await startHttp(CONFORMANCE_PARTS, { maxSessions: 5 });
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const response = await post(server.url, INITIALIZE);
        await response.text();
        expect(server.sessions).toBeLessThanOrEqual(5);
        return response.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set(statuses.includes(503) ? [200, 503] : [200]));
  });

  it('forgets a session that is idle for too long', async () => {
    const server = await startHttp(CONFORMANCE_PARTS, { idleTimeoutMs: 50 });
    const old = await openSession(server.url);
    await new Promise((resolve) => setTimeout(resolve, 80));
    const young = await openSession(server.url);
    expect((await post(server.url, LIST, { 'Mcp-Session-Id': old })).status).toBe(404);
    expect((await post(server.url, LIST, { 'Mcp-Session-Id': young })).status).toBe(200);
  });

  it('goes on with a stream that broke where it was', async () => {
    const { url } = await startHttp(CONFORMANCE_PARTS);
    const client = await connectHttp(url, 'legacy');
    const result = await client.callTool({ name: 'test_reconnection', arguments: {} });
    expect(textOf(result)).toContain('completed successfully');
  });

  it('stops in good order: what is asked for is answered, streams end, nothing listens any more', async () => {
    const server = await startHttp(CONFORMANCE_PARTS);
    const id = await openSession(server.url);
    const stream = await fetch(server.url, { headers: { Accept: 'text/event-stream', 'Mcp-Session-Id': id } });
    const call = { ...LIST, method: 'tools/call', params: { name: 'test_tool_with_logging', arguments: {} } };
    const answer = await post(server.url, call, { 'Mcp-Session-Id': id });
    const stopped = server.stop();
    expect(await answer.text()).toContain('done');
    await stream.text();
    await stopped;
    await expect(post(server.url, INITIALIZE)).rejects.toThrow();
  });
});
