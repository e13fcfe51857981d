// Tests the dashboard's server as its page uses it: documents, faults, actions, streams, and its beginning and end.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MOST_STREAMS } from '../../src/dashboard/stream-route.ts';
import {
  actionAnswer,
  openFrame,
  runDocument,
  runsPage,
  statechartDocument,
  systemDocument,
  taskDocument,
  timelineDocument,
  treeDocument,
  welcome,
  wireFault,
} from '../../src/dashboard/wire.ts';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { heapUsedAfterCollection } from '../support/collect-garbage.ts';
import { act, ask, openStream, startDashboard, TOKEN, until } from './dashboard-client.ts';
import { runOf, runRow, taskOf } from './test-source.ts';

describe('documents', () => {
  it('come as the contract has them', async () => {
    const { port, source } = await startDashboard();
    source.runDocuments.set('r/1', runOf('r/1', 't'));
    source.taskDocuments.set('t & t', taskOf('r/1', 't & t'));
    const questions = [
      ['/api/welcome', welcome],
      ['/api/runs', runsPage],
      ['/api/runs/r%2F1', runDocument],
      ['/api/runs/r%2F1/timeline', timelineDocument],
      ['/api/runs/r%2F1/task?name=t+%26%20t', taskDocument],
      ['/api/statecharts/task', statechartDocument],
      ['/api/system', systemDocument],
      ['/api/tree', treeDocument],
    ] as const;
    for (const [path, schema] of questions) {
      const { status, body, headers } = await ask(port, path);
      expect([path, status, headers.get('cache-control')]).toEqual([path, 200, 'no-store']);
      expect(schema.parse(JSON.parse(body))).toBeDefined();
    }
    const { names } = JSON.parse((await ask(port, '/api/statecharts')).body);
    for (const name of names) {
      const { body } = await ask(port, `/api/statecharts/${name}`);
      expect(Object.keys(statechartDocument.parse(JSON.parse(body))).sort()).toEqual(
        Object.keys(JSON.parse(body)).sort(),
      );
    }
  });

  it('are asked for with filters that are checked', async () => {
    const { port, source } = await startDashboard();
    await ask(port, '/api/runs');
    await ask(port, '/api/runs?kind=task&standing=parked&search=a%20b&skip=10&limit=5');
    expect(source.asked).toEqual([
      { skip: 0, limit: 50 },
      { kind: 'task', standing: 'parked', search: 'a b', skip: 10, limit: 5 },
    ]);
    const wrong = [
      'kind=x',
      'standing=',
      'skip=-1',
      'skip=1e3',
      'limit=0',
      'limit=501',
      'limit=',
      'skip=99999999999',
      'colour=red',
      `search=${'x'.repeat(201)}`,
    ];
    for (const query of wrong) {
      const { status, body } = await ask(port, `/api/runs?${query}`);
      const { error } = wireFault.parse(JSON.parse(body));
      expect([query, status, error.code]).toEqual([query, 400, 'ARGUMENT_INVALID']);
      expect(error.message).toContain(query.split('=')[0]);
    }
    expect(source.asked).toHaveLength(2);
  });

  it.each([
    ['/api/runs/none', 404, 'RUN_NOT_FOUND'],
    ['/api/runs/none/timeline', 404, 'RUN_NOT_FOUND'],
    ['/api/runs/none/plan', 404, 'RUN_NOT_FOUND'],
    ['/api/runs/none/task?name=x', 404, 'TASK_NOT_FOUND'],
    ['/api/runs/r/task?name=x', 404, 'TASK_NOT_FOUND'],
    ['/api/runs/r/task', 400, 'ARGUMENT_INVALID'],
    ['/api/runs/r/plan', 409, 'SIMULATION_STUCK'],
    ['/api/statecharts/tsak', 404, 'STATECHART_NOT_FOUND'],
    ['/api/statecharts/__proto__', 404, 'STATECHART_NOT_FOUND'],
    ['/api/nothing', 404, 'DASHBOARD_REFUSED'],
    ['/api/', 404, 'DASHBOARD_REFUSED'],
    ['/api/runs/r/nothing', 404, 'DASHBOARD_REFUSED'],
    ['/nothing', 404, 'DASHBOARD_REFUSED'],
    ['/api/runs/%E0%A4%A', 404, 'RUN_NOT_FOUND'],
  ])('that are not there are told as such: %s', async (path, status, code) => {
    const { port, source } = await startDashboard();
    source.runDocuments.set('r', runOf('r', 't'));
    const answer = await ask(port, path);
    expect([answer.status, wireFault.parse(JSON.parse(answer.body)).error.code]).toEqual([status, code]);
  });

  it('that cannot be had for a fault of ours give nothing away, and the shell is told', async () => {
    const { port, source, errors } = await startDashboard();
    source.fault = new TypeError('secret of /some/file.ts');
    for (const path of ['/api/runs', '/api/runs/r', '/api/stream?topics=runs']) {
      const { status, text } = await ask(port, path);
      expect(status).toBe(500);
      expect(text).not.toMatch(/secret|\.ts|\bat /);
    }
    expect(errors).toEqual([source.fault, source.fault, source.fault]);
    source.fault = new RuntimeError('JOURNAL_CORRUPT', 'the journal is damaged');
    expect((await ask(port, '/api/runs')).body).toContain('the journal is damaged');
    source.fault = undefined;
    expect((await ask(port, '/api/runs')).status).toBe(200);
  });

  it('of metrics are text where somebody counts, and a hint where nobody does', async () => {
    const counted = await startDashboard({ metrics: async () => '# TYPE x counter\nx 1\n' });
    const { body, headers } = await ask(counted.port, '/metrics');
    expect([body, headers.get('content-type')]).toEqual([
      '# TYPE x counter\nx 1\n',
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    const { port } = await startDashboard();
    const none = await ask(port, '/metrics');
    expect([none.status, none.body]).toEqual([404, expect.stringContaining('--dashboard')]);
  });

  it('leave the Request and Response of the program alone', async () => {
    const { Request: before, Response: also } = globalThis;
    await startDashboard();
    expect([globalThis.Request, globalThis.Response]).toEqual([before, also]);
  });
});

describe('actions', () => {
  it('are done when they are as the contract has them, and answered', async () => {
    const { port, source } = await startDashboard();
    source.runDocuments.set('r', runOf('r', 't'));
    const actions = [
      { kind: 'cancel', runId: 'r', reason: 'why not' },
      { kind: 'cancel-task', runId: 'r', task: '<b>' },
      { kind: 'rerun', runId: 'r', fromFailed: true },
      { kind: 'set-capacity', resourceId: 'gpu', capacity: 2 },
    ];
    for (const action of actions) {
      const { status, body } = await act(port, action);
      expect([status, actionAnswer.parse(JSON.parse(body))]).toEqual([200, { message: 'done', runId: null }]);
    }
    expect(source.acted).toEqual(actions);
  });

  it('that are refused say why', async () => {
    const { port, source } = await startDashboard();
    source.runDocuments.set('r', runOf('r', 't'));
    const refused = await act(port, { kind: 'pause', runId: 'r' });
    expect([refused.status, JSON.parse(refused.body).error]).toEqual([
      409,
      { code: 'RUN_ENDED', message: 'the run has ended; it cannot be paused' },
    ]);
    expect((await act(port, { kind: 'cancel', runId: 'other' })).status).toBe(404);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '"cancel"',
    '{"kind":"cancel"}',
    '{"kind":"destroy","runId":"r"}',
    '{"kind":"cancel","runId":1}',
    '{"kind":"cancel","runId":"r","more":1}',
    '{"kind":"rerun","runId":"r"}',
    '{"kind":"set-capacity","resourceId":"gpu","capacity":"2"}',
    '{"kind":"set-capacity","resourceId":"gpu","capacity":1e999}',
    `{"kind":"cancel","runId":"r","reason":"${'x'.repeat(501)}"}`,
    '['.repeat(30_000),
  ])('that are malformed do nothing: %s', async (body) => {
    const { port, source } = await startDashboard();
    source.runDocuments.set('r', runOf('r', 't'));
    const answer = await act(port, body);
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, 'ARGUMENT_INVALID']);
    expect(answer.body).not.toMatch(/node_modules|\.ts\b/);
    expect(source.acted).toEqual([]);
  });
});

describe('streams', () => {
  it('begin with `open` and go on with what was asked for', async () => {
    const { port, source } = await startDashboard();
    const stream = await openStream(port, '?run=r%201&timeline=1&task=a%20b&topics=runs,tree');
    await stream.seen('event: open');
    expect(stream.type).toBe('text/event-stream; charset=utf-8');
    expect([...source.listeners.values()]).toEqual([
      { runs: true, system: false, tree: true, run: { runId: 'r 1', timeline: true, task: 'a b' } },
    ]);
    openFrame.parse(JSON.parse(/^data: (.*)$/m.exec(stream.text())?.[1] ?? ''));
    source.tell((listener) => listener.runs({ changed: [runRow('r 1')], total: 1, counts: {} }));
    source.tell((listener) => listener.tree({ root: null, strategy: null, crashes: [], absent: null }));
    await stream.seen('event: tree');
    expect(stream.text()).toMatch(/event: runs\ndata: \{"changed":\[.*\}\n\nevent: tree\n/);
  });

  it.each(['?topics=weather', '?topics=runs,', '?timeline=1', '?task=x', '?run=', '?run=r&timeline=yes', '?x=1'])(
    'are not opened for what nobody understands: %s',
    async (query) => {
      const { port, source } = await startDashboard();
      const { status, body } = await ask(port, `/api/stream${query}`);
      expect([status, JSON.parse(body).error.code, source.listeners.size]).toEqual([400, 'ARGUMENT_INVALID', 0]);
    },
  );

  it('are bounded in number, and make room when they end', async () => {
    const dashboard = await startDashboard();
    const { port } = dashboard;
    const streams = await Promise.all(Array.from({ length: MOST_STREAMS }, () => openStream(port, '?topics=runs')));
    expect(dashboard.connections).toBe(MOST_STREAMS);
    const refused = await ask(port, '/api/stream?topics=runs');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    streams[0]?.leave();
    await until(() => dashboard.connections < MOST_STREAMS);
    await (await openStream(port, '?topics=runs')).seen('event: open');
  });

  it('leave no listener and no memory behind when a thousand clients come and go', async () => {
    const dashboard = await startDashboard();
    const { port, source } = dashboard;
    const comeAndGo = async (times: number): Promise<void> => {
      for (let at = 0; at < times; at++) {
        const stream = await openStream(port, '?topics=runs,system,tree');
        if (at % 2 === 0) await stream.seen('event: open');
        stream.leave();
        await stream.closed;
      }
      await until(() => source.listeners.size === 0 && dashboard.connections === 0);
    };
    await comeAndGo(100);
    const before = heapUsedAfterCollection();
    await comeAndGo(1_000);
    // The test itself keeps a socket and its callbacks of each client until it ends.
    expect((heapUsedAfterCollection() - before) / 1_000).toBeLessThan(12_000);
  }, 60_000);

  it('keep memory flat when a client does not read, and serve the others meanwhile', async () => {
    const { port, source } = await startDashboard();
    const slow = await openStream(port, '?run=r&task=t');
    await slow.seen('event: open');
    slow.pause();
    const other = await openStream(port, '?run=r&task=t');
    await other.seen('event: open');
    const before = heapUsedAfterCollection();
    const rest = 'x'.repeat(100_000);
    for (let at = 0; at < 2_000; at++) {
      source.tell((listener) => listener.task(taskOf('r', `${at} ${rest}`)));
      if (at % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(heapUsedAfterCollection() - before).toBeLessThan(50_000_000);
    await other.seen('"name":"1999 ');
    slow.resume();
    await slow.seen('"name":"1999 ');
    expect(slow.frames()).toBeLessThan(500);
    expect(other.frames()).toBeGreaterThan(slow.frames());
  }, 60_000);
});

describe('serveDashboard', () => {
  it('says farewell to its pages, closes its source and listens no more', async () => {
    const dashboard = await startDashboard();
    const { port, source } = dashboard;
    const stream = await openStream(port, '?topics=runs');
    await stream.seen('event: open');
    await Promise.all([dashboard.close('engine gone'), dashboard.close()]);
    await stream.closed;
    expect(stream.text()).toContain('event: gone\ndata: {"message":"engine gone"}');
    expect([source.isClosed, source.listeners.size]).toEqual([true, 0]);
    expect((await ask(port, '/healthz')).status).toBe(0);
  });

  it('ends in good time though a client reads nothing', async () => {
    const dashboard = await startDashboard();
    const stream = await openStream(dashboard.port, '?run=r&task=t');
    await stream.seen('event: open');
    stream.pause();
    for (let at = 0; at < 200; at++) {
      dashboard.source.tell((listener) => listener.task(taskOf('r', 'x'.repeat(100_000))));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const startMs = performance.now();
    await dashboard.close();
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  it('takes another port where the usual one is taken, and no other than the one it was given', async () => {
    const first = await startDashboard({ port: undefined });
    const second = await startDashboard({ port: undefined });
    expect(second.port).not.toBe(first.port);
    for (const { port } of [first, second]) expect(port).toBeLessThan(7331 + 20);
    await expect(startDashboard({ port: first.port })).rejects.toMatchObject({
      code: 'DASHBOARD_LISTEN_FAILED',
      message: expect.stringContaining('--port'),
    });
    expect((await ask(first.port, '/api/welcome')).status).toBe(200);
  });

  it('listens on this machine alone', async () => {
    const { port } = await startDashboard();
    const other = createServer();
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.2', resolve));
    expect((other.address() as AddressInfo).port).toBe(port);
  });

  it('lets a page of its own in by cookie from opening to action', async () => {
    const { port, source } = await startDashboard();
    source.runDocuments.set('r', runOf('r', 't'));
    const opened = await fetch(`http://localhost:${port}/?token=${TOKEN}`, { redirect: 'manual' });
    const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = await fetch(`http://localhost:${port}/`, { headers: { cookie } });
    expect(await page.text()).toContain('The page');
    const acted = await fetch(`http://localhost:${port}/api/actions`, {
      method: 'POST',
      headers: { cookie, origin: `http://localhost:${port}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'release', runId: 'r' }),
    });
    expect([acted.status, source.acted]).toEqual([200, [{ kind: 'release', runId: 'r' }]]);
  });
});
