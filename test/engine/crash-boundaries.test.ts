// Crashes at every boundary between two records: a journal with the first k facts of an undisturbed run, for every k, is
// given to an engine, which must come to the same end without running again what was recorded as completed.

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/domain/facts.ts';
import type { WorkflowDefinition } from '../../src/domain/workflow-definition.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import type { WorkflowExecution } from '../../src/engine/workflow-execution.ts';
import type { RunHistory } from '../../src/journal/run-history.ts';
import { openSqliteJournal } from '../../src/journal/stores/sqlite.ts';
import { createEffectFolder, diamonds, EFFECT_TASKS, readExecutions } from '../stress/diamond-workflow.ts';

const RUN = 'run-boundaries';
const WIDTHS = [1, 4, 1, 6, 1, 7, 1, 8, 1];
const TASKS = 30;
/** Engines at work at one time. */
const LANES = 2;

const root = mkdtempSync(join(tmpdir(), 'yardmaster-boundaries-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const clock = new SystemTimers();

interface Life {
  readonly execution: WorkflowExecution;
  readonly history: RunHistory;
}

/** Starts an engine on the data folder, asks for the run, and waits for its end. */
async function live(folder: string): Promise<Life> {
  await using engine = await OrchestrationEngine.create({
    dataDir: join(folder, 'data'),
    maxWorkers: 1,
    workflowsDir: join(folder, 'no-workflows'),
    tasksDirs: [EFFECT_TASKS],
    durability: 'none',
  });
  engine.workflows.createWorkflow('diamonds', diamonds(WIDTHS, 0));
  // By then the engine has taken up by itself what an earlier life left.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const execution = await engine.startWorkflow('diamonds', { folder }, undefined, { runId: RUN }).result();
  const history = engine.getRunHistory(RUN);
  if (history === undefined) throw new Error('the engine does not know the run it has ended');
  return { execution, history };
}

function openJournal(folder: string) {
  return openSqliteJournal({ dataDir: join(folder, 'data'), durability: 'none', clock });
}

/** What an undisturbed run has written. */
async function recordOf(folder: string): Promise<{ facts: Fact[]; definition: WorkflowDefinition }> {
  const journal = await openJournal(folder);
  try {
    const facts = [...journal.read(RUN)].map(({ fact }) => fact);
    const [created] = facts;
    const definition = created?.type === 'run.created' ? journal.definition(created.definition) : undefined;
    if (definition === undefined) throw new Error('the journal does not begin with a run and its definition');
    return { facts, definition };
  } finally {
    await journal.close();
  }
}

/** A journal as a crash after these facts leaves it. */
async function keep(folder: string, facts: readonly Fact[], definition: WorkflowDefinition): Promise<void> {
  mkdirSync(join(folder, 'data'), { recursive: true });
  const journal = await openJournal(folder);
  const key = journal.keepDefinition(definition);
  for (const fact of facts) {
    journal.append(fact.type === 'run.created' ? { ...fact, definition: key, parameters: { folder } } : fact);
  }
  await journal.durable(journal.lastSequence());
  await journal.close();
}

function completedIn(facts: readonly Fact[]): Set<string> {
  return new Set(facts.flatMap((fact) => (fact.type === 'task.completed' ? [fact.task] : [])));
}

function statusesOf(history: RunHistory): string[] {
  return [...history.tasks.values()].map(({ task, status, attempts, interruptions }) => {
    const outcomes = attempts.map(({ attempt, outcome }) => `${attempt} ${outcome}`).join(', ');
    return `${task} ${status} (${interruptions} interrupted): ${outcomes}`;
  });
}

describe('a diamond workflow of 30 tasks with retries', () => {
  const undisturbed = join(root, 'undisturbed');
  let expected: Life;
  let facts: Fact[];
  let definition: WorkflowDefinition;
  let interrupted = 0;
  let skipped = 0;

  beforeAll(async () => {
    createEffectFolder(undisturbed);
    expected = await live(undisturbed);
    ({ facts, definition } = await recordOf(undisturbed));
  });

  it('runs undisturbed: each task once, those that fail by design again', () => {
    expect(expected.execution.status).toBe('completed');
    expect(Object.keys(expected.execution.outputs)).toHaveLength(TASKS);
    const executions = readExecutions(undisturbed);
    expect(executions.filter(({ what }) => what === 'ended')).toHaveLength(TASKS);
    expect(executions.filter(({ what }) => what === 'began').length).toBeGreaterThan(TASKS + 10);
    expect(facts.at(-1)).toMatchObject({ type: 'run.ended', status: 'completed' });
  });

  it('comes to the same end from a crash at every boundary between two records', async () => {
    const boundaries = Array.from({ length: facts.length + 1 }, (_, k) => k);
    const startedAtMs = performance.now();
    const lane = async (): Promise<void> => {
      for (let k = boundaries.shift(); k !== undefined; k = boundaries.shift()) await crashAt(k);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
    console.info(
      `${facts.length + 1} boundaries in ${seconds} s: ${interrupted} attempts interrupted and made again, ` +
        `${skipped} completed tasks not run again`,
    );
    // Each started attempt but the completed ones is the last record of one crash at least.
    expect(interrupted).toBeGreaterThan(TASKS);
    expect(skipped).toBeGreaterThan(TASKS * TASKS);
  }, 300_000);

  async function crashAt(k: number): Promise<void> {
    const folder = createEffectFolder(join(root, `after-${k}`));
    const kept = facts.slice(0, k);
    if (k > 0) await keep(folder, kept, definition);
    const { execution, history } = await live(folder);
    const where = `after ${k} facts, the last ${kept.at(-1)?.type ?? 'none'}`;
    expect({ where, ...judged(execution) }).toEqual({ where, ...judged(expected.execution) });

    const done = completedIn(kept);
    const ended = readExecutions(folder).filter(({ what }) => what === 'ended');
    const again = readExecutions(folder).filter(({ task }) => done.has(task));
    expect({ where, again }).toEqual({ where, again: [] });
    const others = Object.keys(execution.outputs).filter((task) => !done.has(task));
    expect({ where, ran: ended.map(({ task }) => task).sort() }).toEqual({ where, ran: others.sort() });
    expect(readdirSync(join(folder, 'effects'))).toHaveLength(others.length);

    // A run that had not begun cannot have been what ended its process.
    const hadBegun = k < facts.length && kept.some(({ type }) => type === 'run.started');
    expect({ where, recoveries: history.record.recoveries }).toEqual({ where, recoveries: hadBegun ? 1 : 0 });
    interrupted += checkAttempts(where, history);
    skipped += done.size;
    rmSync(folder, { recursive: true, force: true });
  }

  /** Attempts count on without a gap, and the last one completed; how many were interrupted. */
  function checkAttempts(where: string, history: RunHistory): number {
    let count = 0;
    for (const { task, status, attempts, interruptions } of history.tasks.values()) {
      const numbers = attempts.map(({ attempt }) => attempt);
      expect({ where, task, status, numbers }).toEqual({
        where,
        task,
        status: 'completed',
        numbers: numbers.map((_, index) => index + 1),
      });
      expect(attempts.filter(({ outcome }) => outcome === 'interrupted')).toHaveLength(interruptions);
      expect({ where, task, last: attempts.at(-1)?.outcome }).toEqual({ where, task, last: 'completed' });
      count += interruptions;
    }
    expect(history.record.status, statusesOf(history).join('\n')).toBe('completed');
    return count;
  }
});

/** What of a run's end must not depend on how often it was crashed. */
function judged({ runId, status, tasks, outputs, errors, skipped, reason, timedOut }: WorkflowExecution) {
  return { runId, status, tasks, outputs, errors, skipped, reason, timedOut };
}
