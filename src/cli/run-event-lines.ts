// Owns the words for each event of a run: the line that scrolls by on a terminal, and the plain one for a pipe.

import type { RuntimeEvent } from '../domain/events.ts';
import { durationText } from './duration-text.ts';
import { describeError } from './error-lines.ts';
import { atMsOf, errorOf, numberOf, textOf } from './event-data.ts';
import { toPrintableLine } from './printable-text.ts';
import { endedTasks, type RunViewState } from './run-view-state.ts';
import type { StyleName } from './text-style.ts';

/** One line about an event. */
export interface EventLine {
  readonly mark: string;
  readonly style: StyleName;
  /** One word for the plain form. */
  readonly word: string;
  readonly text: string;
}

/** What to say about an event; undefined for those that only move numbers. `before` is the state ahead of it. */
export function eventLine(event: RuntimeEvent, before: RunViewState): EventLine | undefined {
  const task = toPrintableLine(event.task ?? '');
  switch (event.type) {
    case 'workflow.started':
      return takenOverLine(event, before);
    case 'workflow.recovered':
      return line('↻', 'active', 'resumed', `${endedTasks(before)} of ${before.totalTasks} tasks were done before`);
    case 'task.completed':
      return line('✓', 'good', 'completed', `${task}${tookText(event, before, ' in ')}`);
    case 'task.failed':
      return line('✗', 'bad', 'failed', `${task}${tookText(event, before, ' after ')}: ${reasonText(event)}`);
    case 'task.retrying':
      return line('↻', 'warning', 'retrying', `${task}: ${reasonText(event)}${againText(event)}`);
    case 'task.skipped':
      return line('-', 'warning', 'skipped', `${task}: ${reasonText(event)}`);
    case 'task.cancelled':
      return line('-', 'warning', 'cancelled', `${task}: ${reasonText(event)}`);
    case 'task.log':
      return line('•', logStyle(event), 'log', `${task} ${textOf(event, 'level') ?? 'info'}: ${logText(event)}`);
    case 'worker.killed':
      return line('!', 'warning', 'thread', `thread ${threadOf(event)} was ended${taskOf(event)}`);
    case 'worker.warning':
      return line('!', 'warning', 'thread', textOf(event, 'message') ?? '');
    case 'handler.failed':
    case 'journal.failed':
    case 'supervisor.restarted': {
      const child = toPrintableLine(textOf(event, 'child') ?? 'an actor');
      return line('!', 'warning', 'engine', `${child} crashed and was restarted: ${reasonText(event)}`);
    }
    case 'supervisor.gave-up':
      return line('!', 'bad', 'engine', `${event.type}: ${reasonText(event)}`);
    default:
      return undefined;
  }
}

function line(mark: string, style: StyleName, word: string, text: string): EventLine {
  return { mark, style, word, text };
}

function takenOverLine(event: RuntimeEvent, before: RunViewState): EventLine | undefined {
  const adopted = numberOf(event, 'adopted');
  if (adopted === undefined) return undefined;
  const from = toPrintableLine(textOf(event, 'rerunOf') ?? 'an earlier run');
  return line('↻', 'active', 'taken over', `${adopted} of ${before.totalTasks} tasks were taken over from ${from}`);
}

function tookText(event: RuntimeEvent, before: RunViewState, joint: string): string {
  const startedAtMs = event.task === undefined ? undefined : before.running.get(event.task)?.startedAtMs;
  const tookMs = numberOf(event, 'durationMs') ?? (startedAtMs === undefined ? undefined : atMsOf(event) - startedAtMs);
  return tookMs === undefined ? '' : `${joint}${durationText(tookMs)}`;
}

function reasonText(event: RuntimeEvent): string {
  const error = errorOf(event);
  if (error !== undefined) return `${toPrintableLine(error.code)} ${describeError(error, false)}`;
  const reason = textOf(event, 'reason') ?? textOf(event, 'message') ?? textOf(event, 'code');
  return reason === undefined ? 'no reason given' : toPrintableLine(reason);
}

function againText(event: RuntimeEvent): string {
  const attempt = numberOf(event, 'attempt');
  const dueMs = numberOf(event, 'dueMs');
  const delayMs = numberOf(event, 'delayMs') ?? (dueMs === undefined ? undefined : dueMs - atMsOf(event));
  const which = attempt === undefined ? 'failed' : `attempt ${attempt} failed`;
  return delayMs === undefined ? `; ${which}, tried again` : `; ${which}, again in ${durationText(delayMs)}`;
}

function logText(event: RuntimeEvent): string {
  const { fields } = event.data;
  const message = toPrintableLine(textOf(event, 'message') ?? '');
  const shown = typeof fields === 'object' && fields !== null && Object.keys(fields).length > 0;
  return shown ? `${message} ${toPrintableLine(JSON.stringify(fields))}` : message;
}

function logStyle(event: RuntimeEvent): StyleName {
  const level = event.data.level;
  if (level === 'error') return 'bad';
  return level === 'warn' ? 'warning' : 'quiet';
}

function threadOf(event: RuntimeEvent): string {
  return String(numberOf(event, 'threadId') ?? '');
}

function taskOf(event: RuntimeEvent): string {
  return event.task === undefined ? '' : ` with task ${toPrintableLine(event.task)}`;
}
