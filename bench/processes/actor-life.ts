// Owns the task actor that the benches of actors measure: the engine's own machine in either form, with effects that do
// nothing, under a registry like that of a run, and the three events of its life.

import { ActorRegistry } from '../../src/actors/actor-registry.ts';
import type { TaskLogic } from '../../src/actors/task-record.ts';
import { compileMachine } from '../../src/machines/machine-compiler.ts';
import { type TaskEvent, type TaskMachineInput, taskMachine } from '../../src/machines/task-machine.ts';

const nothing = (): void => {};

// As the engine provides them, so that neither form gets away without the call.
const machine = taskMachine.provide({
  actions: {
    enqueue: nothing,
    dequeue: nothing,
    startAttempt: nothing,
    endAttempt: nothing,
    stopAttempt: nothing,
    scheduleRetry: nothing,
    unscheduleRetry: nothing,
  },
});

/** The logic of a task actor in one form. */
export function taskLogic(form: 'interpreted' | 'compiled'): TaskLogic {
  return form === 'compiled' ? compileMachine(machine) : machine;
}

export function taskInput(key: number): TaskMachineInput {
  return { key, attempts: 0, maxAttempts: 1, timeoutMs: null, nonRetryable: [] };
}

/** What an actor is told in its life: its one attempt starts, runs out of time, and has ended. */
export const LIFE: readonly TaskEvent[] = [
  { type: 'task.start' },
  { type: 'task.deadline' },
  { type: 'attempt.completed', output: null },
];

/** A registry that counts the ends of its children. */
export function countingRegistry(counts: { done: number }): ActorRegistry<TaskLogic> {
  return ActorRegistry.start<TaskLogic>({
    id: 'tasks',
    childId: 'task',
    onDone: () => {
      counts.done += 1;
    },
    onError: (_child, error) => {
      throw error;
    },
  });
}
