// Compares the drawing in each machine's file with the machine: every transition drawn, and none that is not there. The
// reader of drawings is shown to see what is wrong.

import { describe, expect, it } from 'vitest';
import { MACHINE_CASES } from './machine-catalogue.ts';
import { type Drawing, drawnLines, readDrawing } from './machine-drawing.ts';
import { edgesOf, finalStatesOf, statesOf } from './machine-walk.ts';

const shortOf = (type: string) => type.slice(type.lastIndexOf('.') + 1);

/** One line for each alternative of each transition. */
function linesOf({ arrows }: Drawing): string[] {
  return arrows
    .flatMap(({ source, event, targets }) =>
      targets.map((target, i) => `${source} ${event}[${i}] ${target ?? 'stays'}`),
    )
    .sort();
}

describe.each(MACHINE_CASES)('the drawing in $file', ({ file, machine }) => {
  const finals = finalStatesOf(machine);
  const drawing = readDrawing(drawnLines(file), statesOf(machine), finals);

  it('has exactly the transitions of the machine', () => {
    const edges = edgesOf(machine).map(({ source, type, index, target }) => {
      return `${source} ${shortOf(type)}[${index}] ${target ?? 'stays'}`;
    });
    expect(linesOf(drawing)).toEqual(edges.sort());
    expect(edges.length).toBeGreaterThan(1);
  });

  it('names events by words that tell them apart', () => {
    expect(new Set(machine.events.map(shortOf)).size).toBe(machine.events.length);
  });

  it('begins with the initial state, has every state, and parentheses around the final ones', () => {
    expect(drawing.initial).toBe(machine.root.initial.target[0]?.key);
    expect([...drawing.finals].sort()).toEqual(finals.sort());
    expect([...drawing.others].sort()).toEqual(
      statesOf(machine)
        .filter((state) => !finals.includes(state))
        .sort(),
    );
  });
});

describe('the reader of drawings', () => {
  const read = (...lines: string[]) => linesOf(readDrawing(lines, ['a', 'b', 'c', 'end'], ['end']));

  it('reads rows, branches, lists, alternatives, any and what stays', () => {
    expect(
      read(
        'a ──go──▶ b ──stop──▶ (end)   · said to people',
        '│         ├──ask, tell──▶ a | c',
        '│         └──note──↺',
        '└──skip──▶ c',
      ),
    ).toEqual([
      'a go[0] b',
      'a skip[0] c',
      'b ask[0] a',
      'b ask[1] c',
      'b note[0] stays',
      'b stop[0] end',
      'b tell[0] a',
      'b tell[1] c',
    ]);
    expect(read('any ──stop──▶ (end); a, b ──go──▶ c')).toEqual([
      'a go[0] c',
      'a stop[0] end',
      'b go[0] c',
      'b stop[0] end',
      'c stop[0] end',
    ]);
  });

  it.each([
    ['a row without an arrow', ['a and b']],
    ['an arrow without a source', ['──go──▶ b']],
    ['an arrow without a target', ['a ──go──▶']],
    ['a state after one that stays', ['a ──go──↺ b']],
    ['a row that goes on from alternatives', ['a ──go──▶ b | c ──stop──▶ (end)']],
    ['a branch that hangs on nothing', ['a ──go──▶ b', '      └──stop──▶ (end)']],
    ['a branch that hangs on an event', ['a ──go──▶ b', '    └──stop──▶ (end)']],
    ['half a pair of parentheses', ['a ──go──▶ (end']],
    ['words beside a state', ['a ──go──▶ b soon']],
  ])('refuses %s', (_what, lines) => {
    expect(() => read(...lines)).toThrow(/cannot be read in line/);
  });
});
