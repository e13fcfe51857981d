// The tour's program: the same runtime from code. Inside the project it imports the source; yours says `from 'yardmaster'`.

import { OrchestrationEngine, TaskPriority } from '../../src/index.ts';

await using engine = await OrchestrationEngine.create({ tasksDirs: ['examples/tour/tasks'], dataDir: ':memory:' });

engine.registerEventHandler('task.retrying', ({ task, data }) =>
  console.log(`${task} is tried again in ${data.delayMs} ms`),
);

// A workflow: three steps, the last one waits for the others because it refers to their outputs.
engine.workflows.createWorkflow('primes', [
  { name: 'low', module: 'primes', action: 'count', parameters: { from: 0, to: 50_000 } },
  { name: 'high', module: 'primes', action: 'count', parameters: { from: 50_000, to: 100_000 } },
  { name: 'sum', module: 'primes', action: 'sum', parameters: { counts: ['{{low.output}}', '{{high.output}}'] } },
]);
const execution = await engine.executeWorkflow('primes');
console.log(execution.status, execution.outputs.sum);

// A single task with a priority and retries.
const flaky = engine.submitTask({
  module: 'core',
  action: 'fail',
  parameters: { message: 'the first attempt always fails', times: 1 },
  priority: TaskPriority.HIGH,
  maxRetries: 2,
  retry: { initialIntervalMs: 20 },
});
console.log((await engine.waitForTask(flaky)).status);

// A busy loop, cancelled: its thread is ended, its capacity is back, the next task runs.
const stuck = engine.submitTask({ module: 'primes', action: 'forever', resources: { 'sys-compute': 1 } });
engine.registerEventHandler('task.started', ({ taskId }) => taskId === stuck && engine.tasks.cancelTask(stuck));
console.log((await engine.waitForTask(stuck)).status, engine.resources.getUsage('sys-compute').current);
