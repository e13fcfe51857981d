// Owns how a view comes by a run: fetches its documents, keeps them up to date by the stream, and fetches again what the
// stream left a gap in.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PlanDocument, RunDocument, StatechartDocument, TaskDocument, TimelineDocument } from '../wire.ts';
import type { ApiFault } from './api-client.ts';
import { faultOf } from './api-client.ts';
import { useDashboard, useDocument, useFrames, useInterest } from './dashboard-context.tsx';
import { RunFeed } from './run-feed.ts';

const LIVE_TICK_MS = 500;

export interface LiveRun {
  /** null = it has not come yet. */
  readonly run: RunDocument | null;
  readonly timeline: TimelineDocument | null;
  readonly fault: ApiFault | null;
  refetch(): void;
}

/** A run, live; its timeline too when that is wanted. */
export function useRun(runId: string, wantsTimeline: boolean): LiveRun {
  const { clock, stream } = useDashboard();
  useInterest({ run: { runId, timeline: wantsTimeline, task: null } });
  const feed = useMemo(() => new RunFeed(runId, () => clock.now()), [runId, clock]);
  const [, setTurn] = useState(0);
  const redraw = () => setTurn((old) => old + 1);
  useEffect(() => {
    let epoch = stream.epoch;
    return stream.watch(() => {
      if (stream.epoch === epoch) return;
      epoch = stream.epoch;
      feed.reconnect();
    });
  }, [stream, feed]);
  const run = useDocument(runId, (api, signal) => api.run(runId, signal));
  const timeline = useDocument(wantsTimeline ? runId : null, (api, signal) => api.timeline(runId, signal));
  const fetchMissing = (missing: { readonly run: boolean; readonly timeline: boolean }) => {
    if (missing.run) run.refetch();
    if (missing.timeline) timeline.refetch();
    redraw();
  };
  useEffect(() => {
    if (run.document !== null) fetchMissing(feed.takeRun(run.document));
  }, [feed, run.document]);
  useEffect(() => {
    if (timeline.document !== null) fetchMissing(feed.takeTimeline(timeline.document));
    else feed.dropTimeline();
  }, [feed, timeline.document]);
  useFrames('run', (frame) => fetchMissing(feed.takeFrame(frame)));
  useTimelineTick(feed.timeline?.isLive === true, () => {
    feed.tick();
    redraw();
  });
  return {
    run: feed.run,
    timeline: wantsTimeline ? feed.timeline : null,
    fault: run.fault ?? timeline.fault,
    refetch: run.refetch,
  };
}

// Time goes on where nothing happens.
function useTimelineTick(isLive: boolean, tick: () => void): void {
  const current = useRef(tick);
  current.current = tick;
  useEffect(() => {
    if (!isLive) return;
    const timer = setInterval(() => current.current(), LIVE_TICK_MS);
    return () => clearInterval(timer);
  }, [isLive]);
}

/** How the run would go in simulation; fetched once, when it is first wanted. */
export function usePlan(
  runId: string,
  isWanted: boolean,
): { readonly plan: PlanDocument | null; readonly why: string | null } {
  const { api } = useDashboard();
  const [answer, setAnswer] = useState<{ plan: PlanDocument | null; why: string | null }>({ plan: null, why: null });
  useEffect(() => {
    if (!isWanted) return;
    const given = new AbortController();
    api.plan(runId, given.signal).then(
      (plan) => setAnswer({ plan, why: null }),
      (thrown: unknown) => {
        if (!given.signal.aborted) setAnswer({ plan: null, why: faultOf(thrown).message });
      },
    );
    return () => given.abort();
  }, [api, runId, isWanted]);
  return answer;
}

/** A task, live; its document comes whole with each frame. */
export function useTask(runId: string, name: string) {
  useInterest({ run: { runId, timeline: false, task: name } });
  const fetched = useDocument(`${runId}\n${name}`, (api, signal) => api.task(runId, name, signal));
  const [task, setTask] = useState<TaskDocument | null>(null);
  useEffect(() => {
    if (fetched.document !== null) setTask(fetched.document);
  }, [fetched.document]);
  useFrames('task', (frame) => {
    if (frame.runId !== runId || frame.name !== name) return;
    setTask((old) => (old !== null && isOf(old, runId, name) && old.version > frame.version ? old : frame));
  });
  const current = task !== null && isOf(task, runId, name) ? task : null;
  return { task: current, fault: fetched.fault, refetch: fetched.refetch };
}

function isOf(task: TaskDocument, runId: string, name: string): boolean {
  return task.runId === runId && task.name === name;
}

// Machines do not change while the page lives.
const charts = new Map<string, Promise<StatechartDocument>>();

/** The statechart of a machine; null = it has not come, or there is none. */
export function useStatechart(name: string | null): StatechartDocument | null {
  const { api } = useDashboard();
  const [chart, setChart] = useState<StatechartDocument | null>(null);
  useEffect(() => {
    if (name === null) return;
    let isWanted = true;
    const asked = charts.get(name) ?? api.statechart(name);
    charts.set(name, asked);
    asked.then(
      (document) => {
        if (isWanted) setChart(document);
      },
      () => charts.delete(name),
    );
    return () => {
      isWanted = false;
    };
  }, [api, name]);
  return chart?.name === name ? chart : null;
}
