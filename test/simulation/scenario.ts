// Owns what a seed asks for: the machine, the workflows, the runs, what their owner does to them, and the upsets that
// hit the engine meanwhile. Plain data, drawn once; nothing here happens by itself.

import type { Fact } from '../../src/domain/facts.ts';
import { ExecutionMode, ResourceType, TaskPriority } from '../../src/domain/statuses.ts';
import type { StepDefinition, WorkflowDefinition } from '../../src/domain/workflow-definition.ts';
import type { ResourceConfig } from '../../src/engine/engine-config.ts';
import { type CompiledWorkflow, compileWorkflow } from '../../src/engine/workflow-compiler.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { StoreHabits } from './simulated-journal.ts';
import type { PoolHabits } from './simulated-pool.ts';

export interface SimulatedSession {
  readonly name: string;
  readonly mode: ExecutionMode;
  readonly maxParallelTasks: number | null;
  readonly maxParallelWorkflows: number | null;
  readonly timeoutMs: number | null;
  /** What it holds of the resource that sessions share, from its first run to its end. */
  readonly resourceRequirements: Readonly<Record<string, number>>;
}

export interface SimulatedRun {
  readonly runId: string;
  readonly workflow: CompiledWorkflow;
  /** Place in the list of sessions; null = one of its own. */
  readonly session: number | null;
  readonly mode: ExecutionMode | undefined;
  readonly maxParallel: number | undefined;
  /** After the beginning. */
  readonly atMs: number;
  /** What is done again when it has ended, as another run; null = nothing. */
  readonly rerunFrom: 'start' | 'failed' | { readonly step: string } | null;
}

/** A task that is submitted by itself. */
export interface SimulatedTask {
  readonly taskId: string;
  readonly step: StepDefinition;
  /** Places of tasks submitted before. */
  readonly dependencies: readonly number[];
  readonly atMs: number;
  /** When it is cancelled; null = not. */
  readonly cancelAtMs: number | null;
}

/** What the owner of a run does to it. */
export interface Deed {
  readonly kind: 'cancel' | 'cancel-task' | 'pause' | 'start-again';
  /** Another process asks for it; only for `cancel` and `pause`. */
  readonly byRequest: boolean;
  readonly run: number;
  /** For `cancel-task`. */
  readonly step: number;
  readonly atMs: number;
  /** For `pause`: until it is resumed. */
  readonly forMs: number;
}

/** What ends a life of the engine. */
export interface Upset {
  /** `crash-at-fact`: inside the call that appends it. `crash-after`: a while after a fact of a kind. */
  readonly kind: 'crash' | 'crash-at-fact' | 'crash-after' | 'failing-write' | 'shutdown';
  readonly factType: Fact['type'];
  /** Of the life. */
  readonly afterMs: number;
  /** Facts, or writes, of the life. */
  readonly afterCount: number;
  /** For `shutdown`: what runs may go on for so long. */
  readonly drainMs: number;
  /** For `shutdown`: the process dies so long after it has begun; null = it comes to its end. */
  readonly crashAfterMs: number | null;
  /** Until the next life begins. */
  readonly downMs: number;
}

/** What makes a part of a living engine end with an error. */
export interface ActorFault {
  /** `effect`: thrown out of the call that appends a fact of a run. `loop`: out of the dispatch loop. */
  readonly kind:
    | 'workflow'
    | 'session'
    | 'sessions'
    | 'dispatcher'
    | 'worker-pool'
    | 'resource-manager'
    | 'effect'
    | 'loop';
  /** After the beginning of the world. */
  readonly atMs: number;
  /** Which of several, as a share of them. */
  readonly place: number;
}

export interface Scenario {
  readonly threads: number;
  readonly cancelGraceMs: number;
  readonly maxRecoveries: number;
  readonly resume: 'auto' | 'manual';
  readonly resources: readonly ResourceConfig[];
  readonly sessions: readonly SimulatedSession[];
  readonly runs: readonly SimulatedRun[];
  readonly tasks: readonly SimulatedTask[];
  readonly deeds: readonly Deed[];
  readonly upsets: readonly Upset[];
  readonly actorFaults: readonly ActorFault[];
  readonly store: Omit<StoreHabits, 'failingWrite'>;
  readonly pool: PoolHabits;
  /** Share of bodies that misbehave. */
  readonly trouble: number;
}

const MODES = Object.values(ExecutionMode);
/** What sessions may hold, apart from what tasks need: nobody waits for what his own session holds. */
export const SESSION_RESOURCE: ResourceConfig = { id: 'sessions-share', type: ResourceType.CUSTOM, capacity: 2 };
const UPSETS = ['crash', 'crash-at-fact', 'crash-at-fact', 'crash-after', 'failing-write', 'shutdown'] as const;
/** Facts after which a life promised something that the next one has to keep. */
const TURNING_POINTS = [
  'run.cancel-requested',
  'run.cancel-requested',
  'task.cancel-requested',
  'task.retry-scheduled',
  'task.completed',
  'task.skipped',
  'run.paused',
  'run.recovered',
  'run.ended',
] as const;
const PRIORITIES = Object.values(TaskPriority);

/** Draws a scenario. */
export function drawScenario(random: SeededRandom): Scenario {
  const resources = drawResources(random.split('resources'));
  const workflows = drawWorkflows(random.split('workflows'), resources);
  const sessions = drawSessions(random.split('sessions'));
  const runs = drawRuns(random.split('runs'), workflows, sessions);
  const machine = random.split('machine');
  return {
    threads: machine.between(1, 4),
    cancelGraceMs: machine.pick([0, 5, 40]),
    maxRecoveries: machine.chance(0.15) ? machine.between(0, 1) : 100,
    resume: machine.chance(0.1) ? 'manual' : 'auto',
    resources,
    sessions,
    runs,
    tasks: drawTasks(random.split('tasks'), resources),
    deeds: drawDeeds(random.split('deeds'), runs),
    upsets: drawUpsets(random.split('upsets')),
    actorFaults: drawActorFaults(random.split('actor-faults')),
    store: drawStore(random.split('store')),
    pool: {
      exitMs: machine.pick([0, 3, 30]),
      startMs: machine.pick([0, 5, 40]),
      ahead: machine.chance(0.3) ? machine.between(1, 2) : 0,
      patienceMs: machine.between(1, 20),
    },
    trouble: machine.pick([0, 0.15, 0.4]),
  };
}

function drawResources(random: SeededRandom): ResourceConfig[] {
  return Array.from({ length: random.between(0, 3) }, (_, index) => ({
    id: `resource-${index}`,
    type: ResourceType.CUSTOM,
    capacity: random.between(1, 4),
  }));
}

function drawWorkflows(random: SeededRandom, resources: readonly ResourceConfig[]): CompiledWorkflow[] {
  return Array.from({ length: random.between(1, 2) }, (_, index) => {
    const definition = drawWorkflow(random, `workflow-${index}`, resources);
    const compiled = compileWorkflow(definition);
    if (compiled.kind === 'compiled') return compiled.workflow;
    throw new Error(`a drawn workflow is faulty: ${JSON.stringify(compiled.faults)}`);
  });
}

function drawWorkflow(random: SeededRandom, name: string, resources: readonly ResourceConfig[]): WorkflowDefinition {
  const size = random.chance(0.15) ? random.between(13, 25) : random.between(1, 12);
  const edges = drawEdges(random, size);
  return {
    name,
    description: '',
    version: '',
    mode: random.chance(0.5) ? random.pick(MODES) : null,
    maxParallel: random.chance(0.3) ? random.between(1, 3) : null,
    timeoutMs: random.chance(0.15) ? random.between(50, 800) : null,
    parameters: { shared: random.between(0, 9) },
    resources: [],
    steps: edges.map((dependencies, index) => drawStep(random, index, dependencies, resources)),
  };
}

const SHAPES = ['chain', 'layers', 'diamonds', 'random', 'random'] as const;

/** By step: the earlier steps that it depends on. */
function drawEdges(random: SeededRandom, size: number): number[][] {
  const shape = random.pick(SHAPES);
  const width = random.between(1, 4);
  return Array.from({ length: size }, (_, index) => {
    const earlier = Array.from({ length: index }, (_place, place) => place);
    return earlier.filter((place) => isEdge(shape, place, index, width) ?? random.chance(Math.min(0.5, 2 / index)));
  });
}

/** Whether a shape has an edge; undefined = as chance has it. */
function isEdge(shape: (typeof SHAPES)[number], from: number, to: number, width: number): boolean | undefined {
  // One, then a layer behind it, then one behind the layer, and so on.
  const place = to % (width + 1);
  switch (shape) {
    case 'chain':
      return from === to - 1;
    case 'layers':
      return Math.floor(from / width) === Math.floor(to / width) - 1;
    case 'diamonds':
      return place === 0 ? from >= to - width : from === to - place;
    case 'random':
      return undefined;
  }
}

function drawStep(
  random: SeededRandom,
  index: number,
  dependencies: readonly number[],
  resources: readonly ResourceConfig[],
): StepDefinition {
  const names = dependencies.map((place) => `step-${place}`);
  const initialIntervalMs = random.between(1, 60);
  // Some depend by what they refer to, without saying so.
  const referred = names.filter(() => random.chance(0.4));
  const source = random.pick(names.length === 0 ? [''] : names);
  return {
    name: `step-${index}`,
    module: 'simulated',
    action: 'body',
    parameters: Object.fromEntries([['own', index], ...referred.map((name) => [`from-${name}`, `{{${name}.output}}`])]),
    dependencies: names.filter((name) => !referred.includes(name) || random.chance(0.5)),
    timeoutMs: random.chance(0.25) ? random.between(10, 120) : null,
    totalTimeoutMs: random.chance(0.15) ? random.between(30, 400) : null,
    heartbeatTimeoutMs: random.chance(0.15) ? random.between(10, 60) : null,
    retry: {
      maxAttempts: random.chance(0.7) ? random.between(2, 5) : 1,
      initialIntervalMs,
      backoff: random.pick([1, 2]),
      maxIntervalMs: initialIntervalMs * random.between(1, 8),
      jitter: random.pick([0, 0.5, 1]),
      nonRetryable: random.chance(0.2) ? ['TASK_TIMEOUT'] : [],
    },
    priority: random.pick(PRIORITIES),
    resources: Object.fromEntries(
      resources.filter(() => random.chance(0.4)).map(({ id, capacity }) => [id, random.between(1, capacity)]),
    ),
    concurrency: random.chance(0.2) ? { key: random.pick(['red', 'blue']), limit: random.between(1, 3) } : null,
    runIf: source !== '' && random.chance(0.1) ? `steps["${source}"].output.size > ${random.between(0, 9)}` : null,
    required: !random.chance(0.15),
    // Some are far off, as estimates are.
    estimatedSeconds: random.chance(0.5) ? random.between(1, 60) / random.pick([1_000, 100]) : null,
  };
}

function drawSessions(random: SeededRandom): SimulatedSession[] {
  return Array.from({ length: random.between(0, 2) }, (_, index) => ({
    name: `session-${index}`,
    mode: random.pick(MODES),
    maxParallelTasks: random.chance(0.5) ? random.between(1, 3) : null,
    maxParallelWorkflows: random.chance(0.5) ? random.between(1, 2) : null,
    timeoutMs: random.chance(0.1) ? random.between(100, 1_500) : null,
    resourceRequirements: random.chance(0.2) ? { [SESSION_RESOURCE.id]: random.between(1, 2) } : {},
  }));
}

function drawRuns(
  random: SeededRandom,
  workflows: readonly CompiledWorkflow[],
  sessions: readonly SimulatedSession[],
): SimulatedRun[] {
  const count = random.pick([1, 1, 1, 2, 2, 3, 4]);
  return Array.from({ length: count }, (_, index) => ({
    runId: `run-${index}`,
    workflow: random.pick(workflows),
    session: sessions.length > 0 && random.chance(0.5) ? random.between(0, sessions.length - 1) : null,
    mode: random.chance(0.3) ? random.pick(MODES) : undefined,
    maxParallel: random.chance(0.2) ? random.between(1, 3) : undefined,
    atMs: index === 0 ? 0 : random.between(0, 200),
    rerunFrom: random.chance(0.15) ? random.pick(['start', 'failed', { step: 'step-0' }] as const) : null,
  }));
}

function drawTasks(random: SeededRandom, resources: readonly ResourceConfig[]): SimulatedTask[] {
  if (random.chance(0.6)) return [];
  return Array.from({ length: random.between(1, 5) }, (_, index) => ({
    taskId: `task-${index}`,
    step: { ...drawStep(random, index, [], resources), parameters: { own: index } },
    dependencies: Array.from({ length: index }, (_place, place) => place).filter(() => random.chance(0.3)),
    atMs: random.between(0, 150),
    cancelAtMs: random.chance(0.15) ? random.between(0, 300) : null,
  }));
}

function drawDeeds(random: SeededRandom, runs: readonly SimulatedRun[]): Deed[] {
  if (random.chance(0.3)) return [];
  return Array.from({ length: random.between(1, 3) }, () => {
    const run = random.between(0, runs.length - 1);
    const atMs = random.between(0, 300);
    return {
      kind: random.pick(['cancel', 'cancel-task', 'cancel-task', 'pause', 'pause', 'start-again'] as const),
      byRequest: random.chance(0.3),
      run,
      step: random.between(0, (runs[run]?.workflow.steps.length ?? 1) - 1),
      atMs,
      forMs: random.between(1, 200),
    };
  });
}

function drawUpsets(random: SeededRandom): Upset[] {
  const count = random.pick([0, 1, 1, 1, 2, 2, 3]);
  return Array.from({ length: count }, () => ({
    kind: random.pick(UPSETS),
    factType: random.pick(TURNING_POINTS),
    afterMs: random.chance(0.7) ? random.between(0, 120) : random.between(0, 1_000),
    afterCount: random.between(0, 40),
    drainMs: random.pick([0, 0, 20, 200]),
    crashAfterMs: random.chance(0.3) ? random.between(0, 30) : null,
    downMs: random.pick([0, 1, 50, 1_000]),
  }));
}

const ACTOR_FAULTS = [
  'workflow',
  'workflow',
  'session',
  'sessions',
  'dispatcher',
  'worker-pool',
  'resource-manager',
  'effect',
  'effect',
  'loop',
] as const;

// Three at most: with one more a supervisor might give up.
function drawActorFaults(random: SeededRandom): ActorFault[] {
  return Array.from({ length: random.pick([0, 0, 0, 1, 2, 3]) }, () => ({
    kind: random.pick(ACTOR_FAULTS),
    atMs: random.chance(0.8) ? random.between(0, 150) : random.between(0, 1_500),
    place: random.next(),
  }));
}

function drawStore(random: SeededRandom): Scenario['store'] {
  return {
    gatherMs: random.pick([0, 0, 1, 5]),
    writeMs: random.pick([0, 1, 5, 40]),
    acknowledgeMs: random.pick([0, 0, 2]),
    congestedAbove: random.chance(0.1) ? random.between(2, 10) : 1_000,
  };
}
