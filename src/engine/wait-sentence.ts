// Owns the one sentence for each reason why a task waits: what people read in `show`, in events and in explanations.
// Pure. A sentence names things as people wrote them, gives amounts in their unit, and times on their own clock.

import { quoteName } from '../domain/near-name.ts';
import { assertNever } from '../domain/runtime-error.ts';
import type { ResourceWait, WaitReason } from '../domain/wait-reason.ts';

const MOST_NAMES = 4;
const LEVELS = ['critical', 'high', 'normal', 'low', 'background'] as const;
const DAY_MS = 86_400_000;

type Quota = Extract<WaitReason, { readonly kind: 'quota' }>;

/** One plain sentence, without a full stop. `nowMs` decides whether a time needs its day. */
export function waitSentence(reason: WaitReason, nowMs: number): string {
  switch (reason.kind) {
    case 'run-pending':
      return 'the run waits for its place';
    case 'run-paused':
      return 'the run is paused';
    case 'run-held':
      return 'the engine has not taken the run up';
    case 'dispatch-stopped':
      return 'the engine starts no tasks at the moment';
    case 'dependency':
      return dependencySentence(reason.tasks, reason.more);
    case 'retry':
      return `attempt ${reason.attempt} is due at ${clockText(reason.dueMs, nowMs)}`;
    case 'plan': {
      const last = Number.isFinite(reason.untilMs) ? `, at the latest until ${clockText(reason.untilMs, nowMs)}` : '';
      return `the plan keeps it back for tasks that come first${last}`;
    }
    case 'sequential':
      return reason.behind === null
        ? 'a sequential run does one thing at a time, and another task is under way'
        : `a sequential run does one thing at a time, and ${quoteName(reason.behind)} goes before it`;
    case 'run-limit':
      return `${underWay(reason.running)} in the run, and no more than ${reason.limit} may be`;
    case 'session-limit':
      return `${underWay(reason.running)} in the session, and no more than ${reason.limit} may be`;
    case 'concurrency':
      return `${underWay(reason.running)} with the concurrency key ${quoteName(reason.key)}, and no more than ${reason.limit} may be`;
    case 'resource':
      return resourceSentence(reason);
    case 'quota':
      return quotaSentence(reason, nowMs);
    case 'slot':
      return slotSentence(reason.level, reason.ahead);
    default:
      return assertNever(reason);
  }
}

function dependencySentence(tasks: readonly string[], more: number): string {
  const names = tasks.slice(0, MOST_NAMES).map(quoteName).join(', ');
  const others = Math.max(0, tasks.length - MOST_NAMES) + more;
  return `waits for ${names}${others > 0 ? ` and ${others} more` : ''}`;
}

function resourceSentence({ resourceId, needs, available, capacity, state, reservedFor }: ResourceWait): string {
  const name = quoteName(resourceId);
  switch (state) {
    case 'maintenance':
      return `needs ${needs} of ${name}, which is under maintenance`;
    case 'offline':
      return `needs ${needs} of ${name}, which is offline`;
    case 'too-small':
      return `needs ${needs} of ${name}, whose whole capacity is ${capacity} now`;
    case 'available':
      break;
    default:
      return assertNever(state);
  }
  const free = `needs ${needs} of ${name}, ${available === 0 ? 'none' : available} of ${capacity} is free`;
  if (reservedFor === null) return free;
  const first = quoteName(reservedFor);
  return available === 0 ? `${free}, and ${first} comes first` : `${free} and kept for ${first}`;
}

function quotaSentence({ resourceId, needs, available, capacity, refillAtMs }: Quota, nowMs: number): string {
  const has = `needs ${needs}, has ${available} of ${capacity}`;
  const name = `quota ${quoteName(resourceId)}`;
  return refillAtMs === null
    ? `${name} is short (${has})`
    : `${name} refills at ${clockText(refillAtMs, nowMs)} (${has})`;
}

function slotSentence(level: number, ahead: number): string {
  if (ahead === 0) return 'is the next to start when a thread comes free';
  const before = ahead === 1 ? '1 task goes before it' : `${ahead} tasks go before it`;
  return `waits for a free thread: ${before} (level ${LEVELS[level] ?? level})`;
}

function underWay(running: number): string {
  return running === 1 ? '1 task is under way' : `${running} tasks are under way`;
}

/** `14:03:07`, with the day when it is not within a day; local time. */
function clockText(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (Math.abs(atMs - nowMs) < DAY_MS) return clock;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
}
