// Owns clients for tests of the server: one in memory, and what a test needs to speak HTTP by hand. All end with the test.

import { randomUUID } from 'node:crypto';
import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { type HttpServer, type HttpServerOptions, serveHttp } from '../../src/mcp/http-server.ts';
import { createMcpServer, type ServerParts } from '../../src/mcp/mcp-server.ts';

/** A client of a server in this process. */
export async function connectInMemory(parts: ServerParts): Promise<Client> {
  const server = createMcpServer(parts, { era: 'legacy', notifies: true });
  const [serverSide, clientSide] = InMemoryTransport.createLinkedPair();
  const client = newClient('legacy');
  await server.connect(serverSide);
  await client.connect(clientSide);
  onTestFinished(() => client.close());
  return client;
}

/** A server on a free port of this machine. */
export async function startHttp(parts: ServerParts, options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const timers = new SystemTimers({ unref: true });
  const server = await serveHttp(parts, { host: '127.0.0.1', port: 0, timers, newId: randomUUID, ...options });
  onTestFinished(() => server.stop());
  return server;
}

/** A client over HTTP of either era. */
export async function connectHttp(url: string, mode: 'legacy' | 'auto', token?: string): Promise<Client> {
  const client = newClient(mode);
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  onTestFinished(() => client.close());
  return client;
}

export function newClient(mode: 'legacy' | 'auto'): Client {
  return new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
}

/** The body of an initialize request. */
export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

/** A POST as a client makes it; headers of one's own win. */
export function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Opens a session and gives its id. */
export async function openSession(url: string): Promise<string> {
  const response = await post(url, INITIALIZE);
  await response.text();
  return z.string().parse(response.headers.get('mcp-session-id'));
}

/** The texts of a tool's result. */
export function textOf(result: CallToolResult): string {
  return result.content.map((block) => (block.type === 'text' ? block.text : `<${block.type}>`)).join('\n');
}

/** Resolves when a condition holds; a test that waits for longer has failed by its time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
