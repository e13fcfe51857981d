// Owns what tests of the dashboard's pictures share: workflows of many fates, and pictures in a form in which two of them
// can be held against each other.

import { setTimeout as wait } from 'node:timers/promises';
import { applyRunFrame, applyTimelineFrame } from '../../src/dashboard/page/run-store.ts';
import {
  ATTEMPT_OUTCOMES,
  type RunDocument,
  type RunFrame,
  TASK_STATES,
  type TimelineDocument,
} from '../../src/dashboard/wire.ts';
import type { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import type { WorkflowStepOptions } from '../../src/engine/workflow-step.ts';
import { seededRandom } from '../../src/scheduling/seeded-random.ts';

/** Bodies on the main loop: short, failing a few times, endless, silent. */
export function registerFates(engine: OrchestrationEngine): void {
  engine.registerInlineTask('fates', 'pass', async ({ ms }, context) => {
    context.progress(0.5, 'half');
    await wait(Number(ms));
    return { ms };
  });
  engine.registerInlineTask('fates', 'stumble', async ({ times }, context) => {
    if (context.attempt <= Number(times)) throw new Error(`stumbled on attempt ${context.attempt}`);
    return context.attempt;
  });
  engine.registerInlineTask('fates', 'stay', async (_input, { signal }) => {
    await wait(60_000, undefined, { signal });
  });
}

/** A random workflow in which tasks complete, fail, are tried again, time out, are skipped. */
export function fatefulSteps(seed: number, size: number): WorkflowStepOptions[] {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return Array.from({ length: size }, (_, index) => {
    const dependencies = [...new Set(Array.from({ length: below(3) }, () => below(index)))]
      .filter(() => index > 0)
      .map((each) => `t${each}`);
    const base = { name: `t${index}`, module: 'fates', dependencies, required: false };
    const fate = below(10);
    if (fate < 6) return { ...base, action: 'pass', parameters: { ms: below(8) } };
    if (fate === 6) return { ...base, action: 'stay', timeoutMs: 15, maxRetries: below(2), retry: QUICK };
    if (fate === 7) return { ...base, action: 'pass', parameters: { ms: 1 }, runIf: 'false' };
    return { ...base, action: 'stumble', parameters: { times: below(4) }, maxRetries: 2, retry: QUICK };
  });
}

const QUICK = { initialIntervalMs: 5, backoff: 1, jitter: 0 };

/** What two pictures of one run must agree in, exactly. */
export function essenceOf(run: RunDocument, timeline: TimelineDocument) {
  const { names, states, attempts } = run.tasks;
  return {
    standing: run.summary.standing,
    ends: run.summary.ends,
    tasks: names.map((name, index) => `${name} ${TASK_STATES[states[index] ?? -1]} ${attempts[index]}`),
    bars: timeline.bars
      .map(([, task, attempt, lane, , , , outcome]) => {
        const on = timeline.lanes[lane];
        return `${names[task]} ${attempt} ${ATTEMPT_OUTCOMES[outcome]} ${on?.kind === 'thread' ? on.label : on?.kind}`;
      })
      .sort(),
  };
}

/** Times of bars by task and attempt, on the clock. */
export function timesOf({ bars, origin }: TimelineDocument): Map<string, readonly [number, number]> {
  return new Map(
    bars.map(([, task, attempt, , , start, end]) => [`${task} ${attempt}`, [origin + start, origin + end]]),
  );
}

/** What a page makes of its documents and the frames after them. */
export class FramedRun {
  run: RunDocument;
  timeline: TimelineDocument;
  gaps = 0;

  constructor(run: RunDocument, timeline: TimelineDocument) {
    this.run = run;
    this.timeline = timeline;
  }

  take(frame: RunFrame): void {
    const run = applyRunFrame(this.run, frame);
    const timeline = applyTimelineFrame(this.timeline, frame, 0);
    if (run.kind === 'applied') this.run = run.document;
    if (timeline.kind === 'applied') this.timeline = timeline.document;
    if (run.kind === 'gap' || timeline.kind === 'gap') this.gaps++;
  }
}
