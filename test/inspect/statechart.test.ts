// The description of the machines: everything that a machine can do, nothing else, and a drawing that says the same.

import { describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { describeMachine, STATECHART_NAMES, statechartOf } from '../../src/inspect/statechart.ts';
import { MACHINE_CASES } from '../machines/machine-catalogue.ts';
import { edgesOf, statesOf } from '../machines/machine-walk.ts';

describe('a statechart', () => {
  it('is there for every machine of the engine', () => {
    expect([...STATECHART_NAMES].map((name) => `${name}-machine.ts`).sort()).toEqual(
      MACHINE_CASES.map(({ file }) => file).sort(),
    );
  });

  it.each(STATECHART_NAMES.map((name) => [name]))('%s has the states and transitions of its machine', (name) => {
    const chart = statechartOf(name);
    const machine = MACHINE_CASES.find(({ file }) => file === `${name}-machine.ts`)?.machine;
    if (machine === undefined) throw new Error(`no machine case for ${name}`);
    expect(chart.states.map((state) => state.name).sort()).toEqual(statesOf(machine).sort());
    expect(chart.transitions).toHaveLength(edgesOf(machine).length);
    expect(chart.events).toEqual([...machine.events].sort());
    expect(chart.states.filter(({ initial }) => initial).map((state) => state.name)).toEqual([chart.initial]);
    // What an editor is given is the same machine again.
    const copy = describeMachine(name, createMachine(structuredClone(Object(chart.definition))));
    expect(copy.mermaid).toBe(chart.mermaid);
    expect(copy.transitions).toEqual(chart.transitions);
  });

  it.each(STATECHART_NAMES.map((name) => [name]))('%s is drawn with every one of its arrows', (name) => {
    const { mermaid, transitions, states, initial } = statechartOf(name);
    const lines = mermaid.trimEnd().split('\n');
    expect(lines[0]).toBe('stateDiagram-v2');
    expect(lines).toContain(`  [*] --> ${initial}`);
    for (const { event, from, to, guard } of transitions) {
      const arrow = lines.find((line) => line.startsWith(`  ${from} --> ${to}: `));
      expect(arrow?.split(': ')[1]?.split(', ')).toContain(guard === null ? event : `${event} [${guard}]`);
    }
    for (const { name: state, type } of states) expect(lines.includes(`  ${state} --> [*]`)).toBe(type === 'final');
  });

  it('of a nested machine names states by their paths', () => {
    const chart = describeMachine(
      'door',
      createMachine({
        initial: 'open',
        states: {
          open: { on: { shut: 'shut.locked' } },
          shut: { initial: 'loose', states: { loose: {}, locked: { on: { open: { target: '#(machine).open' } } } } },
        },
      }),
    );
    expect(chart.states.map(({ name }) => name)).toEqual(['open', 'shut', 'shut.loose', 'shut.locked']);
    expect(chart.mermaid).toContain('state "shut.locked" as s3');
    expect(chart.mermaid).toContain('  open --> s3: shut');
  });

  it('of a machine that is none is an error that names those there are', () => {
    expect(() => statechartOf('tsk')).toThrow(/did you mean.*task/i);
    expect(() => statechartOf('__proto__')).toThrow(/task, workflow/);
  });
});
