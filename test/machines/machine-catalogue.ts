// Owns the list of all machines with what a walk needs of each: an input, its events in every variant that a guard or an
// assign tells apart, and the effects that are given to it. What can be read off the machine is read off it, so that a
// new event or effect is walked without a change here; a new machine without an entry fails a test.

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AnyStateMachine, EventObject } from 'xstate';
import { dispatcherMachine } from '../../src/machines/dispatcher-machine.ts';
import { type JournalEvent, journalMachine } from '../../src/machines/journal-machine.ts';
import { projectMachine } from '../../src/machines/project-machine.ts';
import { type ResourceManagerEvent, resourceManagerMachine } from '../../src/machines/resource-manager-machine.ts';
import { type SessionEvent, sessionMachine } from '../../src/machines/session-machine.ts';
import { type WorkerPoolEvent, workerPoolMachine } from '../../src/machines/worker-pool-machine.ts';
import { type WorkflowEvent, workflowMachine } from '../../src/machines/workflow-machine.ts';
import type { WalkOptions } from './machine-walk.ts';
import { TASK_EVENTS, taskWalk } from './task-walk.ts';

export const MACHINES_FOLDER = fileURLToPath(new URL('../../src/machines/', import.meta.url));

export interface MachineCase extends WalkOptions<AnyStateMachine> {
  /** In src/machines. */
  readonly file: string;
}

/** Files of machines, as they lie in the folder. */
export function machineFiles(): string[] {
  return readdirSync(MACHINES_FOLDER)
    .filter((name) => name.endsWith('-machine.ts'))
    .sort();
}

/** What `provide` gives to a machine: its actions that do not assign. */
export function effectsOf(machine: AnyStateMachine): string[] {
  return Object.entries(machine.implementations.actions).flatMap(([name, action]) =>
    typeof action === 'function' && Reflect.get(action, 'type') === 'xstate.assign' ? [] : [name],
  );
}

function entry(file: string, machine: AnyStateMachine, variants: readonly EventObject[], input?: unknown): MachineCase {
  const known = new Set(variants.map(({ type }) => type));
  const plain = machine.events.filter((type) => !known.has(type)).map((type) => ({ type }));
  return { file, machine, input, events: [...variants, ...plain], effects: effectsOf(machine) };
}

const WORKFLOW_EVENTS: readonly WorkflowEvent[] = [
  { type: 'run.cancel', reason: 'enough' },
  { type: 'run.tasks-ended', failed: 0, cancelled: 0 },
  { type: 'run.tasks-ended', failed: 0, cancelled: 1 },
  { type: 'run.tasks-ended', failed: 2, cancelled: 0 },
];
const SESSION_EVENTS: readonly SessionEvent[] = [{ type: 'session.cancel', reason: 'enough' }];
const POOL_EVENTS: readonly WorkerPoolEvent[] = [
  { type: 'pool.failed', reason: 'no thread' },
  { type: 'pool.died', reason: 'all gone' },
];
const JOURNAL_EVENTS: readonly JournalEvent[] = [{ type: 'journal.failed', reason: 'disk full' }];
const RESOURCE_EVENTS: readonly ResourceManagerEvent[] = [{ type: 'resource.thread-exited', threadId: 7 }];

export const dispatcherCase = entry('dispatcher-machine.ts', dispatcherMachine, []);
export const journalCase = entry('journal-machine.ts', journalMachine, JOURNAL_EVENTS);
export const projectCase = entry('project-machine.ts', projectMachine, []);
export const resourceManagerCase = entry('resource-manager-machine.ts', resourceManagerMachine, RESOURCE_EVENTS);
export const sessionCase = entry('session-machine.ts', sessionMachine, SESSION_EVENTS, { sessionId: 'session' });
export const workerPoolCase = entry('worker-pool-machine.ts', workerPoolMachine, POOL_EVENTS);
export const workflowCase = entry('workflow-machine.ts', workflowMachine, WORKFLOW_EVENTS, { runId: 'run' });

const walked = taskWalk(2);
export const taskCase: MachineCase = {
  ...entry('task-machine.ts', walked.machine, TASK_EVENTS, walked.input),
  isFarEnough: walked.isFarEnough,
};

export const MACHINE_CASES: readonly MachineCase[] = [
  dispatcherCase,
  journalCase,
  projectCase,
  resourceManagerCase,
  sessionCase,
  taskCase,
  workerPoolCase,
  workflowCase,
];
