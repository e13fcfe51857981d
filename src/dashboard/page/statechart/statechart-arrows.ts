// Owns what of a machine is drawn as arrows: all transitions between the same two states are one arrow, whose label has
// a line an event. And the way that an actor took over them: which states it saw, which arrows it went, in which order.
// Pure: the same chart and path always give the same; nothing here knows of pixels.

import type { PathStep } from '../../wire.ts';

/** What of a machine is drawn: of a document of the server, or of a description of the machine itself. */
export interface ChartParts {
  readonly initial: string;
  readonly states: readonly { readonly name: string; readonly type: string }[];
  readonly transitions: readonly {
    readonly event: string;
    readonly from: string;
    readonly to: string;
    readonly guard: string | null;
  }[];
}

/** One arrow of the picture. */
export interface StatechartArrow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** In the order of the machine; each once, with the guards that may let it pass. */
  readonly events: readonly { readonly name: string; readonly guards: readonly string[] }[];
}

/** The way taken, by names of states and ids of arrows. */
export interface TakenWay {
  /** How often each state was entered. */
  readonly visits: ReadonlyMap<string, number>;
  /** By arrow: the numbers of the steps that went over it, from 1. */
  readonly steps: ReadonlyMap<string, readonly number[]>;
  /** The arrow of the last step; null before the first, and where the chart has none for it. */
  readonly last: string | null;
}

/** The arrows of a machine, in the order in which it names them. */
export function arrowsOf(chart: Pick<ChartParts, 'transitions'>): StatechartArrow[] {
  const drawn = new Map<string, { from: string; to: string; guards: Map<string, Set<string>> }>();
  for (const { from, to, event, guard } of chart.transitions) {
    const key = JSON.stringify([from, to]);
    const arrow = drawn.get(key) ?? { from, to, guards: new Map<string, Set<string>>() };
    const guards = arrow.guards.get(event) ?? new Set<string>();
    if (guard !== null) guards.add(guard);
    drawn.set(key, arrow);
    arrow.guards.set(event, guards);
  }
  return [...drawn.values()].map(({ from, to, guards }, index) => ({
    id: `arrow${index}`,
    from,
    to,
    events: [...guards].map(([name, names]) => ({ name, guards: [...names] })),
  }));
}

/** An event as people read it, its guards in brackets. */
export function eventText({ name, guards }: StatechartArrow['events'][number]): string {
  return guards.length === 0 ? name : `${name} [${guards.join(' | ')}]`;
}

const LINE_LETTERS = 24;

/** The lines of an arrow's label: an event each; guards that make it long stand below it. */
export function labelLines(arrow: StatechartArrow): string[] {
  return arrow.events.flatMap((event) => {
    const whole = eventText(event);
    return whole.length <= LINE_LETTERS || event.guards.length === 0
      ? [whole]
      : [event.name, ...event.guards.map((guard) => `[${guard}]`)];
  });
}

/**
 * The way of an actor. A step counts for the arrow between the two states that has its event; a step whose event the
 * chart does not have there (a state that was entered from a record, say) for the only arrow between the two, if any.
 */
export function takenWay(arrows: readonly StatechartArrow[], path: readonly PathStep[]): TakenWay {
  const visits = new Map<string, number>();
  const steps = new Map<string, number[]>();
  let last: string | null = null;
  path.forEach((step, index) => {
    const before = path[index - 1];
    const arrow = before === undefined ? undefined : arrowOf(arrows, before.state, step);
    if (before?.state !== step.state || arrow !== undefined) visits.set(step.state, (visits.get(step.state) ?? 0) + 1);
    last = arrow?.id ?? null;
    if (arrow !== undefined) steps.set(arrow.id, [...(steps.get(arrow.id) ?? []), index]);
  });
  return { visits, steps, last };
}

function arrowOf(arrows: readonly StatechartArrow[], from: string, step: PathStep): StatechartArrow | undefined {
  const between = arrows.filter((arrow) => arrow.from === from && arrow.to === step.state);
  const { event } = step;
  // Two states have one arrow each way: `between` has no second one.
  const exact = between.find(({ events }) => events.some(({ name }) => name === event));
  return exact ?? (from === step.state ? undefined : between[0]);
}

const SHOWN_STEPS = 3;

/** The numbers of an arrow's steps as its mark says them: `2`, `2, 5`, and `2 … 9, ×5` for many. */
export function stepsText(steps: readonly number[]): string {
  const first = steps[0];
  if (first === undefined) return '';
  if (steps.length <= SHOWN_STEPS) return steps.join(', ');
  return `${first} … ${steps.at(-1) ?? first}, ×${steps.length}`;
}

/** What a state leads to, in words: the text beside the picture. */
export function exitsOf(arrows: readonly StatechartArrow[], state: string): { label: string; to: string }[] {
  return arrows
    .filter(({ from }) => from === state)
    .flatMap(({ events, to }) => events.map((event) => ({ label: eventText(event), to })));
}
