// Random lives of a supervisor, under each strategy: requests, crashes, starts that fail and time, each step compared with
// the reference model.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AdaptedSupervisor,
  type AdapterSpec,
  ChildHandle,
  SupervisorAdapter,
  SupervisorFault,
} from '../support/supervisor-adapter.ts';
import { type ModelExit, type ModelFlags, type ModelSpec, ModelSupervisor } from './supervisor-model.ts';

const RUNS = 500;
const IDS = ['a', 'b', 'c', 'd'] as const;
const HOW: readonly ModelExit[] = ['normal', 'shutdown', 'error', 'kill'];

type Step =
  | { readonly do: 'start'; readonly spec: ModelSpec }
  | { readonly do: 'terminate' | 'restart' | 'delete'; readonly id: string }
  | { readonly do: 'terminate-actor'; readonly actor: number }
  | { readonly do: 'exit'; readonly actor: number; readonly how: ModelExit }
  | { readonly do: 'fail'; readonly id: string; readonly count: number }
  | { readonly do: 'advance'; readonly ms: number };

const idOf = fc.constantFrom(...IDS);

function specs(autoShutdown: ModelFlags['autoShutdown']): fc.Arbitrary<ModelSpec> {
  return fc
    .record({
      id: idOf,
      restart: fc.constantFrom('permanent' as const, 'permanent' as const, 'transient' as const, 'temporary' as const),
      type: fc.constantFrom('worker' as const, 'worker' as const, 'supervisor' as const),
      significant: fc.boolean(),
      ignores: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    })
    .map((spec) => ({
      ...spec,
      significant: spec.significant && spec.restart !== 'permanent' && autoShutdown !== 'never',
    }));
}

function steps(autoShutdown: ModelFlags['autoShutdown']): fc.Arbitrary<Step[]> {
  // Recent actors are picked more often, or most would be dead.
  const actor = fc.integer({ min: 0, max: 9 });
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('start' as const), spec: specs(autoShutdown) }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constantFrom('terminate' as const, 'restart' as const, 'delete' as const),
          id: idOf,
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('terminate-actor' as const), actor }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('exit' as const), actor, how: fc.constantFrom(...HOW) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('fail' as const), id: idOf, count: fc.integer({ min: 0, max: 3 }) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 400, 1_000, 1_001) }),
      },
    ),
    { minLength: 1, maxLength: 40 },
  );
}

function lives(strategy: ModelFlags['strategy']) {
  const flags = fc.record({
    strategy: fc.constant(strategy),
    intensity: fc.constantFrom(0, 1, 3, 8, 100),
    periodMs: fc.constantFrom(1, 1_000),
    autoShutdown: fc.constantFrom(
      'never' as const,
      'never' as const,
      'any_significant' as const,
      'all_significant' as const,
    ),
  });
  const range = strategy === 'simple_one_for_one' ? { minLength: 1, maxLength: 1 } : { maxLength: 4 };
  return flags.chain((given) =>
    fc.record({
      flags: fc.constant(given),
      first: fc.uniqueArray(specs(given.autoShutdown), { ...range, selector: ({ id }) => id }),
      steps: steps(given.autoShutdown),
    }),
  );
}

/** The real supervisor and the model, side by side. */
class Pair {
  readonly model: ModelSupervisor;
  readonly adapter: SupervisorAdapter;
  readonly #sup: AdaptedSupervisor;
  /** The id of the spec of a simple_one_for_one supervisor. */
  readonly #template: string | undefined;

  constructor(adapter: SupervisorAdapter, sup: AdaptedSupervisor, model: ModelSupervisor, template?: string) {
    this.adapter = adapter;
    this.model = model;
    this.#sup = sup;
    this.#template = template;
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'start': {
        const given = this.#template !== undefined ? [] : [adapt(this.adapter, step.spec)];
        return this.#agree(await this.#sup.startChild(...given), this.model.startChild(step.spec));
      }
      case 'terminate':
        return this.#agree(await this.#sup.terminateChild(step.id), this.model.terminateChild(step.id));
      case 'restart':
        return this.#agree(await this.#sup.restartChild(step.id), this.model.restartChild(step.id));
      case 'delete':
        return this.#agree(await this.#sup.deleteChild(step.id), this.model.deleteChild(step.id));
      case 'terminate-actor': {
        const { started } = this.adapter;
        const index = started.length - 1 - step.actor;
        const handle = started[index];
        if (handle === undefined || this.#template === undefined) return;
        return this.#agree(await this.#sup.terminateChild(handle), this.model.terminateActor(index));
      }
      case 'exit':
        return this.#exit(this.adapter.started.length - 1 - step.actor, step.how);
      case 'fail': {
        const id = this.#template ?? step.id;
        this.adapter.failNextStarts(id, step.count);
        return this.model.failNextStarts(id, step.count);
      }
      case 'advance':
        this.model.advance(step.ms);
        return this.adapter.advance(step.ms);
    }
  }

  compare(): void {
    const { model, adapter } = this;
    expect(adapter.log).toEqual(model.log);
    const [which, counts] = [this.#sup.which(), this.#sup.counts()];
    if (which instanceof SupervisorFault || counts instanceof SupervisorFault) {
      expect(model.hasEnded).toBe(true);
      return;
    }
    expect(model.hasEnded).toBe(false);
    expect(Object.values(counts)).toEqual(model.counts);
    expect(which.map(({ id, child, type }) => [id, this.#nameOf(child), type])).toEqual(model.which);
  }

  async finish(): Promise<void> {
    this.model.end();
    expect(await this.#sup.stop()).toBe('shutdown');
    expect(this.adapter.log).toEqual(this.model.log);
    expect(this.adapter.pending).toBe(0);
    expect(this.adapter.started.some(({ alive }) => alive)).toBe(false);
  }

  async #exit(index: number, how: ModelExit): Promise<void> {
    const handle = this.adapter.started[index];
    if (handle === undefined) return;
    this.model.exit(index, how);
    await this.adapter.exit(handle, how);
  }

  #agree(answer: unknown, expected: string): void {
    expect(answer instanceof SupervisorFault ? answer.reason : this.#nameOf(answer)).toBe(expected);
  }

  #nameOf(child: unknown): string {
    return child instanceof ChildHandle ? `actor ${this.adapter.started.indexOf(child)}` : String(child);
  }
}

function adapt(adapter: SupervisorAdapter, { ignores, ...spec }: ModelSpec): AdapterSpec {
  return adapter.spec(spec.id, ignores ? { ...spec, start: () => 'ignore' } : spec);
}

describe('a supervisor agrees with the model of OTP at every step', () => {
  for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one'] as const) {
    it(`${strategy}, ${RUNS} random lives`, async () => {
      const seen = { ended: 0, restarting: 0, steps: 0 };
      await fc.assert(
        fc.asyncProperty(lives(strategy), async ({ flags, first, steps: taken }) => {
          const adapter = new SupervisorAdapter();
          const sup = await adapter.start(
            flags,
            first.map((spec) => adapt(adapter, spec)),
          );
          if (sup instanceof SupervisorFault) throw sup;
          const model = new ModelSupervisor(flags, first);
          const pair = new Pair(adapter, sup, model, strategy === 'simple_one_for_one' ? first[0]?.id : undefined);
          pair.compare();
          for (const step of taken) {
            await pair.take(step);
            pair.compare();
            seen.steps++;
            if (model.which.some(([, child]) => child === 'restarting')) seen.restarting++;
          }
          if (model.hasEnded) seen.ended++;
          await pair.finish();
        }),
        { numRuns: RUNS },
      );
      // The lives were not all of one kind.
      expect(seen.ended).toBeGreaterThan(0);
      expect(seen.ended).toBeLessThan(RUNS);
      expect(seen.restarting).toBeGreaterThan(0);
      expect(seen.steps).toBeGreaterThan(RUNS);
    });
  }
});
