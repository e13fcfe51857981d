// A program's own supervision tree: a meter that must always run, and jobs that come and go under a supervisor of their
// own. Inside the project it imports the source; yours says `from 'yardmaster'`.

import { assign, fromPromise, setup } from 'xstate';
import { PlannedShutdown, startSupervisor, supervisorLogic, supervisorOf } from '../../src/index.ts';

// Any XState logic may be a child. This machine crashes on a bad reading.
const meter = setup({
  types: {} as { context: { sum: number }; events: { type: 'reading'; value: number } },
}).createMachine({
  context: { sum: 0 },
  on: {
    reading: {
      actions: assign(({ context, event }) => {
        if (!Number.isFinite(event.value)) throw new Error(`a reading of ${event.value}`);
        return { sum: context.sum + event.value };
      }),
    },
  },
});

const job = fromPromise<string, string>(async ({ input }) => {
  if (input === 'empty') throw new PlannedShutdown('nothing to do');
  return `${input} done`;
});

const supervisor = startSupervisor({ strategy: 'rest_for_one', intensity: 3, periodMs: 5_000 }, [
  { id: 'meter', start: () => ({ logic: meter }) },
  {
    id: 'jobs',
    type: 'supervisor',
    start: () => ({
      logic: supervisorLogic({ strategy: 'simple_one_for_one' }, [
        { id: 'job', restart: 'transient', start: (name) => ({ logic: job, input: name }) },
      ]),
    }),
  },
]);

// Children of the template are started with arguments for its `start`.
const jobs = supervisorOf(supervisor.child('jobs'));
jobs.startChildNow('sweep');
jobs.startChildNow('empty');
console.log('jobs that run:', jobs.countChildren().active);
await new Promise((resolve) => setImmediate(resolve));
// Both have ended, one with its work done and one as planned: neither is a crash, and a transient child is let go.
console.log('jobs that run:', jobs.countChildren().active);

// A crash: the meter is made anew, and what was started after it with it.
const before = supervisor.child('meter');
before?.send({ type: 'reading', value: Number.NaN });
await new Promise((resolve) => setImmediate(resolve));
const after = supervisor.child('meter');
after?.send({ type: 'reading', value: 4 });
console.log('a new meter:', after !== before, after?.getSnapshot().context);

// The end: children stop in reverse order, and nothing keeps the process alive.
console.log(await supervisor.stop());
