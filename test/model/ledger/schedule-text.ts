// Owns how a schedule is told to people: a line a step, with the thread, the operation by the names of the layout, and
// what it gave.

import type { Step } from './model-steps.ts';
import type { Operation, Result } from './operations.ts';
import type { Program } from './scenario.ts';
import { wordName } from './word-names.ts';

/** One line a step; steps that only look at what never changes are left out. */
export function scheduleText(steps: readonly Step[], programs: readonly Program[]): string[] {
  const width = Math.max(...programs.map(({ name }) => name.length));
  return steps
    .filter(({ operation }) => operation?.kind !== 'settle')
    .map(({ thread, what, operation, result }, i) => {
      const name = (programs[thread]?.name ?? '').padEnd(width);
      const told = what === 'step' && operation !== null ? operationText(operation, result) : what;
      return `${String(i + 1).padStart(4)}  ${name}  ${told}`;
    });
}

function operationText(operation: Operation, result: Result): string {
  switch (operation.kind) {
    case 'load':
    case 'peek':
      return `${operation.kind} ${wordName(operation.word)} → ${shown(result)}`;
    case 'store':
    case 'poke':
    case 'exchange':
    case 'add':
    case 'or':
    case 'and':
      return `${operation.kind} ${wordName(operation.word)} ${shown(operation.value)}${before(operation.kind, result)}`;
    case 'compareExchange': {
      const { word, expected, value } = operation;
      const how = result === expected ? 'exchanged' : `found ${shown(result)}, nothing changed`;
      return `compareExchange ${wordName(word)} ${shown(expected)} → ${shown(value)}: ${how}`;
    }
    case 'notify':
      return `notify ${wordName(operation.word)}: ${shown(result)} woken`;
    case 'wait':
    case 'waitAsync':
      return `${operation.kind} ${wordName(operation.word)} while ${shown(operation.value)}: ${shown(result)}`;
    case 'spin':
      return `spins until ${wordName(operation.word)} is not ${shown(operation.value)}`;
    case 'turn':
      return `event loop: ${shown(result)}`;
    case 'choose':
      return `chooses ${shown(result)}`;
    case 'post':
      return `posts ${JSON.stringify(operation.message)}`;
    case 'condemn':
      return `asks for the end of thread ${operation.threadId}`;
    default:
      return operation.kind;
  }
}

function before(kind: string, result: Result): string {
  return kind === 'store' || kind === 'poke' ? '' : ` (was ${shown(result)})`;
}

// A negative word of USED is units with the awaited bit.
function shown(result: Result): string {
  if (typeof result === 'object') return JSON.stringify(result);
  if (typeof result === 'number' && result < -0x4000_0000) return `${result & 0x7fff_ffff}+AWAITED`;
  return String(result);
}
