// Owns the one way to change something through the dashboard: a small JSON body, checked against the contract as a whole
// before the source hears of it. What is malformed does nothing.

import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import type { DashboardSource } from './dashboard-source.ts';
import { parsed, refusal } from './fault-answers.ts';
import { actionRequest } from './wire.ts';

/** An action is some ids and a sentence. */
export const MOST_BODY_BYTES = 64 * 1024;

/** @throws RuntimeError ARGUMENT_INVALID, and why the source refuses */
export async function answerAction(
  context: Context,
  source: DashboardSource,
  body: IncomingMessage,
): Promise<Response> {
  const text = await textWithin(body, MOST_BODY_BYTES);
  if (text === undefined) return refusal(context, 413, `a body of more than ${MOST_BODY_BYTES} bytes is not taken`);
  const action = parsed(parsedJson(text), actionRequest, 'the action');
  return context.json(await source.act(action));
}

// undefined: too long. Whoever serves lets the rest pass by, so that the client reads the answer before the line is cut.
async function textWithin(body: IncomingMessage, limit: number): Promise<string | undefined> {
  if (Number(body.headers['content-length'] ?? 0) > limit) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  body.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= limit) chunks.push(chunk);
    else resolve(undefined);
  });
  body.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  body.on('error', reject);
  body.on('close', () =>
    reject(new RuntimeError('DASHBOARD_REFUSED', 'the client left before its request was complete')),
  );
  return await promise;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RuntimeError('ARGUMENT_INVALID', `the body is no JSON: ${messageOf(cause)}`);
  }
}
