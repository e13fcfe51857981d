// Owns waiting for a run or a single task on behalf of a call: what of it has ended is told as progress, and a call that
// is cancelled cancels the work. It counts from the run itself, never from events alone, so that none can be missed.

import type { RuntimeEvent, RuntimeEventType } from '../domain/events.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { TaskResult } from '../engine/task.ts';
import type { WorkflowExecution } from '../engine/workflow-execution.ts';
import type { WorkflowRun } from '../engine/workflow-run-handle.ts';
import type { McpProgress, ToolContext } from './mcp-tool.ts';

/** Between two reports of progress of one call, by the times of the events; the last one is always told. */
const INTERVAL_MS = 100;
const CANCELLED_BY_CLIENT = 'cancelled by the MCP client';

const ENDS = ['task.completed', 'task.failed', 'task.cancelled', 'task.skipped'] as const satisfies RuntimeEventType[];

type Watcher = Pick<ToolContext, 'engine' | 'signal' | 'onProgress'>;

/** Waits for the end of a run, whatever it is. @throws RuntimeError ENGINE_CLOSED, JOURNAL_* */
export async function watchRun(run: WorkflowRun, { engine, signal, onProgress }: Watcher): Promise<WorkflowExecution> {
  const cancel = () => run.cancel(CANCELLED_BY_CLIENT);
  const stop = onProgress === undefined ? undefined : tellRun(engine, run, onProgress);
  try {
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    return await run.result();
  } finally {
    signal.removeEventListener('abort', cancel);
    stop?.();
  }
}

/** Waits for the end of a single task. @throws RuntimeError TASK_NOT_FOUND, ENGINE_CLOSED, JOURNAL_* */
export async function watchTask(taskId: string, { engine, signal, onProgress }: Watcher): Promise<TaskResult> {
  const cancel = () => engine.tasks.cancelTask(taskId, CANCELLED_BY_CLIENT);
  const teller = onProgress === undefined ? undefined : new Teller(onProgress, 1);
  const stop =
    teller === undefined
      ? undefined
      : engine.registerEventHandler('task.progress', (event) => {
          if (event.taskId === taskId) teller.tell(Math.min(0.999, fractionOf(event)), messageOf(event), event.at);
        });
  try {
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    const result = await engine.waitForTask(taskId);
    teller?.last(1, `task '${result.name}' ${result.status}`);
    return result;
  } finally {
    signal.removeEventListener('abort', cancel);
    stop?.();
  }
}

/** Tells the progress of a run until the given function is called, which tells the last of it. */
function tellRun(
  engine: OrchestrationEngine,
  run: WorkflowRun,
  onProgress: (progress: McpProgress) => void,
): () => void {
  const { total } = run.tasks;
  const before = endedTasks(run);
  const teller = new Teller(onProgress, total);
  // An end is told before the run counts it; one that was told before anybody listened is counted by the run.
  const told = new Set<string>();
  const endedNow = () => Math.min(total, Math.max(before + told.size, endedTasks(run)));
  // Of tasks under way that tell how far they are.
  const fractions = new Map<string, number>();
  const underWay = () => [...fractions.values()].reduce((sum, fraction) => sum + fraction, 0);
  const handle = (event: RuntimeEvent) => {
    if (event.runId !== run.runId || event.task === undefined) return;
    if (event.type === 'task.progress') fractions.set(event.task, fractionOf(event));
    else fractions.delete(event.task);
    if (event.type !== 'task.progress' && event.type !== 'task.retrying') told.add(event.task);
    const ended = endedNow();
    // Not the whole before it is the whole: a client takes that for the end.
    const progress = Math.min(ended + underWay(), Math.max(ended, total - 0.001));
    teller.tell(progress, `${messageOf(event)} (${ended} of ${total} ended)`, event.at);
  };
  const stops = [...ENDS, 'task.progress' as const, 'task.retrying' as const].map((type) =>
    engine.registerEventHandler(type, handle),
  );
  return () => {
    for (const stop of stops) stop();
    const ended = endedTasks(run);
    teller.last(ended, `run '${run.runId}' ${run.status} (${ended} of ${total} ended)`);
  };
}

function endedTasks(run: WorkflowRun): number {
  const { completed, failed, skipped, cancelled } = run.tasks;
  return completed + failed + skipped + cancelled;
}

function fractionOf({ data }: RuntimeEvent): number {
  const fraction = Number(data.fraction);
  return Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
}

function messageOf({ task, type, data }: RuntimeEvent): string {
  if (type !== 'task.progress') return `${task} ${type.slice('task.'.length)}`;
  const percent = `${Math.round(Number(data.fraction) * 100)} %`;
  return typeof data.message === 'string' ? `${task} ${percent}: ${data.message.slice(0, 200)}` : `${task} ${percent}`;
}

/** Tells growing progress only, and not too often. */
class Teller {
  readonly #tell: (progress: McpProgress) => void;
  readonly #total: number;
  #told = -1;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(tell: (progress: McpProgress) => void, total: number) {
    this.#tell = tell;
    this.#total = total;
  }

  tell(progress: number, message: string, at: string): void {
    const atMs = Date.parse(at);
    if (progress <= this.#told || atMs - this.#toldAtMs < INTERVAL_MS) return;
    this.#told = progress;
    this.#toldAtMs = atMs;
    this.#tell({ progress, total: this.#total, message });
  }

  last(progress: number, message: string): void {
    if (progress <= this.#told) return;
    this.#told = progress;
    this.#tell({ progress, total: this.#total, message });
  }
}
