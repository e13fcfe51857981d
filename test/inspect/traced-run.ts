// Owns the run that the tests of traces look at: 20 steps, of which some are tried again, fail, are skipped and cancelled.

import type { RunHistory } from '../../src/journal/run-history.ts';
import { createGate, type TestEngine } from '../engine/support.ts';

const RETRY = { initialIntervalMs: 1, backoff: 1, jitter: 0 };
/** Of these the actors live at some time: what is skipped is never an actor. */
export const ACTOR_TASKS = 18;

/** Runs it to its end; `inTheMiddle` is called when its two cancelled steps have begun, the others being under way. */
export async function runTwenty({ engine }: TestEngine, inTheMiddle: () => void = () => {}): Promise<RunHistory> {
  const gate = createGate(engine);
  const echoes = Array.from({ length: 10 }, (_, index) => ({
    name: `echo${index}`,
    module: 'core',
    action: 'echo',
    parameters: { message: `number ${index}` },
    dependencies: index < 5 ? [] : [`echo${index - 5}`],
  }));
  const fail = (name: string, parameters: object, more: object = {}) => ({
    name,
    module: 'core',
    action: 'fail',
    parameters: { message: `${name} says no`, ...parameters },
    retry: RETRY,
    ...more,
  });
  engine.workflows.createWorkflow('twenty', [
    ...echoes,
    fail('again1', { times: 1 }, { maxRetries: 3 }),
    fail('again2', { times: 2 }, { maxRetries: 3 }),
    fail('again3', { times: 1 }, { maxRetries: 1 }),
    fail('never', {}, { maxRetries: 1 }),
    fail('optional', {}, { required: false }),
    { name: 'skipped1', module: 'core', action: 'noop', dependencies: ['never'] },
    { name: 'skipped2', module: 'core', action: 'noop', dependencies: ['skipped1'] },
    { name: 'held1', ...gate.task('held1') },
    { name: 'held2', ...gate.task('held2') },
    {
      name: 'last',
      module: 'core',
      action: 'echo',
      parameters: { message: 'last' },
      dependencies: ['echo9', 'again1'],
    },
  ]);
  const run = engine.startWorkflow('twenty');
  await Promise.all([gate.entered('held1'), gate.entered('held2')]);
  inTheMiddle();
  run.cancelTask('held1', 'not needed');
  run.cancelTask('held2', 'not needed');
  await run.result();
  const history = engine.getRunHistory(run.runId);
  if (history === undefined) throw new Error('the run is not on record');
  return history;
}

/** How each task ended that was an actor, from the journal. */
export function endingsOf({ tasks }: RunHistory): Record<string, string> {
  return Object.fromEntries(
    [...tasks].filter(([, { status }]) => status !== 'skipped').map(([name, { status }]) => [name, status]),
  );
}
