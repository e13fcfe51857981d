// Tests the dashboard's view of a recorded trace against that of the engine it was recorded from.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SourceListener } from '../../src/dashboard/dashboard-source.ts';
import { LiveSource } from '../../src/dashboard/live-source.ts';
import { TraceSource, type TraceSourceOptions } from '../../src/dashboard/trace-source.ts';
import * as wire from '../../src/dashboard/wire.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { recordTrace } from '../../src/inspect/trace-file.ts';
import { workFolder } from '../cli/work-folder.ts';
import { createTestEngine } from '../engine/support.ts';
import { essenceOf, FramedRun, fatefulSteps, registerFates } from './run-pictures.ts';

const DEAF: SourceListener = { runs: () => {}, run: () => {}, task: () => {}, system: () => {}, tree: () => {} };
const PAGE = { skip: 0, limit: 50 };

function newTimers(): SystemTimers {
  const timers = new SystemTimers({ unref: true });
  onTestFinished(() => timers.close());
  return timers;
}

async function recorded() {
  const file = join(workFolder({}), 'run.trace.jsonl');
  const { engine } = await createTestEngine();
  registerFates(engine);
  const live = new LiveSource(engine, { timers: newTimers() });
  onTestFinished(() => live.close());
  const recording = await recordTrace(engine, file);
  engine.workflows.createWorkflow('fates', fatefulSteps(41, 40));
  const run = engine.startWorkflow('fates');
  const alone = engine.submitTask({ module: 'fates', action: 'pass', parameters: { ms: 1 }, name: 'alone' });
  await Promise.all([run.result(), engine.waitForTask(alone)]);
  await recording.close();
  return { file, live, runId: run.runId, alone };
}

async function open(file: string, options: Partial<TraceSourceOptions> = {}): Promise<TraceSource> {
  const source = await TraceSource.open(file, { timers: newTimers(), ...options });
  onTestFinished(() => source.close());
  return source;
}

async function essence(source: Pick<TraceSource, 'run' | 'timeline'>, runId: string) {
  const run = wire.runDocument.parse(await source.run(runId));
  return essenceOf(run, wire.timelineDocument.parse(await source.timeline(runId)));
}

describe('a trace', () => {
  it('shows the end of its runs and tasks as the engine did', async () => {
    const { file, live, runId, alone } = await recorded();
    const source = await open(file);
    const page = wire.runsPage.parse(await source.runs(PAGE));
    expect(page.runs.map((run) => run.runId).sort()).toEqual([alone, runId].sort());
    expect(await essence(source, runId)).toEqual(await essence(live, runId));
    expect((await source.run(runId))?.mode).toBe((await live.run(runId))?.mode);
    expect((await source.run(alone))?.summary).toMatchObject({
      kind: 'task',
      workflow: 'alone',
      standing: 'completed',
    });
    const names = (await source.run(runId))?.tasks.names ?? [];
    for (const name of names) {
      const traced = wire.taskDocument.parse(await source.task(runId, name));
      const known = wire.taskDocument.parse(await live.task(runId, name));
      const told = (document: wire.TaskDocument) => ({
        state: document.state,
        output: document.output,
        current: document.statechart.current,
        states: document.statechart.path.map(({ state }) => state),
        attempts: document.attempts.map(({ outcome, threadId }) => [outcome, threadId]),
        logs: document.logs.lines.length,
      });
      expect(told(traced)).toEqual(told(known));
    }
    expect(wire.planDocument.parse(await source.plan(runId)).rows).toHaveLength(40);
    expect(wire.systemDocument.parse(await source.system()).absent).toMatch(/trace/);
    expect(wire.treeDocument.parse(await source.tree()).root).toBeNull();
  });

  it('takes no action', async () => {
    const { file } = await recorded();
    const source = await open(file, { version: '1.2.3' });
    expect(wire.welcome.parse(source.welcome())).toMatchObject({ source: 'trace', place: file, actions: [] });
    await expect(source.act()).rejects.toMatchObject({ code: 'DASHBOARD_REFUSED' });
  });

  it('goes as it went, with frames, when it is played', async () => {
    const { file, live, runId } = await recorded();
    const source = await open(file, { speed: 0.2 });
    await expect.poll(() => source.run(runId)).toBeDefined();
    let page: FramedRun | undefined;
    const standings = new Set<string>();
    source.listen(
      { runs: false, system: false, tree: false, run: { runId, timeline: true, task: null } },
      {
        ...DEAF,
        run: (frame) => {
          standings.add(frame.summary.standing);
          page?.take(wire.runFrame.parse(frame));
        },
      },
    );
    const run = wire.runDocument.parse(await source.run(runId));
    page = new FramedRun(run, wire.timelineDocument.parse(await source.timeline(runId)));
    await expect.poll(() => page?.run.summary.standing, { timeout: 10_000 }).toBe('completed');
    expect(page.gaps).toBe(0);
    expect(essenceOf(page.run, page.timeline)).toEqual(await essence(live, runId));
    expect(standings).toContain('running');
  });

  it('of a process that was killed leaves its runs interrupted, and says that it was', async () => {
    const { file, runId } = await recorded();
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, Math.floor(text.length * 0.5)));
    const source = await open(file);
    expect(source.welcome().place).toContain('its process was ended');
    const run = wire.runDocument.parse(await source.run(runId));
    expect(run.summary.standing).toBe('interrupted');
    expect(run.tasks.states.map((state) => wire.TASK_STATES[state])).not.toContain('running');
    const timeline = wire.timelineDocument.parse(await source.timeline(runId));
    expect(timeline.isLive).toBe(false);
    expect(timeline.bars.every(([, , , , , , end]) => end >= 0)).toBe(true);
  });

  it('that is none, or is played at no speed, is refused with the reason', async () => {
    const folder = workFolder({ 'no.jsonl': '{"kind":"other"}\n' });
    await expect(open(join(folder, 'no.jsonl'))).rejects.toMatchObject({ code: 'TRACE_INVALID' });
    await expect(open(join(folder, 'none.jsonl'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(open(join(folder, 'no.jsonl'), { speed: 0 })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
  });
});
