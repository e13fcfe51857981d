// Owns the line that tells what was explored.

import type { Exploration } from './explorer.ts';
import type { Scenario } from './scenario.ts';

/** Name, threads, states, transitions, complete schedules, time. */
export function reportLine(scenario: Scenario, exploration: Exploration, elapsedMs: number): string {
  const { states, transitions, schedules, executions } = exploration;
  return [
    scenario.name.padEnd(28),
    `${scenario.programs.length} threads`,
    `${grouped(states)} states`.padStart(18),
    `${grouped(transitions)} transitions`.padStart(24),
    `${powerOfTen(schedules)} schedules`.padStart(20),
    `${grouped(executions)} runs`.padStart(14),
    `${grouped(Math.round(elapsedMs))} ms`.padStart(10),
  ].join('  ');
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

function powerOfTen(count: bigint): string {
  if (count < 1_000_000n) return grouped(Number(count));
  const digits = count.toString();
  return `${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`;
}
