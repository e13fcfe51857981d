// Tests who may speak to the HTTP server: hosts, pages, paths, methods, tokens.

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpGuard, type HttpGuardOptions, isLoopback } from '../../src/mcp/http-guard.ts';

const TOKEN = 'correct horse battery'.replaceAll(' ', '-');

function status(options: Partial<HttpGuardOptions>, headers: Record<string, string>, method = 'POST', url = '/mcp') {
  const request = Object.assign(new IncomingMessage(new Socket()), { method, url });
  request.headers = { host: 'localhost:1234', ...headers };
  return new HttpGuard({ host: '127.0.0.1', ...options }).refusalOf(request)?.status;
}

describe('HttpGuard', () => {
  it.each(['localhost', 'LOCALHOST:80', '127.0.0.1:5', '[::1]:9', '[0:0:0:0:0:0:0:1]'])(
    'answers to the host %s',
    (host) => {
      expect(status({}, { host })).toBeUndefined();
    },
  );

  it.each([
    '',
    'evil.example.com',
    'localhost.evil.com',
    '127.0.0.1.evil.com',
    'localhost@evil.com',
    'evil.com#localhost',
    'evil.com/localhost',
    'localhost:80@evil.com',
    '127.0.0.2',
    '0.0.0.0',
    'localhost:port',
    'localhost,evil.com',
    '[::1',
  ])('does not answer to the host %j', (host) => {
    expect(status({}, { host })).toBe(403);
  });

  it.each([
    ['http://localhost:3000', undefined],
    ['https://127.0.0.1', undefined],
    ['http://evil.example.com', 403],
    ['null', 403],
    ['', 403],
    ['file://localhost', 403],
    ['http://localhost.evil.com', 403],
  ])('treats a page of the origin %j with %j', (origin, expected) => {
    expect(status({}, { origin })).toBe(expected);
  });

  it('knows the names it was told, and what a wildcard address is called', () => {
    expect(
      status({ allowedHosts: ['flow.example.org'] }, { host: 'flow.example.org', origin: 'https://flow.example.org' }),
    ).toBeUndefined();
    expect(status({ host: '0.0.0.0', token: TOKEN }, { host: 'evil.com', authorization: `Bearer ${TOKEN}` })).toBe(403);
    expect(status({ host: '::', token: TOKEN }, { authorization: `Bearer ${TOKEN}` })).toBeUndefined();
  });

  it.each([
    ['/', 'POST', 404],
    ['/mcp/', 'POST', 404],
    ['/mcp/../etc/passwd', 'GET', 404],
    ['//mcp', 'POST', 404],
    ['/%6dcp', 'POST', 404],
    ['http://localhost/mcp', 'POST', 404],
    ['/mcp?x=1', 'POST', undefined],
    ['/mcp', 'PUT', 405],
    ['/mcp', 'OPTIONS', 405],
    ['/mcp', 'TRACE', 405],
    ['/mcp', 'HEAD', 405],
  ])('answers %s by %s with %s', (url, method, expected) => {
    expect(status({}, {}, method, url)).toBe(expected);
  });

  it('lets through the one token and no other', () => {
    const given = (authorization: string) => status({ token: TOKEN }, { authorization });
    expect(given(`Bearer ${TOKEN}`)).toBeUndefined();
    expect(given(`bearer  ${TOKEN}`)).toBeUndefined();
    for (const wrong of [
      TOKEN,
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Bearer ${TOKEN} x`,
      'Bearer ',
    ]) {
      expect(given(wrong)).toBe(401);
    }
    expect(status({ token: TOKEN }, {})).toBe(401);
    fc.assert(fc.property(fc.string(), (text) => text === TOKEN || given(`Bearer ${text}`) === 401));
  });

  it('wants a token that cannot be guessed where others can reach it', () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.org', '']) {
      expect(() => new HttpGuard({ host })).toThrow(expect.objectContaining({ code: 'MCP_TOKEN_REQUIRED' }));
      expect(() => new HttpGuard({ host, token: 'short' })).toThrow('16');
      expect(isLoopback(host)).toBe(false);
    }
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]']) expect(isLoopback(host)).toBe(true);
  });
});
