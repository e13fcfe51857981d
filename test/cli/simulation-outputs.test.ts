// Owns the tests of what `simulate` prints and draws, from reports of any size, in the width of the terminal.

import { describe, expect, it } from 'vitest';
import { columnsOf } from '../../src/cli/printable-text.ts';
import { useCurves } from '../../src/cli/simulation-curves.ts';
import { simulationLines } from '../../src/cli/simulation-screen.ts';
import { renderSimulationSvg } from '../../src/cli/simulation-svg.ts';
import { COLOUR_STYLER } from '../../src/cli/text-style.ts';
import type { SimulationRequest } from '../../src/engine/simulation/engine-simulation.ts';
import { simulate, step, workflowOf } from '../engine/simulated-workflows.ts';

function lines(document: unknown, request: SimulationRequest = {}, columns = 100): string[] {
  return [...simulationLines(simulate(document, request), null, columns)];
}

function manySteps(count: number) {
  return Array.from({ length: count }, (_, index) => step(`task number ${index}`, 1 + ((index * 7) % 5)));
}

describe('the lines of a simulation', () => {
  it('fit every width, whatever is simulated', () => {
    const documents = [
      { name: 'wide 界'.repeat(40), steps: [step('名前'.repeat(30), 2), step('\u202ebackwards', 1)] },
      { steps: manySteps(400) },
      { steps: manySteps(40) },
    ];
    for (const document of documents) {
      for (const columns of [60, 81, 200]) {
        for (const line of lines(document, { workers: 60 }, columns).slice(1)) {
          expect(columnsOf(line), line).toBeLessThan(columns);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is what is asked
          expect(line).not.toMatch(/[\u0000-\u001f]/);
        }
      }
    }
  });

  it('show each task with its name where there is room, and those without slack in another form', () => {
    const text = lines({ steps: [step('long', 8), step('short', 3)] }, { workers: 2 }).join('\n');
    expect(text).toMatch(/^thread 0 ╞long═+╡$/m);
    expect(text).toMatch(/^thread 1 ├short─+┤·+$/m);
  });

  it('show how busy threads are where there are more tasks than columns', () => {
    const text = lines({ steps: manySteps(3_000) }, { workers: 4 }).join('\n');
    expect(text).toMatch(/^thread 0 [░▒▓█]+·?$/m);
    expect(text).toContain('░▒▓█ how busy');
    expect(text).not.toContain('╞══╡');
  });

  it('put many threads into at most thirty rows, and say how many are never used', () => {
    const rows = lines({ steps: manySteps(500) }, { workers: 200 }).filter((line) => line.startsWith('thread'));
    expect(rows.length).toBeLessThanOrEqual(31);
    expect(rows[0]).toMatch(/^thread 0–6 /);
    const idle = lines({ steps: manySteps(3) }, { workers: 9 }).filter((line) => line.startsWith('thread'));
    expect(idle.at(-1)).toMatch(/^thread 3–8 ·+$/);
  });

  it('cut a long critical path in the middle', () => {
    const chain = Array.from({ length: 30 }, (_, index) => step(`s${index}`, 1, index === 0 ? [] : [`s${index - 1}`]));
    const path = lines({ steps: chain }, {}, 160).find((line) => line.includes('critical path'));
    expect(path).toContain('s0 → s1 → s2 → s3 → … 22 more … → s26 → s27 → s28 → s29');
  });

  it('say of a run that takes no time only that', () => {
    const text = lines({ steps: [step('a', 0)] });
    expect(text.join('\n')).toContain('nothing takes any time');
    expect(text.some((line) => line.startsWith('thread'))).toBe(false);
  });

  it('are coloured by meaning only, so that without colours nothing is lost', () => {
    const report = simulate({ steps: [step('long', 8), step('short', 3)] });
    const coloured = [...simulationLines(report, null, 100, COLOUR_STYLER)].join('\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe([...simulationLines(report, null, 100)].join('\n'));
  });
});

describe('the use of resources over time', () => {
  it('is a step at each change, and of a quota until its units come back', () => {
    const document = {
      resources: [
        { id: 'r', type: 'custom', capacity: 1, granularity: 0.1 },
        { id: 'q', type: 'api_quota', capacity: 1, period: 3 },
      ],
      steps: [
        step('a', 1, [], { resources: { r: 0.1 } }),
        step('b', 2, [], { resources: { r: 0.2, q: 1 } }),
        step('c', 1, ['b'], { resources: { q: 1 } }),
      ],
    };
    const curves = useCurves(simulate(document), workflowOf(document));
    expect(
      curves.map(({ resource, steps }) => [resource.id, steps.map(({ seconds, amount }) => [seconds, amount])]),
    ).toEqual([
      [
        'r',
        [
          [0, 0.3],
          [1, 0.2],
          [2, 0],
        ],
      ],
      [
        'q',
        [
          [0, 1],
          [3, 1],
        ],
      ],
    ]);
  });
});

describe('the picture of a simulation', () => {
  const picture = (document: unknown, request: SimulationRequest = {}): string =>
    renderSimulationSvg(simulate(document, request), workflowOf(document));

  it('has a bar for each task, with what a reader needs in its title, and a curve for each resource', () => {
    const svg = picture(
      {
        name: 'training',
        resources: [{ id: 'gpu', type: 'custom', capacity: 2 }],
        steps: [step('long', 8, [], { resources: { gpu: 1 } }), step('short', 3)],
      },
      { workers: 2 },
    );
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]* role="img" aria-labelledby="[^"]+">/);
    expect(svg).toContain('<title id="gantt-title">training: simulated run</title>');
    expect(svg).toMatch(/class="task critical"><title>long\n0 s to 8 s \(8 s\), no slack<\/title>/);
    expect(svg).toMatch(/class="task"><title>short\n0 s to 3 s \(3 s\), slack 5 s<\/title>/);
    expect(svg).toContain('<title>gpu: at most 1 of 2 in use, 50 % over the run</title>');
    expect(svg).toContain('prefers-color-scheme:dark');
  });

  it('lets no name out of its element', () => {
    const svg = picture({ name: '<&">', steps: [step('</title><script>alert("&")</script>', 5)] });
    expect(svg).not.toContain('<script');
    expect(svg).toContain('&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;');
    expect(svg).toContain('&lt;&amp;&quot;&gt;: simulated run');
  });

  it('of very many tasks and threads stays small enough to be opened: narrow bars are drawn as one', () => {
    const document = { steps: manySteps(20_000) };
    const svg = picture(document, { workers: 100, planBudgetMs: 0 });
    expect(svg.length).toBeLessThan(6_000_000);
    expect(Number(/height="(\d+)"/.exec(svg)?.[1])).toBeLessThan(2_000);
    const crowded = picture({ steps: manySteps(20_000) }, { workers: 1, planBudgetMs: 0 });
    expect(crowded).toMatch(/<title>\d+ short tasks, from /);
    expect(crowded.length).toBeLessThan(500_000);
  });

  it('of a run that takes no time, or of nothing that runs, is still a picture', () => {
    expect(picture({ steps: [step('a', 0)] })).toMatch(/^<svg .*<\/svg>\n$/s);
  });
});
