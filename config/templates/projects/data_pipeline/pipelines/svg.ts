// Owns the drawing of charts as SVG: the same points give the same text, and labels are text whatever is in them.

/** A value with its label. */
export interface Point {
  readonly label: string;
  readonly value: number;
}

const TOP = 60;
const BASE = 280;
const LEFT = 40;
const WIDTH = 560;

/** A bar for each point, with its value above and its label below. */
export function drawBars(title: string, points: readonly Point[]): string {
  const heightOf = scaleOf(points);
  const width = WIDTH / Math.max(1, points.length);
  const bars = points.map(({ label, value }, index) => {
    const left = LEFT + index * width;
    const top = BASE - heightOf(value);
    const middle = round(left + width / 2);
    const size = `width="${round(width - 12)}" height="${round(BASE - top)}"`;
    return `<rect x="${round(left + 6)}" y="${round(top)}" ${size} fill="#3f7fd6"/>
<text x="${middle}" y="${round(top - 8)}">${value.toFixed(0)}</text>
<text x="${middle}" y="${BASE + 20}">${escapeText(label)}</text>`;
  });
  return drawing(title, bars);
}

/** The points joined by a line, with their labels below. */
export function drawLine(title: string, points: readonly Point[]): string {
  const heightOf = scaleOf(points);
  const places = points.map(({ label, value }, index) => {
    const x = round(LEFT + (index * WIDTH) / Math.max(1, points.length - 1));
    return { label, x, y: round(BASE - heightOf(value)) };
  });
  const line = places.map(({ x, y }) => `${x},${y}`).join(' ');
  return drawing(title, [
    `<polyline points="${line}" fill="none" stroke="#e08b3e" stroke-width="3"/>`,
    ...places.map(({ label, x }) => `<text x="${x}" y="${BASE + 20}">${escapeText(label)}</text>`),
  ]);
}

/** A text that SVG and HTML show as it is. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function scaleOf(points: readonly Point[]): (value: number) => number {
  const highest = Math.max(...points.map(({ value }) => value));
  return (value) => (highest > 0 ? Math.max(0, value / highest) * (BASE - TOP) : 0);
}

function drawing(title: string, marks: readonly string[]): string {
  const style = 'font-family="sans-serif" font-size="13" text-anchor="middle"';
  const heading = `<text x="320" y="30" font-size="18">${escapeText(title)}</text>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 320" ${style}>`;
  return `${[svg, heading, ...marks, '</svg>'].join('\n')}\n`;
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}
