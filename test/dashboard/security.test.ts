// Tests what must not get through the dashboard's door: each way in of its own, byte by byte over real sockets.

import { symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { dripping } from '../support/dripping-client.ts';
import { act, ask, exchange, requestText, startDashboard, TOKEN, until } from './dashboard-client.ts';
import { runOf, taskOf } from './test-source.ts';

const SECRET = 'a secret beside the page';
/** As a browser that has opened the address with the token. */
async function signIn(port: number): Promise<string> {
  const { headers } = await ask(port, `/?token=${TOKEN}`, { Authorization: null });
  return headers.get('set-cookie')?.split(';')[0] ?? '';
}

describe('who may call', () => {
  it.each([
    'evil.example.com',
    'localhost.evil.com:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    '127.0.0.2:PORT',
    '0.0.0.0:PORT',
    'localhost:PORT@evil.com',
    'evil.com:PORT',
    '[::]:PORT',
    'localhost:PORT/x',
  ])('refuses the Host %s', async (host) => {
    const { port } = await startDashboard();
    const { status, body } = await ask(port, '/api/welcome', { Host: host.replace('PORT', String(port)) });
    expect([status, JSON.parse(body).error.code]).toEqual([403, 'DASHBOARD_REFUSED']);
  });

  it.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])('answers to its own name %s', async (name) => {
    const { port } = await startDashboard();
    expect((await ask(port, '/api/welcome', { Host: `${name}:${port}` })).status).toBe(200);
  });

  it.each([
    'http://evil.example.com',
    'http://localhost:1',
    'https://localhost:PORT',
    'null',
    'file://',
    'http://localhost:PORT.evil.com',
    'http://user@localhost:PORT',
  ])('refuses pages of the Origin %s, with the cookie and with the token', async (name) => {
    const { port, source } = await startDashboard();
    const Origin = name.replace('PORT', String(port));
    source.runDocuments.set('r', runOf('r', 't'));
    expect((await ask(port, '/api/welcome', { Origin })).status).toBe(403);
    const Cookie = await signIn(port);
    expect((await ask(port, '/api/welcome', { Origin, Cookie, Authorization: null })).status).toBe(403);
    expect((await act(port, { kind: 'cancel', runId: 'r' }, { Origin, Cookie, Authorization: null })).status).toBe(403);
    expect(source.acted).toEqual([]);
  });

  it.each(['cross-site', 'same-site', 'x', ''])('refuses what a browser says comes from %j', async (site) => {
    const { port } = await startDashboard();
    expect((await ask(port, '/api/welcome', { 'Sec-Fetch-Site': site })).status).toBe(403);
    expect((await ask(port, `/?token=${TOKEN}`, { 'Sec-Fetch-Site': site })).status).toBe(403);
    for (const own of ['none', 'same-origin']) {
      expect((await ask(port, '/api/welcome', { 'Sec-Fetch-Site': own })).status).toBe(200);
    }
  });

  it('allows no other page by CORS', async () => {
    const { port } = await startDashboard();
    const preflight = { Origin: `http://localhost:${port}`, 'Access-Control-Request-Method': 'POST' };
    const { status, text } = await ask(port, '/api/actions', preflight, { method: 'OPTIONS' });
    expect([status, /access-control/i.test(text)]).toEqual([405, false]);
  });
});

describe('the token', () => {
  it('is needed by everything but the sign of life', async () => {
    const { port } = await startDashboard({ metrics: async () => 'x 1\n' });
    const none = { Authorization: null };
    for (const path of [
      '/',
      '/index.html',
      '/assets/main-Ab12_-cd.js',
      '/api/welcome',
      '/api/stream',
      '/metrics',
      '/x',
    ]) {
      const { status, headers, body } = await ask(port, path, none);
      expect([path, status]).toEqual([path, 401]);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(JSON.parse(body).error.message).toContain('open the address');
    }
    expect((await act(port, { kind: 'cancel', runId: 'r' }, none)).status).toBe(401);
    expect((await ask(port, '/healthz', none)).body).toBe('ok');
    expect((await ask(port, '/healthz/../api/welcome', none)).status).toBe(401);
    expect((await ask(port, '/healthz', { ...none, Host: 'evil.com' })).status).toBe(403);
  });

  it.each([`${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase(), '', 'x', `${TOKEN} ${TOKEN}`, '%00'])(
    'is refused where it is the wrong one: %j',
    async (wrong) => {
      const { port } = await startDashboard();
      expect((await ask(port, '/api/welcome', { Authorization: `Bearer ${wrong}` })).status).toBe(401);
      const signedIn = await ask(port, `/?token=${encodeURIComponent(wrong)}`, { Authorization: null });
      expect([signedIn.status, signedIn.headers.has('set-cookie')]).toEqual([401, false]);
      const Cookie = `yardmaster-${port}=${wrong.replace(/[ ;]/g, '')}`;
      expect((await ask(port, '/api/welcome', { Authorization: null, Cookie })).status).toBe(401);
    },
  );

  it('becomes a cookie that scripts and other sites never see, and leaves the address', async () => {
    const { port, url } = await startDashboard();
    expect(url).toBe(`http://127.0.0.1:${port}/?token=${TOKEN}`);
    const { status, headers, body } = await ask(port, `/?token=${TOKEN}`, { Authorization: null });
    expect([status, headers.get('location'), body]).toEqual([303, '/', '']);
    const cookie = headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(new RegExp(`^yardmaster-${port}=[\\w-]{32}; HttpOnly; SameSite=Strict; Path=/$`));
    expect(cookie).not.toContain(TOKEN);
    const Cookie = `other=1; ${cookie.split(';')[0]}; more=2`;
    expect((await ask(port, '/', { Authorization: null, Cookie })).body).toContain('The page');
    expect((await ask(port, '/api/welcome', { Authorization: null, Cookie })).status).toBe(200);
    const elsewhere = Cookie.replace(`yardmaster-${port}`, `yardmaster-${port + 1}`);
    expect((await ask(port, '/', { Authorization: null, Cookie: elsewhere })).status).toBe(401);
  });

  it('is not taken from any other address, nor twice, nor by another method', async () => {
    const { port } = await startDashboard();
    const none = { Authorization: null };
    for (const path of ['/api/welcome', '/index.html', '/api/stream', '//', '/x']) {
      expect((await ask(port, `${path}?token=${TOKEN}`, none)).status).toBe(401);
    }
    expect((await ask(port, `/?token=${TOKEN}&token=${TOKEN}`, none)).status).toBe(401);
    expect((await ask(port, `/?token=${TOKEN}`, none, { method: 'HEAD' })).status).toBe(401);
    expect((await ask(port, `/?token=${TOKEN}`, none, { method: 'POST', body: '{}' })).status).toBe(401);
  });

  it('is a new one at each start, and a given one must not be guessable', async () => {
    const [one, two] = [await startDashboard({ token: undefined }), await startDashboard({ token: undefined })];
    expect(one.token).toMatch(/^[\w-]{32,}$/);
    expect(one.token).not.toBe(two.token);
    for (const token of [
      'short',
      '',
      'with a space in the middle',
      'line\r\nbreak-and-more-of-it',
      'ünïcödé-ünïcödé-ü',
    ]) {
      await expect(startDashboard({ token })).rejects.toMatchObject({ code: 'DASHBOARD_TOKEN_INVALID' });
    }
  });

  it('is asked for in words by a page for people, which shows nothing of the request', async () => {
    const { port } = await startDashboard();
    const { status, headers, body } = await ask(port, '/<script>alert(1)</script>', {
      Authorization: null,
      Accept: 'text/html,*/*',
    });
    expect([status, headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8']);
    expect(body).toContain('open the address that the dashboard printed');
    expect(body).not.toContain('script');
    expect(body).not.toContain(TOKEN);
  });
});

describe('files', () => {
  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2E%2E%2fsecret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/assets/..\\..\\secret.txt',
    '//secret.txt',
    '/./../secret.txt',
    '/%252e%252e/secret.txt',
    '/....//secret.txt',
    '/secret.txt%00.html',
    '/index.html/../../secret.txt',
    '/%c0%ae%c0%ae/secret.txt',
    'http://127.0.0.1/secret.txt',
    'secret.txt',
    '/FOLDER/secret.txt',
    '/file:///FOLDER/secret.txt',
  ])('are those of the page alone: not %s', async (target) => {
    const { port, folder } = await startDashboard();
    const { status, text } = await ask(port, target.replace('FOLDER', folder));
    expect([400, 404]).toContain(status);
    expect(text).not.toContain(SECRET);
  });

  it('are not those that a link in the page’s folder leads to', async () => {
    const first = await startDashboard();
    symlinkSync(`${first.folder}/secret.txt`, `${first.folder}/page/linked.txt`);
    symlinkSync(first.folder, `${first.folder}/page/linked`);
    const { port } = await startDashboard({ pageFolder: `${first.folder}/page` });
    for (const path of ['/linked.txt', '/linked/secret.txt', '/linked'])
      expect((await ask(port, path)).status).toBe(404);
    expect((await ask(port, '/')).body).toContain('The page');
  });

  it('with a NUL in their name are refused before anybody looks', async () => {
    const { port } = await startDashboard();
    expect((await ask(port, '/index.html\u0000.js')).status).toBe(400);
  });
});

describe('bodies, headers and methods', () => {
  const CANCEL = { kind: 'cancel', runId: 'r' };

  it('refuses a body of 1 MB, declared or in chunks, and goes on', async () => {
    const { port, source } = await startDashboard();
    source.runDocuments.set('r', runOf('r', 't'));
    const body = JSON.stringify({ ...CANCEL, reason: 'x'.repeat(1024 * 1024) });
    const declared = await act(port, body);
    expect([declared.status, JSON.parse(declared.body).error.message]).toEqual([413, expect.stringContaining('65536')]);
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const head = requestText(
      port,
      '/api/actions',
      { 'Content-Length': null, 'Transfer-Encoding': 'chunked' },
      { method: 'POST' },
    );
    expect((await exchange(port, `${head}${chunk.repeat(16)}0\r\n\r\n`)).status).toBe(413);
    expect(source.acted).toEqual([]);
    expect((await act(port, CANCEL)).status).toBe(200);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
    'application/jsonp',
    'x/json',
  ])('refuses an action whose content type is %j', async (type) => {
    const { port, source } = await startDashboard();
    source.runDocuments.set('r', runOf('r', 't'));
    expect((await act(port, CANCEL, { 'Content-Type': type })).status).toBe(415);
    expect((await act(port, CANCEL, { 'Content-Type': null })).status).toBe(415);
    expect(source.acted).toEqual([]);
  });

  it('takes an action from its own page, and from who has the token', async () => {
    const { port, source } = await startDashboard();
    source.runDocuments.set('r', runOf('r', 't'));
    const Cookie = await signIn(port);
    expect((await act(port, CANCEL, { Authorization: null, Cookie })).status).toBe(403);
    const Origin = `http://127.0.0.1:${port}`;
    expect((await act(port, CANCEL, { Authorization: null, Cookie, Origin })).status).toBe(200);
    expect((await act(port, CANCEL, { 'Content-Type': 'Application/JSON; charset=utf-8' })).status).toBe(200);
    expect(source.acted).toEqual([CANCEL, CANCEL]);
  });

  it.each([
    ['PUT', '/api/actions', 'GET, HEAD, POST'],
    ['DELETE', '/api/runs/r', 'GET, HEAD, POST'],
    ['TRACE', '/', 'GET, HEAD, POST'],
    ['PATCH', '/', 'GET, HEAD, POST'],
    ['POST', '/api/runs', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['POST', '/index.html', 'GET, HEAD'],
    ['GET', '/api/actions', 'POST'],
    ['HEAD', '/api/stream', 'GET'],
  ])('does not allow %s of %s', async (method, path, allowed) => {
    const { port, source } = await startDashboard();
    const { status, headers } = await ask(port, path, {}, { method, body: method === 'POST' ? '{}' : '' });
    expect([status, headers.get('allow'), source.listeners.size]).toEqual([405, allowed, 0]);
  });

  it('refuses headers that are too long, and cuts a client that sends its request drop by drop', async () => {
    const { port } = await startDashboard({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
    expect((await ask(port, '/api/welcome', { 'X-Large': 'x'.repeat(20_000) })).status).toBe(431);
    const heads = [
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Slow: `,
      requestText(port, '/api/actions', { 'Content-Length': '1000' }, { method: 'POST', body: '{' }),
    ];
    const ends = heads.map((head) => dripping(port, head));
    for (const text of await Promise.all(ends)) expect(text).toMatch(/^(?:HTTP\/1\.1 408|$)/);
    expect((await ask(port, '/api/welcome')).status).toBe(200);
  });

  it('lets no line break of a parameter become a header', async () => {
    const { port, source } = await startDashboard();
    const breaks = '%0d%0aSet-Cookie:%20evil=1%0d%0a%0d%0a<script>';
    for (const path of [
      `/${breaks}`,
      `/api/${breaks}`,
      `/api/runs/${breaks}`,
      `/api/runs?search=${breaks}`,
      `/api/stream?run=${breaks}&timeline=2`,
      `/?token=${breaks}`,
    ]) {
      const { text, headers } = await ask(port, path);
      expect(headers.has('set-cookie')).toBe(false);
      expect(text).not.toMatch(/^Set-Cookie/im);
    }
    expect(source.asked.at(-1)?.search).toBe('\r\nSet-Cookie: evil=1\r\n\r\n<script>');
    const split = await exchange(port, requestText(port, '/x\r\nSet-Cookie: evil=1'));
    expect(split.headers.has('set-cookie')).toBe(false);
  });

  it('sends what is HTML in names, logs and outputs as JSON that no browser takes for a page', async () => {
    const { port, source } = await startDashboard();
    const evil = '<img src=x onerror=alert(1)></script><script>alert(2)</script>\u2028';
    source.runDocuments.set(evil, runOf(evil, evil));
    source.taskDocuments.set(evil, taskOf(evil, evil));
    const path = `/api/runs/${encodeURIComponent(evil)}`;
    for (const target of [path, `${path}/task?name=${encodeURIComponent(evil)}`]) {
      const { status, headers, body } = await ask(port, target, { Accept: 'text/html' });
      expect([status, headers.get('content-type'), headers.get('x-content-type-options')]).toEqual([
        200,
        expect.stringMatching(/^application\/json/),
        'nosniff',
      ]);
      expect(JSON.stringify(JSON.parse(body))).toContain(JSON.stringify(evil).slice(1, -1));
    }
    const missing = await ask(port, '/api/runs/<script>alert(1)</script>', { Accept: 'text/html' });
    expect(missing.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('tells browsers to load nothing from elsewhere and to keep out of frames, with every answer', async () => {
    const { port } = await startDashboard();
    for (const [path, headers] of [
      ['/', {}],
      ['/api/welcome', {}],
      ['/x', {}],
      ['/', { Authorization: null }],
      ['/', { Host: 'evil.com' }],
    ] as const) {
      const answer = await ask(port, path, headers);
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  });

  it('bounds connections, and takes new ones when they have gone', async () => {
    const { port } = await startDashboard();
    const sockets = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    let open = sockets.length;
    for (const socket of sockets) socket.on('close', () => open--);
    await until(() => open === 64);
    for (const socket of sockets) socket.destroy();
    await until(() => open === 0);
    expect((await ask(port, '/api/welcome')).status).toBe(200);
  });
});
