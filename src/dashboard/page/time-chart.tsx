// Owns a chart of figures over time: lines drawn by uPlot, and a table of the same figures below it, which is its legend
// and what a screen reader has of it. Under the pointer the table tells the figures of that moment.

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { onThemeChange } from './theme.ts';
import 'uplot/dist/uPlot.min.css';
import { peakOf, type Series } from './system-feed.ts';

const HEIGHT = 150;
const COLOURS = 6;
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [4, 2]];

interface TimeChartProps {
  readonly title: string;
  /** What is measured how, for people. */
  readonly note: string;
  /** Epoch milliseconds. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** Never drawn smaller than this. */
  readonly leastMax: number;
  text(value: number): string;
}

/** A chart with its table. */
export function TimeChart({ title, note, times, series, leastMax, text }: TimeChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const titleId = useId();
  const [at, setAt] = useState<number | null>(null);
  usePlot(box, { times, series, leastMax, text, onPoint: setAt });
  const last = times.length - 1;
  const moment = at !== null && at <= last ? at : null;
  return (
    <figure class="card chart" aria-labelledby={titleId}>
      <figcaption>
        <h3 id={titleId}>{title}</h3>
        <p class="faint">{note}</p>
      </figcaption>
      <div ref={box} class="plot" aria-hidden="true" />
      <table class="plain legend">
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col" class="number">
              {moment === null ? 'Now' : timeText((times[moment] ?? 0) / 1_000)}
            </th>
            <th scope="col" class="number">
              Highest
            </th>
          </tr>
        </thead>
        <tbody>
          {series.map((each, number) => (
            <tr key={each.label}>
              <th scope="row">
                <Swatch number={number} /> {each.label}
              </th>
              <td class="number">{valueText(each.values[moment ?? last], text)}</td>
              <td class="number">{valueText(peakOf(each), text)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function Swatch({ number }: { readonly number: number }) {
  const dash = DASHES[number % DASHES.length]?.join(' ') ?? '';
  return (
    <svg class={`swatch series-${(number % COLOURS) + 1}`} width="18" height="8" aria-hidden="true" focusable="false">
      <path d="M0 4H18" stroke-dasharray={dash === '' ? undefined : dash} />
    </svg>
  );
}

interface PlotInput {
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly leastMax: number;
  text(value: number): string;
  onPoint(at: number | null): void;
}

function usePlot(box: { readonly current: HTMLDivElement | null }, input: PlotInput): void {
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(input);
  latest.current = input;
  const [theme, setTheme] = useState(document.documentElement.dataset.theme);
  useEffect(() => onThemeChange(() => setTheme(document.documentElement.dataset.theme)), []);
  const labels = input.series.map(({ label }) => label).join('\n');
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const made = new uPlot(
      optionsOf(element, latest.current, (at) => latest.current.onPoint(at)),
      dataOf(latest.current),
      element,
    );
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [box, labels, theme]);
  useEffect(() => {
    plot.current?.setData(dataOf(latest.current));
  }, [input.times, input.series]);
}

function dataOf({ times, series }: PlotInput): uPlot.AlignedData {
  return [times.map((time) => time / 1_000), ...series.map(({ values }) => [...values])];
}

function optionsOf(element: HTMLElement, input: PlotInput, onPoint: (at: number | null) => void): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour('--faint'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { size: 6 }, y: false },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(input.leastMax, (most ?? 0) * 1.1)] } },
    axes: [
      { ...axis, size: 24, space: 70, values: (_plot, ticks) => ticks.map(timeText) },
      { ...axis, size: 64, values: (_plot, ticks) => ticks.map((tick) => input.text(tick)) },
    ],
    series: [
      {},
      ...input.series.map(({ label }, number) => ({
        label,
        stroke: colour(`--series-${(number % COLOURS) + 1}`),
        width: 1.5,
        dash: DASHES[number % DASHES.length] ?? [],
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
  };
}

function timeText(seconds: number): string {
  const time = new Date(seconds * 1_000);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

function valueText(value: number | null | undefined, text: (value: number) => string): string {
  return value === null || value === undefined ? '–' : text(value);
}
