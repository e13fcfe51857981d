// Owns the server as a process of its own for tests: the real command, spoken to line by line, with everything it prints.

import type { ChildProcess } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { ended, startYardmaster as startCommand } from '../cli/bin.ts';
import { INITIALIZE } from './mcp-clients.ts';

const ANSWER = z.looseObject({
  id: z.union([z.string(), z.number()]).nullish(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.looseObject({ code: z.number(), message: z.string() }).optional(),
});
type Answer = z.infer<typeof ANSWER>;

/** What a process has printed so far: whole lines of stdout, and all of stderr. */
function printedBy(child: ChildProcess) {
  const lines: string[] = [];
  let rest = '';
  let told = '';
  child.stdout?.on('data', (chunk) => {
    const parts = `${rest}${String(chunk)}`.split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  child.stderr?.on('data', (chunk) => {
    told += String(chunk);
  });
  return { answers: (): Answer[] => lines.map((line) => ANSWER.parse(JSON.parse(line))), told: () => told };
}

async function seen<Found>(find: () => Found | undefined): Promise<Found> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The command with the streams of its process; killed with the test. */
export function startMcp(cwd: string, args: readonly string[] = []) {
  const child = startCommand(['mcp', '--workers', '1', ...args], { cwd });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const { answers, told } = printedBy(child);
  child.stdin?.on('error', () => {});
  const end = ended(child);
  let next = 100;
  const send = (message: object | string): void => {
    child.stdin?.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
  };
  const answerOf = (id: number) => seen(() => answers().find((answer) => answer.id === id));
  return {
    child,
    end,
    send,
    answers,
    /** Waits until stderr holds a text. */
    tells: (text: string) => seen(() => (told().includes(text) ? told() : undefined)),
    /** Sends a request and gives its answer. */
    ask: async (method: string, params: object = {}): Promise<Answer> => {
      const id = next++;
      send({ jsonrpc: '2.0', id, method, params });
      return await answerOf(id);
    },
    greet: async (): Promise<Answer> => {
      send(INITIALIZE);
      const answer = await answerOf(INITIALIZE.id);
      send({ jsonrpc: '2.0', method: 'notifications/initialized' });
      return answer;
    },
  };
}

/** The arguments of a `tools/call`. */
export function call(name: string, args: object): { name: string; arguments: object } {
  return { name, arguments: args };
}
