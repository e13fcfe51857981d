// Owns how Yardmaster's tools are reached over the protocol: arguments and signal in, structured and readable results out,
// progress on the way. The work itself is the tools'; nothing here knows what one does.

import { type CallToolResult, SdkError, SdkErrorCode, type ServerContext } from '@modelcontextprotocol/server';
import type { Clock } from '../domain/clock.ts';
import type { ServedTool } from './mcp-server.ts';
import type { McpProgress, McpToolResult } from './mcp-tool.ts';
import type { McpTools } from './mcp-tools.ts';

/** Between two notifications of progress of one call, except the last. */
const PROGRESS_INTERVAL_MS = 50;

export interface ToolServing {
  readonly clock: Clock;
  /** Told after each call that may have changed something. */
  readonly onChange?: (tool: string) => void;
  /** Whether the server is on its way out: calls that end with it are not cancelled, their runs go on later. */
  readonly isStopping?: () => boolean;
}

/** All tools of a set, for `createMcpServer`. */
export function servedTools(tools: McpTools, serving: ToolServing): ServedTool[] {
  return Object.values(tools.definitions()).map((definition) => ({
    ...definition,
    call: async (args, context) => {
      const cancellation = cancellationOf(context, serving);
      try {
        const progress = progressSender(context, serving.clock);
        const result = await tools.execute(definition.name, args, {
          signal: cancellation.signal,
          onProgress: progress?.send,
        });
        // In one piece with the result a client may take it for late news and drop it.
        await progress?.sent();
        if (!definition.annotations.readOnlyHint) serving.onChange?.(definition.name);
        return protocolResult(result);
      } finally {
        cancellation.stop();
      }
    },
  }));
}

/** A result as the protocol has it: the data as they are, and for models without an eye for data as text too. */
export function protocolResult(result: McpToolResult): CallToolResult {
  const _meta = { 'yardmaster/metadata': { ...result.metadata } };
  if (result.success) {
    return { content: [{ type: 'text', text: textOf(result.data) }], structuredContent: result.data, _meta };
  }
  const { errorDetails, data } = result;
  const { type, message, details } = errorDetails;
  const shown = details === undefined || Object.keys(details).length === 0 ? [] : [`details: ${textOf(details)}`];
  return {
    content: [
      { type: 'text', text: [`error ${type}: ${message}`, ...shown].join('\n') },
      ...(data === undefined ? [] : [{ type: 'text' as const, text: textOf(data) }]),
    ],
    ...(data === undefined ? {} : { structuredContent: data }),
    isError: true,
    _meta: { ..._meta, 'yardmaster/error': { ...errorDetails } },
  };
}

function textOf(data: unknown): string {
  return JSON.stringify(data, null, 1);
}

/**
 * What cancels a call: the client's word, or over HTTP in the newer era its hanging up, which the protocol defines to be
 * one. The end of a session or of the server is none: the run goes on, and a later client finds it.
 */
function cancellationOf({ mcpReq, http }: ServerContext, { isStopping }: ToolServing) {
  const controller = new AbortController();
  const onAbort = (): void => {
    const { reason } = mcpReq.signal;
    const isClosed = reason instanceof SdkError && reason.code === SdkErrorCode.ConnectionClosed;
    if (isClosed && (isStopping?.() === true || http?.req?.signal.aborted !== true)) return;
    const text = typeof reason === 'string' && reason !== '' ? reason : 'the client cancelled the call';
    controller.abort(text);
  };
  if (mcpReq.signal.aborted) onAbort();
  else mcpReq.signal.addEventListener('abort', onAbort, { once: true });
  return { signal: controller.signal, stop: () => mcpReq.signal.removeEventListener('abort', onAbort) };
}

// The protocol wants figures that grow, and a client drowns in one notification a task.
function progressSender({ mcpReq }: ServerContext, clock: Clock) {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let lastProgress = Number.NEGATIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  let sending: Promise<void> = Promise.resolve();
  return {
    send: ({ progress, total, message }: McpProgress): void => {
      const nowMs = clock.monotonicMs();
      const isSoon = nowMs - lastMs < PROGRESS_INTERVAL_MS && progress < total;
      if (progress <= lastProgress || isSoon) return;
      lastProgress = progress;
      lastMs = nowMs;
      const params = { progressToken, progress, total, message };
      // A client that is gone misses its progress: its end is told elsewhere.
      sending = mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
    },
    sent: () => sending,
  };
}
