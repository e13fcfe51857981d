// Owns what the tests of the numbered OTP cases share: a test a number, the one table of all of them, and short ways to ask
// a supervisor through the adapter.
// It must never know what a case expects.

import { expect, it } from 'vitest';
import {
  type AdaptedSupervisor,
  type AdapterSpec,
  ChildHandle,
  SupervisorAdapter,
  SupervisorFault,
} from '../support/supervisor-adapter.ts';

/** The numbers that have a test, with how it went. */
export const outcomes = new Map<number, { readonly title: string; state: 'pass' | 'fail' }>();

/** A test of one case, by its number in the list, on an adapter of its own. */
export function check(number: number, title: string, body: (adapter: SupervisorAdapter) => Promise<void>): void {
  const outcome: { readonly title: string; state: 'pass' | 'fail' } = { title, state: 'fail' };
  outcomes.set(number, outcome);
  it(`[${number}] ${title}`, async () => {
    await body(new SupervisorAdapter());
    outcome.state = 'pass';
  });
}

/** The outcomes as a table; `deviations` says where the supervisor knowingly does something else, and why. */
export function tableOfCases(deviations: Readonly<Record<number, string>>): string {
  const cases = [...outcomes].sort(([a], [b]) => a - b);
  const passed = cases.filter(([, { state }]) => state === 'pass').length;
  const lines = cases.map(
    ([number, { title, state }]) => `| ${number} | ${state} | ${title} | ${deviations[number] ?? ''} |`,
  );
  return [
    `Supervisor cases: ${passed} of ${cases.length} pass`,
    '| case | | what | deviation |',
    '|---|---|---|---|',
    ...lines,
  ].join('\n');
}

/** A supervisor that must start. */
export async function started(adapter: SupervisorAdapter, flags: unknown, specs: unknown): Promise<AdaptedSupervisor> {
  const made = await adapter.start(flags, specs);
  if (made instanceof SupervisorFault) throw made;
  return made;
}

export function running(child: unknown): ChildHandle {
  expect(child).toBeInstanceOf(ChildHandle);
  return child instanceof ChildHandle ? child : expect.unreachable();
}

export function refusedWith(answer: unknown, reason: string): void {
  expect(answer).toBeInstanceOf(SupervisorFault);
  expect(answer).toMatchObject({ reason });
}

export function counted(sup: AdaptedSupervisor, ...figures: number[]): void {
  const [specs, active, supervisors, workers] = figures;
  expect(sup.counts()).toEqual({ specs, active, supervisors, workers });
}

export function shown(sup: AdaptedSupervisor): (string | undefined)[] {
  const lines = sup.which();
  if (lines instanceof SupervisorFault) throw lines;
  return lines.map(({ child }) => (child instanceof ChildHandle ? 'running' : child));
}

export function handles(sup: AdaptedSupervisor): ChildHandle[] {
  const lines = sup.which();
  if (lines instanceof SupervisorFault) throw lines;
  return lines.map(({ child }) => child).filter((child) => child instanceof ChildHandle);
}

/** Flags and specs with a fault: refused by name, and nothing started. */
export async function invalid(
  adapter: SupervisorAdapter,
  flags: unknown,
  specs: unknown,
  fault: RegExp,
): Promise<void> {
  const answer = await adapter.start(flags, specs);
  refusedWith(answer, 'invalid');
  expect(answer instanceof SupervisorFault && answer.faults.some((line) => fault.test(line))).toBe(true);
  expect(adapter.log).toEqual([]);
}

/** A supervisor of dynamic children. */
export function dynamic(
  adapter: SupervisorAdapter,
  more: Partial<AdapterSpec> = {},
  flags: object = {},
): Promise<AdaptedSupervisor> {
  return started(adapter, { strategy: 'simple_one_for_one', intensity: 1_000, periodMs: 3_600_000, ...flags }, [
    adapter.spec('d', more),
  ]);
}

export async function addDynamic(sup: AdaptedSupervisor, count: number): Promise<ChildHandle[]> {
  const added: ChildHandle[] = [];
  for (let index = 0; index < count; index++) added.push(running(await sup.startChild(index)));
  return added;
}

export const specsOf = (adapter: SupervisorAdapter, ...ids: string[]): AdapterSpec[] =>
  ids.map((id) => adapter.spec(id));
