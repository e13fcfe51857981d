// Owns one protocol server made of lists: tools, resources and prompts become the answers to the protocol's requests, and
// changes become its notifications. It serves one connection, session or request of either era and knows no transport.
// What a tool or resource is about is not known here; a server for tests is made of this very code with other lists.

import {
  type CallToolResult,
  type CompleteResult,
  type GetPromptResult,
  type InputRequiredResult,
  type McpRequestContext,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
  ResourceNotFoundError,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { NearNames, suggestion } from '../domain/near-name.ts';
import { messageOf } from '../domain/runtime-error.ts';
import type { ChangeFeed, ServerChange } from './change-feed.ts';
import type { McpToolDefinition } from './mcp-tool.ts';
import { UriPattern, type UriVariables } from './uri-pattern.ts';

/** Addresses a client may subscribe to, in one session. */
const MOST_SUBSCRIPTIONS = 1_000;
/** Values given back by a completion, as the protocol bounds them. */
const MOST_COMPLETIONS = 100;

/** A tool as the server offers it; annotations and an output schema may be missing. */
export type ServedTool = Pick<McpToolDefinition, 'name' | 'description' | 'inputSchema'> &
  Partial<Pick<McpToolDefinition, 'title' | 'outputSchema' | 'annotations'>> & {
    /** What it throws becomes an error result. */
    call(args: unknown, context: ServerContext): Promise<CallToolResult | InputRequiredResult>;
  };

/** One resource, or a family of them with `{variables}` in its address. */
export interface ServedResource {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly uri: string;
  readonly mimeType: string;
  /** Members of a family that exist: some of them, when there are too many. */
  readonly list?: () => Promise<readonly Pick<Resource, 'uri' | 'name' | 'title' | 'description'>[]>;
  /** By variable: values that begin with a text. */
  readonly complete?: Readonly<Record<string, (start: string) => Promise<readonly string[]>>>;
  /** undefined: there is no such resource. */
  read(uri: string, variables: UriVariables): Promise<ReadResourceResult['contents'] | undefined>;
}

export interface ServedPromptArgument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly complete?: (start: string) => Promise<readonly string[]>;
}

export interface ServedPrompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly ServedPromptArgument[];
  get(args: Readonly<Record<string, string>>): Promise<GetPromptResult>;
}

/** All that a server is made of. */
export interface ServerParts {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly instructions: string;
  readonly tools: readonly ServedTool[];
  readonly resources: readonly ServedResource[];
  readonly prompts: readonly ServedPrompt[];
  /** What changes, for those who subscribed. */
  readonly changes?: ChangeFeed;
}

/** What the transport says of the connection it makes a server for. */
export interface ServerOptions {
  readonly era: McpRequestContext['era'];
  /**
   * Whether this server itself passes changes on, until it is closed. A server for a single request does not: the handler
   * above it holds the subscriptions.
   */
  readonly notifies: boolean;
}

/** A server for one connection, session or request. */
export function createMcpServer(parts: ServerParts, options: ServerOptions): McpServer {
  const { name, title, version, instructions } = parts;
  const server = new McpServer(
    { name, title, version },
    {
      instructions,
      capabilities: {
        tools: { listChanged: false },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: false },
        completions: {},
        logging: {},
      },
    },
  );
  serveTools(server, parts.tools);
  serveResources(server, parts.resources);
  servePrompts(server, parts.prompts);
  serveCompletions(server, parts);
  serveSubscriptions(server, parts, options);
  return server;
}

function serveTools({ server }: McpServer, tools: readonly ServedTool[]): void {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const list = tools.map(({ call: _call, ...definition }) => definition);
  server.setRequestHandler('tools/list', () => ({ tools: list }));
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = byName.get(params.name);
    if (tool === undefined) throw unknownName('tool', params.name, byName.keys());
    try {
      return await tool.call(params.arguments ?? {}, context);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      return { content: [{ type: 'text', text: messageOf(error) }], isError: true };
    }
  });
}

function serveResources({ server }: McpServer, resources: readonly ServedResource[]): void {
  const patterns = resources.map((resource) => ({ resource, pattern: new UriPattern(resource.uri) }));
  server.setRequestHandler('resources/list', async () => {
    const lists = patterns.map(async ({ resource, pattern }) => {
      const { name, title, description, uri, mimeType, list } = resource;
      if (pattern.isFixed) return [{ name, title, description, uri, mimeType }];
      const members = await list?.();
      return (members ?? []).map((member) => ({ mimeType, ...member }));
    });
    return { resources: (await Promise.all(lists)).flat() };
  });
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: patterns
      .filter(({ pattern }) => !pattern.isFixed)
      .map(({ resource: { name, title, description, uri, mimeType } }) => {
        return { name, title, description, uriTemplate: uri, mimeType };
      }),
  }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => {
    for (const { resource, pattern } of patterns) {
      const variables = pattern.match(uri);
      const contents = variables === undefined ? undefined : await resource.read(uri, variables);
      if (contents !== undefined) return { contents };
    }
    throw new ResourceNotFoundError(uri, `no resource ${uri}; resources/list and resources/templates/list say what is`);
  });
}

function servePrompts({ server }: McpServer, prompts: readonly ServedPrompt[]): void {
  const byName = new Map(prompts.map((prompt) => [prompt.name, prompt]));
  server.setRequestHandler('prompts/list', () => ({
    prompts: prompts.map(({ name, title, description, arguments: given }) => ({
      name,
      title,
      description,
      arguments: given.map(({ name, description, required }) => ({ name, description, required })),
    })),
  }));
  server.setRequestHandler('prompts/get', async ({ params }) => {
    const prompt = byName.get(params.name);
    if (prompt === undefined) throw unknownName('prompt', params.name, byName.keys());
    const args = params.arguments ?? {};
    const missing = prompt.arguments.filter(({ name, required }) => required && !Object.hasOwn(args, name));
    if (missing.length > 0) {
      const names = missing.map(({ name }) => name).join(', ');
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `prompt ${prompt.name} needs ${names}; give it as text`);
    }
    return await prompt.get(args);
  });
}

function serveCompletions({ server }: McpServer, { prompts, resources }: ServerParts): void {
  server.setRequestHandler('completion/complete', async ({ params: { ref, argument } }): Promise<CompleteResult> => {
    let complete: ((start: string) => Promise<readonly string[]>) | undefined;
    if (ref.type === 'ref/prompt') {
      const prompt = prompts.find(({ name }) => name === ref.name);
      if (prompt === undefined) {
        const names = prompts.map(({ name }) => name);
        throw unknownName('prompt', ref.name, names);
      }
      complete = prompt.arguments.find(({ name }) => name === argument.name)?.complete;
    } else {
      const resource = resources.find(({ uri }) => uri === ref.uri);
      if (resource === undefined) throw new ResourceNotFoundError(ref.uri, `no resource template ${ref.uri}`);
      complete = own(resource.complete, argument.name);
    }
    const values = (await complete?.(argument.value)) ?? [];
    return {
      completion: {
        values: values.slice(0, MOST_COMPLETIONS),
        total: values.length,
        hasMore: values.length > MOST_COMPLETIONS,
      },
    };
  });
}

// The older era subscribes to one address after the other; in the newer one the connection's entry filters by itself.
function serveSubscriptions(mcp: McpServer, { changes }: ServerParts, { era, notifies }: ServerOptions): void {
  const { server } = mcp;
  const subscribed = new Set<string>();
  server.setRequestHandler('resources/subscribe', ({ params: { uri } }) => {
    if (subscribed.size >= MOST_SUBSCRIPTIONS && !subscribed.has(uri)) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `more than ${MOST_SUBSCRIPTIONS} subscriptions; unsubscribe from some first`,
      );
    }
    subscribed.add(uri);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
    subscribed.delete(uri);
    return {};
  });
  if (changes === undefined || !notifies) return;
  const stop = changes.subscribe((change: ServerChange) => {
    if (!mcp.isConnected()) return;
    if (change.kind === 'resources_list_changed') void server.sendResourceListChanged().catch(ignore);
    else if (era === 'modern' || subscribed.has(change.uri)) {
      void server.sendResourceUpdated({ uri: change.uri }).catch(ignore);
    }
  });
  const before = server.onclose;
  server.onclose = () => {
    stop();
    before?.();
  };
}

// A notification that reaches nobody any more is no fault: the connection's own end is told elsewhere.
function ignore(): void {}

function own<Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function unknownName(what: 'tool' | 'prompt', name: string, known: Iterable<string>): ProtocolError {
  const names = [...known];
  const hint = suggestion(new NearNames(names).nearest(name));
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `no ${what} ${JSON.stringify(name.slice(0, 200))}${hint}; there are ${names.join(', ')}`,
  );
}
