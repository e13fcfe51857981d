// Owns the timeline of the run itself: which task ran on which thread and when, from the tasks' own clocks.

import { cssPercent, formatBytes, formatDuration, formatNoun, formatShare } from './figures.ts';
import { html, type Markup } from './markup.ts';

export interface TaskBar {
  readonly task: string;
  /** The task's name without its shard. */
  readonly stage: string;
  readonly thread: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly files: number | undefined;
  readonly bytes: number | undefined;
}

export interface Timeline {
  readonly bars: readonly TaskBar[];
  readonly threads: readonly number[];
  /** In order of their first start. */
  readonly stages: readonly string[];
  readonly durationMs: number;
  /** Sum of the bars. */
  readonly busyMs: number;
}

interface MeasuredTask {
  readonly task: string;
  readonly timing: { readonly thread: number; readonly startedAt: number; readonly endedAt: number };
  readonly files?: number | undefined;
  readonly bytes?: number | undefined;
}

const STAGE_COLOURS = ['#8f9bb3', '#36a3b8', '#e08b3e', '#7c6fd6', '#5aa469', '#d1608a', '#3f7fd6', '#b5793c'];
const TICKS = 6;

/** Puts measured tasks on a common time axis that begins with the first. */
export function createTimeline(tasks: readonly MeasuredTask[]): Timeline {
  const origin = Math.min(...tasks.map(({ timing }) => timing.startedAt));
  const bars = tasks
    .map(({ task, timing, files, bytes }) => ({
      task,
      stage: task.replace(/-\d+$/, ''),
      thread: timing.thread,
      startMs: timing.startedAt - origin,
      durationMs: Math.max(0, timing.endedAt - timing.startedAt),
      files,
      bytes,
    }))
    .sort((a, b) => a.startMs - b.startMs || (a.task < b.task ? -1 : 1));
  return {
    bars,
    threads: [...new Set(bars.map((bar) => bar.thread))].sort((a, b) => a - b),
    stages: [...new Set(bars.map((bar) => bar.stage))],
    durationMs: Math.max(1, ...bars.map((bar) => bar.startMs + bar.durationMs)),
    busyMs: bars.reduce((sum, bar) => sum + bar.durationMs, 0),
  };
}

export function timelineSection(timeline: Timeline): Markup {
  const { bars, threads, stages, durationMs, busyMs } = timeline;
  const busy = `${formatDuration(busyMs)} of work in ${formatDuration(durationMs)}: the threads were busy for ${formatShare(busyMs, durationMs * threads.length)} of the time.`;
  return html`<section id="run" class="panel"><h2>This run, thread by thread</h2>
<p class="quiet">${busy}</p>
<div class="gantt">
  ${threads.map((thread, index) =>
    threadRow(
      `Thread ${index + 1}`,
      bars.filter((bar) => bar.thread === thread),
      timeline,
    ),
  )}
  <div class="axis" aria-hidden="true"><span class="lane-name"></span><div class="ticks">${ticks(durationMs)}</div></div>
</div>
<ul class="keys">${stages.map((stage) => stageKey(stage, timeline))}</ul>
<details class="more"><summary>All ${formatNoun(bars.length, 'task')} as a table</summary>${taskTable(timeline)}</details>
</section>`;
}

function threadRow(name: string, bars: readonly TaskBar[], timeline: Timeline): Markup {
  const bar = (item: TaskBar) => {
    const place = `left:${cssPercent(item.startMs, timeline.durationMs)};width:${cssPercent(item.durationMs, timeline.durationMs)};background:${stageColour(item.stage, timeline)}`;
    return html`<span class="bar" tabindex="0" role="img" aria-label="${describe(item)}" data-tip="${describe(item)}" style="${place}"><span>${item.task}</span></span>`;
  };
  return html`<div class="row"><span class="lane-name">${name}</span><div class="lane">${bars.map(bar)}</div></div>`;
}

function ticks(durationMs: number): Markup[] {
  const step = niceStep(durationMs / TICKS);
  const count = Math.floor(durationMs / step);
  return Array.from({ length: count + 1 }, (_, index) => {
    const label = step < 1000 ? `${index * step} ms` : `${(index * step) / 1000} s`;
    return html`<span style="left:${cssPercent(index * step, durationMs)}">${label}</span>`;
  });
}

// 1, 2 or 5 times a power of ten: what people read without counting.
function niceStep(roughMs: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, roughMs)));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= roughMs) ?? 10;
  return factor * power;
}

function stageKey(stage: string, timeline: Timeline): Markup {
  const members = timeline.bars.filter((bar) => bar.stage === stage);
  const total = members.reduce((sum, bar) => sum + bar.durationMs, 0);
  const times = members.length === 1 ? '' : ` × ${members.length}`;
  return html`<li><i style="background:${stageColour(stage, timeline)}"></i>${stage}${times} <b>${formatDuration(total)}</b></li>`;
}

function stageColour(stage: string, timeline: Timeline): string {
  return STAGE_COLOURS[timeline.stages.indexOf(stage) % STAGE_COLOURS.length] ?? '#8f9bb3';
}

function describe(bar: TaskBar): string {
  const time = `${formatDuration(bar.durationMs)}, from ${formatDuration(bar.startMs)}`;
  const work = [
    bar.files === undefined ? [] : [formatNoun(bar.files, 'file')],
    bar.bytes === undefined ? [] : [formatBytes(bar.bytes)],
  ].flat();
  return [bar.task, time, ...(work.length === 0 ? [] : [work.join(', ')])].join('\n');
}

function taskTable(timeline: Timeline): Markup {
  const row = (
    bar: TaskBar,
  ) => html`<tr><td>${bar.task}</td><td class="number">${timeline.threads.indexOf(bar.thread) + 1}</td>
<td class="number">${formatDuration(bar.startMs)}</td><td class="number">${formatDuration(bar.durationMs)}</td>
<td class="number wide">${bar.bytes === undefined ? '' : formatBytes(bar.bytes)}</td></tr>`;
  return html`<table><thead><tr><th>Task</th><th class="number">Thread</th><th class="number">Start</th><th class="number">Time</th><th class="number wide">Bytes</th></tr></thead>
<tbody>${timeline.bars.map(row)}</tbody></table>`;
}
