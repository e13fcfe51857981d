// Owns how `simulate` tells people of a run that was worked out: a few lines of figures, then the threads as a Gantt chart.
// Pure: lines that fit the width. A chart of very many tasks or threads is drawn by how busy each stretch is.

import type { SimulationReport } from '../engine/simulation/simulation-report.ts';
import { durationText } from './duration-text.ts';
import { cutToColumns, toPrintableLine } from './printable-text.ts';
import { ganttLines } from './simulation-gantt.ts';
import { PLAIN_STYLER, type Styler } from './text-style.ts';

const NARROWEST_COLUMNS = 60;
const LABEL_COLUMNS = 13;
const MOST_PATH_NAMES = 8;
const WIDEST_PATH_NAME = 20;
const MOST_RESOURCES = 6;
const MOST_GUESSED_NAMES = 6;

/** The run whose recorded durations were taken. */
export interface RecordedFigures {
  readonly runId: string;
  readonly recordedSeconds: number;
}

/** Every line of `simulate` for a terminal of that width. */
export function* simulationLines(
  report: SimulationReport,
  run: RecordedFigures | null,
  columns: number,
  style: Styler = PLAIN_STYLER,
): Generator<string> {
  const width = Math.max(NARROWEST_COLUMNS, columns) - 1;
  yield headLine(report, style);
  const room = width - LABEL_COLUMNS - 3;
  for (const [label, text] of figureLines(report, run)) {
    yield `  ${style('quiet', label.padEnd(LABEL_COLUMNS))} ${cutToColumns(text, room)}`;
  }
  if (report.makespanSeconds === 0) return;
  yield '';
  yield* ganttLines(report, width, style);
}

function headLine({ workflow, makespanSeconds, workers, mode, maxParallel, tasks }: SimulationReport, style: Styler) {
  const name = style('strong', toPrintableLine(workflow));
  const limit = maxParallel === null ? '' : `, at most ${maxParallel} at once`;
  const time = style('good', secondsText(makespanSeconds));
  return `${name} would take ${time} on ${countOf(workers, 'thread')} (${mode}${limit}, ${countOf(tasks.length, 'task')})`;
}

function* figureLines(report: SimulationReport, run: RecordedFigures | null): Generator<readonly [string, string]> {
  if (run !== null) yield ['recorded', recordedText(report, run)];
  yield ['lower bound', boundText(report)];
  yield ['critical path', pathText(report)];
  yield ['threads', `${percent(report.utilization)} busy${skippedText(report)}`];
  if (report.resources.length > 0) yield ['resources', resourcesText(report)];
  if (report.plan !== null) yield ['plan', planText(report.plan)];
  if (report.estimates.unknown > 0) yield ['guesses', guessesText(report)];
}

function recordedText({ makespanSeconds }: SimulationReport, { runId, recordedSeconds }: RecordedFigures): string {
  const factor = makespanSeconds > 0 ? `, ${(recordedSeconds / makespanSeconds).toFixed(2)} times as long` : '';
  return `run ${toPrintableLine(runId)} really took ${secondsText(recordedSeconds)}${factor}`;
}

function boundText({ makespanSeconds, lowerBoundSeconds }: SimulationReport): string {
  if (lowerBoundSeconds === 0) return 'nothing takes any time';
  const ratio = makespanSeconds / lowerBoundSeconds;
  const text = ratio === 1 ? 'it cannot be done sooner' : `the run is ${ratio.toFixed(3)} times that`;
  return `${secondsText(lowerBoundSeconds)}; ${text}`;
}

function pathText({ criticalPath, criticalPathSeconds }: SimulationReport): string {
  const half = MOST_PATH_NAMES / 2;
  const names = criticalPath.map((name) => cutToColumns(toPrintableLine(name), WIDEST_PATH_NAME));
  const shown =
    names.length <= MOST_PATH_NAMES
      ? names
      : [...names.slice(0, half), `… ${names.length - MOST_PATH_NAMES} more …`, ...names.slice(-half)];
  return `${secondsText(criticalPathSeconds)}: ${shown.join(' → ')}`;
}

function skippedText({ tasks }: SimulationReport): string {
  const skipped = tasks.filter(({ outcome }) => outcome === 'skipped').length;
  return skipped === 0 ? '' : `; ${countOf(skipped, 'task')} skipped`;
}

function resourcesText({ resources }: SimulationReport): string {
  const texts = resources
    .slice(0, MOST_RESOURCES)
    .map(
      ({ id, peak, capacity, utilization }) =>
        `${toPrintableLine(id)} ${peak} of ${capacity} at most, ${percent(utilization)}`,
    );
  const more = resources.length > texts.length ? `; ${resources.length - texts.length} more` : '';
  return texts.join('; ') + more;
}

function planText(plan: NonNullable<SimulationReport['plan']>): string {
  const { method, makespanSeconds, ranksMakespanSeconds, schedules, spentMs } = plan;
  const cost = `${countOf(schedules, 'schedule')} in ${spentMs.toFixed(1)} ms`;
  const gain = ranksMakespanSeconds - makespanSeconds;
  const share = ranksMakespanSeconds > 0 ? gain / ranksMakespanSeconds : 0;
  const compared =
    Math.abs(share) < 0.0005
      ? 'as good as ranks alone'
      : `${percent(Math.abs(share), 1)} ${share > 0 ? 'better' : 'worse'} than ranks alone (${secondsText(ranksMakespanSeconds)})`;
  return `${method}, ${cost}; ${compared}`;
}

function guessesText({ estimates, tasks }: SimulationReport): string {
  const guessed = tasks.filter(({ guessedSeconds }) => guessedSeconds !== null);
  const names = guessed.slice(0, MOST_GUESSED_NAMES).map(({ name }) => toPrintableLine(name));
  const more = guessed.length > names.length ? ', …' : '';
  const all = estimates.unknown + estimates.known;
  return `${estimates.unknown} of ${countOf(all, 'duration')} are guesses of 1 s; say estimated_seconds: ${names.join(', ')}${more}`;
}

/** As durations are shown elsewhere, with thousandths where they are short. */
function secondsText(seconds: number): string {
  if (seconds > 0 && seconds < 0.995) return `${Number(seconds.toPrecision(3))} s`;
  return durationText(seconds * 1_000);
}

function percent(share: number, decimals = 0): string {
  return `${(share * 100).toFixed(decimals)} %`;
}

function countOf(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
