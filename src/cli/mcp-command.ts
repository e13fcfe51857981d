// Owns `mcp`: an engine, its projects and the tools, served over stdin and stdout or over HTTP until the client leaves or
// somebody stops it. Whatever is said to people goes to stderr.

import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { SystemTimers } from '../engine/system-timers.ts';
import type { ChangeFeed } from '../mcp/change-feed.ts';
import type { ServerParts } from '../mcp/mcp-server.ts';
import { errorLines } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import { listenForInterrupts } from './interruption.ts';
import type { Shell } from './main.ts';
import type { McpFlags } from './mcp-commands.ts';
import { McpDesk } from './mcp-desk.ts';
import { onKeeperGone } from './mcp-pipe.ts';
import { packageVersion } from './package-version.ts';
import { toPrintableLine } from './printable-text.ts';
import { settingsOf } from './shell-config.ts';
import { dropUnread } from './unread-output.ts';

const DEFAULT_HOST = '127.0.0.1';
const NODE_PACKAGE = '@modelcontextprotocol/node';
const TOKEN_VARIABLE = 'YARDMASTER_MCP_TOKEN';
/**
 * How long tasks that run may go on when the server ends; what has not ended then goes on with the next engine. With the
 * last answers it stays below the two seconds after which clients use force.
 */
const DRAIN_MS = 500;

/** What both ways of serving are given. */
interface Serving {
  readonly shell: Shell;
  readonly flags: McpFlags;
  readonly desk: McpDesk;
  readonly parts: ServerParts;
  readonly timers: SystemTimers;
  /** From here on, what ends is not cancelled. */
  readonly beginStop: () => void;
}

/** Serves until the client leaves or the server is stopped: over stdin and an output, over HTTP where there is none. */
export async function mcpCommand(shell: Shell, flags: McpFlags, output: Writable | undefined): Promise<ExitCode> {
  // Bad settings are told before anybody connects.
  const settings = settingsOf(flags);
  const { requireMcpPackage } = await import('../mcp/default-mcp-tools.ts');
  requireMcpPackage();
  // The protocol's package is optional: nothing of it is loaded before this line.
  const [{ ChangeFeed }, { McpTools }, { yardmasterParts }] = await Promise.all([
    import('../mcp/change-feed.ts'),
    import('../mcp/mcp-tools.ts'),
    import('../mcp/server-parts.ts'),
  ]);
  const timers = new SystemTimers({ unref: true });
  const changes: ChangeFeed = new ChangeFeed(timers);
  const desk = new McpDesk(flags, changes, (engine) => tellLoadErrors(shell, engine));
  let isStopping = false;
  const parts = yardmasterParts(new McpTools(() => desk.host(), { clock: timers }), {
    version: packageVersion(),
    clock: timers,
    tasksDirs: settings.tasksDirs,
    changes,
    isStopping: () => isStopping,
  });
  const serving: Serving = { shell, flags, desk, parts, timers, beginStop: () => (isStopping = true) };
  try {
    return output === undefined ? await overHttp(serving, flags.http ?? 0) : await overStdio(serving, output);
  } finally {
    await desk.close(DRAIN_MS);
  }
}

async function overStdio(serving: Serving, output: Writable): Promise<ExitCode> {
  const { shell, desk, parts, timers, beginStop } = serving;
  const { serveStdio } = await import('../mcp/stdio-server.ts');
  const server = serveStdio(parts, {
    input: process.stdin,
    output,
    timers,
    // Unfinished runs go on as soon as there is a client. A fault is told again by the call that needs the engine; that a
    // client left before there was one is none.
    onUse: () => void desk.host().catch((error: unknown) => desk.isClosed || tellError(shell, error)),
    onError: (error) => shell.stderr.line(`mcp: ${toPrintableLine(error.message)}`),
  });
  const print = dropUnread(shell.stderr);
  shell.stdout.capture(print);
  shell.stderr.capture(print);
  if (process.stdin.isTTY === true) tellStdioSetting(shell);
  onKeeperGone(() => void server.stop());
  return await untilStopped(server, beginStop);
}

async function overHttp({ shell, flags, desk, parts, timers, beginStop }: Serving, port: number): Promise<ExitCode> {
  const host = flags.host ?? DEFAULT_HOST;
  const token = readToken(shell, flags);
  requireNodePackage();
  const { serveHttp } = await import('../mcp/http-server.ts');
  const { HttpGuard } = await import('../mcp/http-guard.ts');
  const allowedHosts = flags.allowHost ?? [];
  const given = { host, allowedHosts, ...(token === undefined ? {} : { token }) };
  // Refused before an engine is made, and an engine that cannot be made is told before anybody listens.
  void new HttpGuard(given);
  await desk.host();
  const server = await serveHttp(parts, {
    ...given,
    port,
    timers,
    newId: randomUUID,
    onError: (error) => shell.debug && shell.stderr.line(`mcp: ${toPrintableLine(error.message)}`),
  });
  tellHttpSetting(shell, server.url, token !== undefined);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  return await untilStopped({ ended, stop: () => server.stop().then(resolve) }, beginStop);
}

// Needed for HTTP alone, beside the one that every server needs.
function requireNodePackage(): void {
  try {
    import.meta.resolve(NODE_PACKAGE);
  } catch (cause) {
    throw new RuntimeError(
      'MCP_UNAVAILABLE',
      `serving over HTTP needs a package that is not there; install it beside yardmaster: npm install ${NODE_PACKAGE}`,
      { cause, details: { package: NODE_PACKAGE } },
    );
  }
}

/** Until the client leaves, or a signal: the first ends in good order, the next at once. */
async function untilStopped(
  server: { readonly ended: Promise<void>; stop(): Promise<void> },
  beginStop: () => void,
): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.COMPLETED;
  const stopListening = listenForInterrupts((level) => {
    if (level !== 'drain') process.exit(ExitCode.INTERRUPTED);
    exitCode = ExitCode.INTERRUPTED;
    beginStop();
    void server.stop();
  });
  await server.ended;
  beginStop();
  stopListening();
  return exitCode;
}

// The file wins: whoever names one does not mean what lies about in the environment.
function readToken(shell: Shell, { tokenFile }: McpFlags): string | undefined {
  const inherited = shell.environment[TOKEN_VARIABLE];
  // Task modules, and programs that they start, have no use for it.
  delete process.env[TOKEN_VARIABLE];
  if (tokenFile === undefined) return inherited === undefined || inherited === '' ? undefined : inherited;
  let token: string;
  try {
    token = readFileSync(tokenFile, 'utf8').trim();
    if (process.platform !== 'win32' && (statSync(tokenFile).mode & 0o077) !== 0) {
      shell.stderr.line(
        `warning: others on this machine can read ${toPrintableLine(tokenFile)}; chmod 600 keeps it to you`,
      );
    }
  } catch (cause) {
    throw new RuntimeError('FILE_UNREADABLE', `the token cannot be read: ${messageOf(cause)}; check --token-file`, {
      cause,
      details: { file: tokenFile },
    });
  }
  if (/\s/.test(token) || token === '') {
    throw new RuntimeError('MCP_TOKEN_REQUIRED', `${tokenFile} holds no token: one line without spaces is expected`);
  }
  return token;
}

function tellStdioSetting(shell: Shell): void {
  shell.stderr.line(
    'serving MCP on stdin and stdout; meant to be started by a client, with this in its configuration:',
  );
  shell.stderr.line(settingText({ command: 'yardmaster', args: ['mcp'], cwd: process.cwd() }));
}

function tellHttpSetting(shell: Shell, url: string, hasToken: boolean): void {
  shell.stderr.line(`serving MCP at ${url}; Ctrl-C ends it. For a client's configuration:`);
  const headers = hasToken ? { headers: { Authorization: 'Bearer <the token>' } } : {};
  shell.stderr.line(settingText({ type: 'http', url, ...headers }));
  shell.stderr.line('or without a server that runs all the time, over stdin and stdout:');
  shell.stderr.line(settingText({ command: 'yardmaster', args: ['mcp'], cwd: process.cwd() }));
}

function settingText(setting: object): string {
  return JSON.stringify({ mcpServers: { yardmaster: setting } }, null, 2);
}

function tellLoadErrors(shell: Shell, { workflows }: OrchestrationEngine): void {
  for (const { file, faults } of workflows.loadErrors) {
    const [first] = faults;
    const what = first === undefined ? '' : `: ${first.message}`;
    shell.stderr.line(
      toPrintableLine(`warning: ${file} is not loaded${what}; \`yardmaster validate\` lists all faults`),
    );
  }
}

function tellError(shell: Shell, error: unknown): void {
  for (const line of errorLines(error, shell.debug)) shell.stderr.line(line);
}
