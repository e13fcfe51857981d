// Owns the simulation of a workflow: from its steps, durations and the surroundings one asks about to a report of how a
// run would go. It starts no thread, imports no task module and writes nothing; the scheduler is the engine's own.

import { criticalPath } from '../../dag/critical-path.ts';
import { resolveConcurrency } from '../../domain/concurrency-limit.ts';
import type { JsonObject } from '../../domain/json-value.ts';
import { isRuntimeError } from '../../domain/runtime-error.ts';
import type { ExecutionMode } from '../../domain/statuses.ts';
import type { StepDefinition } from '../../domain/workflow-definition.ts';
import type { PreparedRequest } from '../../resources/capacity-request.ts';
import type { ConcurrencyClaim } from '../../scheduling/ready-task.ts';
import { Pool } from '../../scheduling/ready-task.ts';
import type { TaskEnd } from '../../scheduling/run-frontier.ts';
import type { CompiledWorkflow } from '../workflow-compiler.ts';
import { type DispatchTrace, type SimulatedTask, simulateDispatch } from './dispatch-simulation.ts';
import { analyseSchedule, type ScheduleAnalysis } from './schedule-analysis.ts';
import { type SharedRows, sharedRows } from './shared-use.ts';
import { type CapacityOptions, SimulatedCapacity } from './simulated-capacity.ts';
import { orderSimulatedRun, type SimulatedOrder } from './simulated-order.ts';
import {
  rounded,
  type SimulatedPlanReport,
  type SimulatedResourceReport,
  type SimulatedTaskReport,
  type SimulationReport,
} from './simulation-report.ts';
import type { StepDuration } from './step-durations.ts';

export interface SimulationOptions extends CapacityOptions {
  readonly threads: number;
  /** Places for inline tasks; default 64. */
  readonly inlinePlaces?: number;
  /** Default: every step runs in a thread. */
  readonly poolOf?: (step: StepDefinition) => Pool;
  readonly mode: ExecutionMode;
  /** Tasks at once; null = no limit of the run's own. */
  readonly maxParallel: number | null;
  /** By step. */
  readonly durations: readonly StepDuration[];
  /** How a step ends; default completed. Skipped ones take no time. */
  readonly ends?: (index: number) => TaskEnd;
  /** As the engine's; default: nothing ages. */
  readonly ageingMs?: number;
  /** Steps that had ended before the run began. */
  readonly ended?: ReadonlyMap<number, TaskEnd>;
  /** Run parameters, for concurrency keys that refer to them. */
  readonly parameters?: JsonObject;
  /** Milliseconds that planning may take; 0 = no plan, ranks alone. */
  readonly planBudgetMs: number;
  /** A monotonic clock in milliseconds, for that budget. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const DEFAULT_INLINE_PLACES = 64;
const MILLISECONDS = 1_000;

/**
 * How a run of the workflow would go.
 * @throws RuntimeError RESOURCE_* for capacities and requests that do not go together, SIMULATION_STUCK
 */
export function simulateWorkflow(workflow: CompiledWorkflow, options: SimulationOptions): SimulationReport {
  return new WorkflowSimulation(workflow, options).report();
}

interface Outcome {
  readonly order: SimulatedOrder;
  readonly trace: DispatchTrace;
  readonly tasks: readonly SimulatedTask[];
}

class WorkflowSimulation {
  readonly #workflow: CompiledWorkflow;
  readonly #options: SimulationOptions;
  readonly #durationsMs: Float64Array;
  readonly #requests: readonly (PreparedRequest | null)[];
  readonly #concurrency: readonly (ConcurrencyClaim | null)[];
  readonly #pools: readonly Pool[];
  readonly #slots: readonly number[];
  readonly #limit: number;

  constructor(workflow: CompiledWorkflow, options: SimulationOptions) {
    const { mode, maxParallel, threads, inlinePlaces = DEFAULT_INLINE_PLACES, poolOf } = options;
    this.#workflow = workflow;
    this.#options = options;
    this.#durationsMs = Float64Array.from(options.durations, ({ seconds }) => rounded(seconds) * MILLISECONDS);
    this.#concurrency = workflow.steps.map((step) => concurrencyOf(workflow, step, options.parameters ?? {}));
    this.#pools = workflow.steps.map((step) => poolOf?.(step) ?? Pool.THREADS);
    this.#slots = [threads, inlinePlaces];
    this.#limit = mode === 'sequential' ? 1 : (maxParallel ?? Number.POSITIVE_INFINITY);
    this.#requests = this.#within((capacity) => capacity.prepare(workflow));
  }

  report(): SimulationReport {
    const { threads, mode, maxParallel, planBudgetMs } = this.#options;
    const outcome = this.#run(planBudgetMs);
    const { trace, tasks, order } = outcome;
    const { graph, definition } = this.#workflow;
    const shared = this.#shared(tasks);
    const analysis = analyseSchedule(graph, shared, trace);
    // What did not run takes no part in any path.
    const spans = trace.endsMs.map((end, task) => (end - (trace.startsMs[task] ?? 0)) / MILLISECONDS);
    const longest = criticalPath(graph, spans);
    const makespan = trace.makespanMs / MILLISECONDS;
    const bounds = analysis.uses.map(({ lowerBoundMs }) => lowerBoundMs / MILLISECONDS);
    const busyMs = analysis.uses.find(({ thing }) => thing.kind === 'threads')?.unitMs ?? 0;
    const guesses = this.#options.durations.filter(({ isKnown }) => !isKnown).length;
    return {
      workflow: definition.name,
      mode,
      workers: threads,
      maxParallel,
      makespanSeconds: rounded(makespan),
      lowerBoundSeconds: rounded(bounds.reduce((most, bound) => Math.max(most, bound), longest.length)),
      criticalPath: longest.path
        .filter((task) => (trace.slots[task] ?? -1) >= 0)
        .map((task) => graph.names[task] ?? ''),
      criticalPathSeconds: rounded(longest.length),
      utilization: makespan === 0 ? 0 : rounded(busyMs / (threads * trace.makespanMs)),
      resources: this.#resourceReports(analysis, trace.makespanMs),
      plan: order.plan === null ? null : planReport(order.plan),
      estimates: { known: this.#options.durations.length - guesses, unknown: guesses },
      tasks: this.#taskReports(outcome, analysis),
    };
  }

  #run(planBudgetMs: number): Outcome {
    const { graph } = this.#workflow;
    const { durations, mode, ends, ended, ageingMs, now, random } = this.#options;
    return this.#within((capacity) => {
      const order = orderSimulatedRun({
        workflow: this.#workflow,
        mode,
        durations,
        requests: this.#requests,
        concurrency: this.#concurrency,
        pools: this.#pools,
        slots: this.#slots,
        maxParallel: this.#limit,
        capacity,
        effort: { budgetMs: planBudgetMs, now, random },
      });
      const tasks = durations.map(({ isKnown }, index) => ({
        level: order.levelOf(index),
        order: order.orderOf(index),
        pool: this.#pools[index] ?? Pool.THREADS,
        request: this.#requests[index] ?? null,
        concurrency: this.#concurrency[index] ?? null,
        expectedMs: isKnown ? (this.#durationsMs[index] ?? 0) : Number.POSITIVE_INFINITY,
      }));
      const trace = simulateDispatch({
        rows: graph,
        tasks,
        durationsMs: this.#durationsMs,
        mode,
        maxParallel: this.#limit,
        slots: this.#slots,
        guard: capacity.guard,
        time: capacity.time,
        course: order.course,
        ...(ends === undefined ? {} : { ends }),
        ...(ended === undefined ? {} : { ended }),
        ...(ageingMs === undefined ? {} : { ageingMs }),
        nameOf: (index) => graph.names[index] ?? '',
      });
      return { order, trace, tasks };
    });
  }

  #within<T>(use: (capacity: SimulatedCapacity) => T): T {
    const capacity = new SimulatedCapacity(this.#workflow, this.#options);
    try {
      return use(capacity);
    } finally {
      capacity.close();
    }
  }

  #shared(tasks: readonly SimulatedTask[]): SharedRows {
    const resources = this.#within((capacity) => capacity.counted(this.#requests));
    return sharedRows(tasks, { slots: this.#slots, maxParallel: this.#limit, resources });
  }

  #resourceReports({ uses }: ScheduleAnalysis, makespanMs: number): SimulatedResourceReport[] {
    return this.#within((capacity) =>
      uses.flatMap(({ thing, peakUnits, unitMs }) => {
        if (thing.kind !== 'resource') return [];
        const granularity = capacity.granularityOf(thing.id);
        const share = thing.capacity === 0 || makespanMs === 0 ? 0 : unitMs / (thing.capacity * makespanMs);
        return [
          {
            id: thing.id,
            capacity: rounded(thing.capacity * granularity),
            peak: rounded(peakUnits * granularity),
            utilization: rounded(share),
            refillSeconds: thing.refillMs === null ? null : rounded(thing.refillMs / MILLISECONDS),
          },
        ];
      }),
    );
  }

  #taskReports({ trace, tasks }: Outcome, { slackMs }: ScheduleAnalysis): SimulatedTaskReport[] {
    const { durations, ends, ended } = this.#options;
    const { startsMs, endsMs, slots } = trace;
    return this.#workflow.steps.map(({ name }, index) => {
      const slot = slots[index] ?? -1;
      const pool = tasks[index]?.pool;
      const how = slot === -1 ? 'skipped' : (ends?.(index) ?? 'completed');
      const duration = durations[index];
      return {
        name,
        start: rounded((startsMs[index] ?? 0) / MILLISECONDS),
        end: rounded((endsMs[index] ?? 0) / MILLISECONDS),
        slack: rounded((slackMs[index] ?? 0) / MILLISECONDS),
        thread: slot >= 0 && pool === Pool.THREADS ? slot : null,
        inlinePlace: slot >= 0 && pool === Pool.INLINE ? slot : null,
        outcome: ended?.get(index) ?? how,
        guessedSeconds: duration === undefined || duration.isKnown ? null : rounded(duration.seconds),
      };
    });
  }
}

function planReport(plan: NonNullable<SimulatedOrder['plan']>): SimulatedPlanReport {
  const { method, makespanSeconds, rankSeconds, held, schedules, spentMs, budgetMs } = plan;
  return {
    method,
    makespanSeconds: rounded(makespanSeconds),
    ranksMakespanSeconds: rounded(rankSeconds),
    held,
    schedules,
    spentMs: rounded(spentMs),
    budgetMs,
  };
}

/** The step's key as the run's parameters make it; where they are not given, as it stands in the file. */
function concurrencyOf(
  { definition }: CompiledWorkflow,
  step: StepDefinition,
  parameters: JsonObject,
): ConcurrencyClaim | null {
  try {
    return resolveConcurrency(step, { ...definition.parameters, ...parameters });
  } catch (error) {
    if (isRuntimeError(error) && error.code === 'PARAMETER_INVALID') return step.concurrency;
    throw error;
  }
}
