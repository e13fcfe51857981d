// Owns the comparison of docs/telemetry.md with the code: events and their data as really emitted, metrics as really
// collected, spans and attributes as named, levels of the log. A row too many fails as one too few does.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, type RuntimeEvent } from '../../src/domain/events.ts';
import { RETRY_EVENT, SPAN_ATTRIBUTES, SPAN_NAMES } from '../../src/engine/open-telemetry.ts';
import { DROPPED_LINE, EVENT_LEVELS, EVENT_LOG_LEVELS } from '../../src/inspect/event-log.ts';
import { METRICS, type MetricDefinition } from '../../src/inspect/metric-definitions.ts';
import { createScene } from '../engine/lives.ts';
import { createGate, createTestEngine, seen, type TestEngine } from '../engine/support.ts';
import { crashActor } from '../support/actor-crash.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { runTwenty } from './traced-run.ts';

const DOCUMENT = readFileSync(new URL('../../docs/telemetry.md', import.meta.url), 'utf8');
/** In the subject of events. */
const SUBJECTS = ['sessionId', 'runId', 'task', 'taskId', 'resourceId'] as const;

/** The rows of the one table whose head starts with these cells. */
function tableOf(...head: string[]): string[][] {
  const found = DOCUMENT.split(/\n{2,}/).filter((block) => block.startsWith(`| ${head.join(' | ')} |`));
  expect(found, `one table with the head ${head.join(', ')}`).toHaveLength(1);
  return (found[0] ?? '')
    .trim()
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** What stands in backticks in a cell; not what brackets add to it. */
function namesIn(cell = ''): string[] {
  return [...cell.replace(/\([^)]*\)/g, '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

function rowsByName(rows: string[][]): Map<string, string[]> {
  const byName = new Map(rows.map((row) => [namesIn(row[0])[0] ?? '', row]));
  expect(byName.size, 'no row twice').toBe(rows.length);
  return byName;
}

describe('the table of events', () => {
  const rows = rowsByName(tableOf('Event', 'When'));
  /** Of real events: subjects and data keys by type. */
  const subjects = new Map<string, Set<string>>();
  const keys = new Map<string, Set<string>>();

  const take = (events: readonly RuntimeEvent[]) => {
    for (const event of events) {
      const { type, data } = event;
      const present = SUBJECTS.filter((id) => event[id] !== undefined);
      subjects.set(type, new Set([...(subjects.get(type) ?? []), ...present]));
      keys.set(type, new Set([...(keys.get(type) ?? []), ...Object.keys(data)]));
    }
  };

  it('has each type once, in the order of the code', () => {
    expect([...rows.keys()]).toEqual([...EVENT_TYPES]);
  });

  it('names every subject and data key that nearly all types are emitted with, and no other', async () => {
    take(await eventsOfOneEngine());
    take(await eventsOfSeveralLives());
    const unseen = EVENT_TYPES.filter((type) => !keys.has(type));
    // They take a broken disk, a thread that hangs, and a supervisor at its end.
    expect(unseen).toEqual(['worker.warning', 'journal.failed', 'supervisor.gave-up']);
    for (const [type, found] of subjects) {
      expect(namesIn(rows.get(type)?.[2]), `subjects of ${type}`).toEqual(expect.arrayContaining([...found]));
    }
    for (const [type, found] of keys) {
      expect(namesIn(rows.get(type)?.[3]), `data of ${type}`).toEqual(expect.arrayContaining([...found]));
    }
    // Of these, few events of the type have them.
    const rare: Readonly<Record<string, readonly string[]>> = {
      'workflow.failed': ['reason'],
      'task.retrying': ['killed'],
      'task.failed': ['killed'],
      'supervisor.child-crashed': ['detail', 'sessionId', 'runId', 'children', 'affected'],
      'supervisor.restarted': ['detail', 'sessionId', 'runId'],
      'handler.failed': ['runId'],
    };
    for (const [type, found] of keys) {
      const named = [...namesIn(rows.get(type)?.[2]), ...namesIn(rows.get(type)?.[3])];
      const known = new Set([...found, ...(subjects.get(type) ?? []), ...(rare[type] ?? [])]);
      expect(
        named.filter((name) => !known.has(name)),
        `of ${type}`,
      ).toEqual([]);
    }
  });
});

describe('the table of metrics', () => {
  it('is the list of the code: names, types, labels with their values, meaning', () => {
    const documented = tableOf('Metric', 'Type').map(([name = '', type, labels = '', , help]) => {
      const entries = [...labels.matchAll(/`([a-z]+)`(?: \(([^)]*)\))?/g)];
      return {
        name: namesIn(name)[0],
        type,
        labels: Object.fromEntries(
          entries.map(([, label = '', values]) => [label, values === undefined ? null : namesIn(values)]),
        ),
        help,
      };
    });
    const defined = Object.entries<MetricDefinition>(METRICS).map(([name, { type, labels = {}, help }]) => ({
      name,
      type,
      labels: Object.fromEntries(Object.entries(labels).map(([label, values]) => [label, values && [...values]])),
      help,
    }));
    expect(documented).toEqual(defined);
  });

  it('has units that the names say', () => {
    for (const [cell, , , unit] of tableOf('Metric', 'Type')) {
      const suffix = /_(seconds|bytes)(?:_total)?$/.exec(namesIn(cell)[0] ?? '')?.[1];
      if (suffix === undefined) expect(unit).not.toMatch(/^(?:seconds|bytes)$/);
      else expect(unit).toBe(suffix);
    }
  });

  it('says which buckets histograms have', () => {
    const said = /have the buckets ([^a-z]+) and ([0-9.]+) seconds/.exec(DOCUMENT);
    const buckets = `${said?.[1]}, ${said?.[2]}`.split(',').map(Number);
    const histograms = Object.values<MetricDefinition>(METRICS).filter(({ type }) => type === 'histogram');
    expect(histograms.length).toBeGreaterThan(0);
    for (const histogram of histograms) expect(histogram.buckets).toEqual(buckets);
  });
});

describe('the tables of spans', () => {
  it('name the spans, their event and every attribute of the code, and no other', () => {
    const spans = tableOf('Span', 'Stands for');
    expect(spans.map(([name]) => namesIn(name)[0])).toEqual(Object.values(SPAN_NAMES));
    const events = tableOf('Event of a span', 'When');
    expect(events.map(([name]) => namesIn(name)[0])).toEqual(['exception', RETRY_EVENT]);
    const attributes = tableOf('Attribute', 'Type').map(([name]) => namesIn(name)[0] ?? '');
    expect([...attributes].sort()).toEqual(Object.values(SPAN_ATTRIBUTES).sort());
    const used = [...spans, ...events]
      .flatMap(([, , names]) => namesIn(names))
      .filter((name) => !name.startsWith('exception.'));
    expect([...new Set(used)].sort()).toEqual([...attributes].sort());
  });
});

describe('the table of levels', () => {
  it('puts every event under its level', () => {
    const documented = tableOf('Level', 'Events').flatMap(([level, names]) =>
      namesIn(names).map((name): [string, string | null] => [name, namesIn(level)[0] ?? '']),
    );
    const defined = Object.entries(EVENT_LEVELS).filter(([, level]) => level !== null);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(defined));
    expect(documented).toHaveLength(defined.length);
    expect(EVENT_LOG_LEVELS).toEqual(
      expect.arrayContaining(tableOf('Level', 'Events').flatMap(([cell]) => namesIn(cell))),
    );
    expect(DOCUMENT).toContain(`"event":"${DROPPED_LINE}"`);
  });
});

/** What an engine emits in which everything happens that can be made to. */
async function eventsOfOneEngine(): Promise<readonly RuntimeEvent[]> {
  const workflowsDir = createTestFolder();
  writeFileSync(join(workflowsDir, 'bad.json'), '{\n  "steps": [,]\n}');
  const test = await createTestEngine({ workflowsDir, resources: [{ id: 'one', type: 'custom', capacity: 1 }] });
  const { engine } = test;
  await seen(test, ({ type }) => type === 'workflow.load-failed');
  const { runId } = await runTwenty(test).then(({ record }) => record);
  const gate = createGate(engine);
  await engine.rerun(runId, { from: 'failed' }).cancel('enough');
  await plannedRun(test);
  await steeredRun(test, gate);
  capacityOf(test);
  await deadlockedRun(test);
  const parameters = { resource: 'one', amount: 1 };
  const bodies = ['holdsAndSpins', 'reports', 'exits'].map((action) =>
    engine.submitTask({ name: action, module: 'bodies', action, parameters }),
  );
  await seen(test, ({ type, task }) => type === 'task.progress' && task === 'holdsAndSpins');
  engine.tasks.cancelTask(bodies[0] ?? '');
  await Promise.all(bodies.map((taskId) => engine.waitForTask(taskId)));
  await seen(test, ({ type }) => type === 'worker.started');
  const stop = engine.registerEventHandler('session.created', () => {
    throw new Error('a handler of the test');
  });
  engine.createSession('handled');
  stop();
  crashActor(engine.supervisor.child('dispatcher'), 'dispatcher');
  await seen(test, ({ type }) => type === 'supervisor.restarted');
  await engine.shutdown();
  return test.events;
}

/** A run whose plan beats the usual order: on two threads, the long one must not come last. */
async function plannedRun({ engine }: TestEngine): Promise<void> {
  const work = (name: string, seconds: number, resources: Record<string, number>) => ({
    name,
    module: 'core',
    action: 'noop',
    estimatedSeconds: seconds,
    resources,
  });
  engine.workflows.createWorkflow('planned', [
    work('a', 40, { one: 1 }),
    work('b', 30, {}),
    work('c', 30, {}),
    work('d', 20, { one: 1 }),
    work('e', 20, {}),
    work('f', 20, {}),
    work('g', 20, { one: 1 }),
  ]);
  await engine.executeWorkflow('planned');
}

/** A run that is paused, resumed and cancelled, of whose tasks one waits for capacity. */
async function steeredRun(test: TestEngine, gate: ReturnType<typeof createGate>): Promise<void> {
  const { engine } = test;
  engine.workflows.createWorkflow('steered', [
    { name: 'holds', ...gate.task('holds'), resources: { one: 1 } },
    { name: 'waits', ...gate.task('waits'), priority: 'low', resources: { one: 1 } },
  ]);
  const run = engine.startWorkflow('steered');
  await gate.entered('holds');
  await seen(test, ({ type, task }) => type === 'task.waiting' && task === 'waits');
  run.pause();
  run.resume();
  run.cancel('not needed');
  await run.result();
}

/** Two bodies of which each waits for what the other has, until one of them is refused. */
async function deadlockedRun(test: TestEngine): Promise<void> {
  const { engine } = test;
  engine.resources.registerResource('three', 'custom', 1);
  const gate = join(createTestFolder(), 'open');
  const taking = (name: string, order: readonly string[]) => ({
    name,
    module: 'taking',
    action: 'inOrder',
    parameters: { order: [...order], gate },
    retry: { maxAttempts: 3, initialIntervalMs: 1 },
  });
  engine.workflows.createWorkflow('deadlocked', [
    taking('first', ['one', 'three']),
    taking('second', ['three', 'one']),
  ]);
  const run = engine.startWorkflow('deadlocked');
  for (const name of ['first', 'second'])
    await seen(test, ({ type, task }) => type === 'task.progress' && task === name);
  writeFileSync(gate, '');
  await run.result();
}

function capacityOf({ engine: { resources } }: TestEngine): void {
  resources.registerResource('two', 'custom', 2);
  const held = resources.allocate('one', 'me', 1);
  resources.allocate('one', 'you', 1);
  if (held !== null) resources.release(held.allocationId);
}

/** What engines emit that take up what was killed, suspended, or took its process down too often. */
async function eventsOfSeveralLives(): Promise<readonly RuntimeEvent[]> {
  const scene = createScene();
  const events: RuntimeEvent[] = [];
  const steps = [
    { name: 'hang', module: 'lives', action: 'hangs', parameters: { file: scene.file, open: scene.open } },
  ];
  await scene.killed({ steps, runs: [{ runId: 'run-1', params: {} }] });
  const live = async (config: object) => {
    const engine = await scene.engine([], config);
    engine.registerEventHandler('*', (event) => events.push(event));
    return engine;
  };
  const first = await live({});
  await seen(
    { engine: first, events, order: () => [] },
    ({ type, runId }) => type === 'workflow.recovered' && runId === 'run-1',
  );
  first.registerInlineTask('mine', 'wait', () => new Promise(() => {}));
  first.workflows.createWorkflow('inline', [{ name: 'i', module: 'mine', action: 'wait' }]);
  first.startWorkflow('inline');
  await seen({ engine: first, events, order: () => [] }, ({ type, task }) => type === 'task.started' && task === 'i');
  await first.shutdown({ drainMs: 0 });
  await scene.killed({ steps });
  const last = await live({ maxRecoveries: 0 });
  await seen({ engine: last, events, order: () => [] }, ({ type }) => type === 'workflow.parked');
  await seen({ engine: last, events, order: () => [] }, ({ type }) => type === 'workflow.held');
  await last.shutdown({ drainMs: 0 });
  return events;
}
