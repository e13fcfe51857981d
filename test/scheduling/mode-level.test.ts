// What each mode makes of priorities.

import { describe, expect, it } from 'vitest';
import { ExecutionMode, TaskPriority } from '../../src/domain/statuses.ts';
import { levelOf } from '../../src/scheduling/mode-level.ts';

const priorities = Object.values(TaskPriority);

describe('levelOf', () => {
  it.each(['priority', 'resource_aware'] as const)('%s keeps every priority apart, the most urgent first', (mode) => {
    const levels = priorities.map((priority) => levelOf(mode, priority));
    expect(levels).toEqual(priorities);
    expect(levelOf(mode, TaskPriority.CRITICAL)).toBeLessThan(levelOf(mode, TaskPriority.BACKGROUND));
  });

  it.each(['sequential', 'parallel'] as const)('%s knows no priorities: all compete as NORMAL', (mode) => {
    expect(new Set(priorities.map((priority) => levelOf(mode, priority)))).toEqual(new Set([TaskPriority.NORMAL]));
  });

  it('has a level for every mode, and refuses one that is none', () => {
    for (const mode of Object.values(ExecutionMode)) expect(levelOf(mode, TaskPriority.HIGH)).toBeGreaterThanOrEqual(0);
    expect(() => levelOf('wild' as ExecutionMode, TaskPriority.HIGH)).toThrow(/unexpected variant/);
  });
});
