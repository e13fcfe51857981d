// Checks the sentence for each reason why a task waits.

import { expect, test } from 'vitest';
import type { WaitReason } from '../../src/domain/wait-reason.ts';
import { waitSentence } from '../../src/engine/wait-sentence.ts';

const NOW_MS = new Date(2026, 10, 22, 14, 3, 0).getTime();
const GPU = { kind: 'resource', resourceId: 'gpu', needs: 3, available: 1, capacity: 4, state: 'available' } as const;
const API = { kind: 'quota', resourceId: 'api', needs: 2, available: 0, capacity: 50 } as const;

const SENTENCES: readonly (readonly [WaitReason, string])[] = [
  [{ kind: 'run-pending' }, 'the run waits for its place'],
  [{ kind: 'run-paused' }, 'the run is paused'],
  [{ kind: 'run-held' }, 'the engine has not taken the run up'],
  [{ kind: 'dispatch-stopped' }, 'the engine starts no tasks at the moment'],
  [{ kind: 'dependency', tasks: ['extract'], more: 0 }, 'waits for "extract"'],
  [{ kind: 'dependency', tasks: ['a', 'b', 'c', 'd', 'e'], more: 7 }, 'waits for "a", "b", "c", "d" and 8 more'],
  [{ kind: 'retry', dueMs: NOW_MS + 7_000, attempt: 2 }, 'attempt 2 is due at 14:03:07'],
  [{ kind: 'retry', dueMs: NOW_MS + 86_400_000, attempt: 2 }, 'attempt 2 is due at 2026-11-23 14:03:00'],
  [
    { kind: 'plan', untilMs: NOW_MS + 60_000 },
    'the plan keeps it back for tasks that come first, at the latest until 14:04:00',
  ],
  [{ kind: 'plan', untilMs: Number.POSITIVE_INFINITY }, 'the plan keeps it back for tasks that come first'],
  [{ kind: 'sequential', behind: 'load' }, 'a sequential run does one thing at a time, and "load" goes before it'],
  [{ kind: 'sequential', behind: null }, 'a sequential run does one thing at a time, and another task is under way'],
  [{ kind: 'run-limit', limit: 1, running: 1 }, '1 task is under way in the run, and no more than 1 may be'],
  [{ kind: 'session-limit', limit: 5, running: 5 }, '5 tasks are under way in the session, and no more than 5 may be'],
  [
    { kind: 'concurrency', key: 'db', limit: 2, running: 2 },
    '2 tasks are under way with the concurrency key "db", and no more than 2 may be',
  ],
  [{ ...GPU, reservedFor: null }, 'needs 3 of "gpu", 1 of 4 is free'],
  [{ ...GPU, reservedFor: 'render' }, 'needs 3 of "gpu", 1 of 4 is free and kept for "render"'],
  [{ ...GPU, available: 0, reservedFor: null }, 'needs 3 of "gpu", none of 4 is free'],
  [{ ...GPU, available: 0, reservedFor: 'render' }, 'needs 3 of "gpu", none of 4 is free, and "render" comes first'],
  [{ ...GPU, state: 'maintenance', reservedFor: null }, 'needs 3 of "gpu", which is under maintenance'],
  [{ ...GPU, state: 'offline', reservedFor: null }, 'needs 3 of "gpu", which is offline'],
  [{ ...GPU, capacity: 2, state: 'too-small', reservedFor: null }, 'needs 3 of "gpu", whose whole capacity is 2 now'],
  [{ ...API, refillAtMs: NOW_MS + 7_000 }, 'quota "api" refills at 14:03:07 (needs 2, has 0 of 50)'],
  [{ ...API, refillAtMs: null }, 'quota "api" is short (needs 2, has 0 of 50)'],
  [{ kind: 'slot', level: 2, ahead: 0 }, 'is the next to start when a thread comes free'],
  [{ kind: 'slot', level: 2, ahead: 1 }, 'waits for a free thread: 1 task goes before it (level normal)'],
  [{ kind: 'slot', level: 0, ahead: 2 }, 'waits for a free thread: 2 tasks go before it (level critical)'],
];

test.each(SENTENCES)('%j', (reason, sentence) => {
  expect(waitSentence(reason, NOW_MS)).toBe(sentence);
});
