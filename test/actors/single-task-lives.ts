// Owns lives of single tasks over one journal: a life goes on from the facts that earlier ones left, as after a crash
// that kept exactly those. Bodies behave by what is on record, so that a repeated attempt does what the lost one did.

import type { Fact } from '../../src/domain/facts.ts';
import type { TaskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { foldRun } from '../../src/journal/run-history.ts';
import { createMemoryJournal } from '../../src/journal/stores/memory.ts';
import { type RuntimeHarness, type StepFacts, specOf, turn } from './runtime-harness.ts';

/** A task of a program; the place in the list is its name. */
export interface PlannedTask extends StepFacts {
  /** Places of earlier tasks. */
  readonly needs: readonly number[];
  /** Attempts on record that fail before one completes. */
  readonly failures: number;
}

export function nameAt(place: number): string {
  return `t${place}`;
}

export function idAt(place: number): TaskId {
  return `id-${place}` as TaskId;
}

/** A journal that holds the first facts of another. */
export function journalOf(facts: readonly Fact[]): Journal {
  const journal = createMemoryJournal();
  for (const fact of facts) journal.append(fact);
  return journal;
}

export function factsOf(journal: Journal): Fact[] {
  return [...journal.read()].map(({ fact }) => fact);
}

/** Takes up what is unfinished, oldest first. `fold` says whether the history is read before or after its recovery. */
export function takeUp(harness: RuntimeHarness, fold: 'before' | 'after' = 'after', spec = specOf): void {
  const { journal, singles, timers } = harness;
  for (const { runId, recoveries } of [...journal.runs({ open: true })].reverse()) {
    const before = foldRun(journal.read(runId));
    journal.append({ type: 'run.recovered', v: 1, runId, atMs: timers.now(), recovery: recoveries + 1 });
    const history = fold === 'before' ? before : foldRun(journal.read(runId));
    if (history?.origin.type === 'task.submitted') singles.restore(history, spec(history.origin.task));
  }
}

/** Submits what was not submitted in an earlier life; ends bodies one by one until nothing is open. */
export async function live(harness: RuntimeHarness, plan: readonly PlannedTask[], pick: () => number): Promise<void> {
  const { singles, executor, timers, journal } = harness;
  for (const [place, task] of plan.entries()) {
    const name = nameAt(place);
    const taskId = idAt(place);
    if (singles.isKnown(taskId, { name, module: 'm', action: 'a', parameters: { place } })) continue;
    singles.submit(specOf(name, task), { place }, task.needs.map(idAt), { taskId });
  }
  while (singles.open > 0) {
    await turn();
    const running = executor.running;
    const name = running[pick() % running.length];
    const nextAtMs = timers.nextAtMs();
    if (name !== undefined) endBody(harness, name, plan[Number(name.slice(1))]);
    else if (nextAtMs !== undefined) timers.advanceTo(nextAtMs);
  }
  await turn();
  if (journal.lastSequence() === 0) throw new Error('a life that wrote nothing shows nothing');
}

function endBody({ executor, journal }: RuntimeHarness, name: string, task: PlannedTask | undefined): void {
  const place = Number(name.slice(1));
  const failed = [...journal.read(idAt(place))].filter(({ fact }) => fact.type === 'task.retry-scheduled').length;
  if (failed < (task?.failures ?? 0)) executor.fail(name);
  else executor.complete(name, { place });
}
