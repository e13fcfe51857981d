// Owns the lines of pictures: corners rounded, numbers short. Pure geometry; must never know what a line stands for.

export interface Point {
  readonly x: number;
  readonly y: number;
}

const CORNER = 7;

/** Straight pieces with rounded corners, as SVG path data. */
export function roundedPath(points: readonly Point[]): string {
  let path = '';
  points.forEach((point, index) => {
    const before = points[index - 1];
    const after = points[index + 1];
    if (before === undefined) path += `M${round(point.x)} ${round(point.y)}`;
    else if (after === undefined) path += `L${round(point.x)} ${round(point.y)}`;
    else {
      const enter = towards(point, before);
      const leave = towards(point, after);
      path += `L${round(enter.x)} ${round(enter.y)}Q${round(point.x)} ${round(point.y)} ${round(leave.x)} ${round(leave.y)}`;
    }
  });
  return path;
}

function towards(from: Point, to: Point): Point {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  const step = distance === 0 ? 0 : Math.min(CORNER, distance / 2) / distance;
  return { x: from.x + (to.x - from.x) * step, y: from.y + (to.y - from.y) * step };
}

/** A tenth of a pixel is all that anybody sees. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
