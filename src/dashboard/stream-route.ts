// Owns the streams that are open: which client hears of what, how many there may be, and their end. Each has one listener
// at the source, let go of when the client leaves, however it leaves.

import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Clock, TimerService } from '../domain/clock.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { DashboardSource, Interest } from './dashboard-source.ts';
import { EventStream } from './event-stream.ts';
import { parsed, queryOf, refusal } from './fault-answers.ts';

/** Streams at once; a page has one. */
export const MOST_STREAMS = 16;
const RETRY_SECONDS = 5;
const TOPICS = ['runs', 'system', 'tree'] as const;
const topics = z.array(z.enum(TOPICS));
const streamQuery = z.strictObject({
  run: z.string().min(1).optional(),
  timeline: z.enum(['0', '1']).optional(),
  task: z.string().min(1).optional(),
  topics: z.string().optional(),
});

export interface StreamsOptions {
  readonly timers: TimerService & Clock;
  readonly onError: (error: unknown) => void;
}

export class OpenStreams {
  readonly #source: DashboardSource;
  readonly #options: StreamsOptions;
  readonly #streams = new Set<EventStream>();

  constructor(source: DashboardSource, options: StreamsOptions) {
    this.#source = source;
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Answers with a stream that goes on until one side leaves. @throws RuntimeError ARGUMENT_INVALID, and what the source throws */
  answer(context: Context, output: ServerResponse): Response {
    const interest = interestOf(context);
    if (this.#streams.size >= MOST_STREAMS) {
      context.header('Retry-After', String(RETRY_SECONDS));
      return refusal(context, 503, `${MOST_STREAMS} pages are open already; close one`);
    }
    let stopListening = (): void => {};
    const stream = new EventStream(output, {
      ...this.#options,
      onClose: () => {
        this.#streams.delete(stream);
        stopListening();
      },
    });
    stopListening = this.#source.listen(interest, {
      runs: (data) => stream.put({ kind: 'runs', data }),
      run: (data) => stream.put({ kind: 'run', data }),
      task: (data) => stream.put({ kind: 'task', data }),
      system: (data) => stream.put({ kind: 'system', data }),
      tree: (data) => stream.put({ kind: 'tree', data }),
    });
    // The client may have left while the source looked up what it wants.
    if (output.destroyed) stopListening();
    else {
      this.#streams.add(stream);
      output.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' });
      stream.open();
    }
    return RESPONSE_ALREADY_SENT;
  }

  /** Ends every stream with a word for people. */
  end(message: string): void {
    for (const stream of this.#streams) stream.end(message);
  }
}

function interestOf(context: Context): Interest {
  const { run, timeline, task, topics: list = '' } = queryOf(context, streamQuery);
  const wanted = parsed(list === '' ? [] : list.split(','), topics, 'topics');
  if (run === undefined && (timeline === '1' || task !== undefined)) {
    throw new RuntimeError('ARGUMENT_INVALID', 'timeline and task belong to a run; name it with run=');
  }
  return {
    runs: wanted.includes('runs'),
    system: wanted.includes('system'),
    tree: wanted.includes('tree'),
    run: run === undefined ? null : { runId: run, timeline: timeline === '1', task: task ?? null },
  };
}
