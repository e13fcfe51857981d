// Tests the views of an engine as a whole: figures over time, and the actor tree with its crashes.

import { describe, expect, it, onTestFinished } from 'vitest';
import { SupervisorTree } from '../../src/dashboard/supervisor-tree.ts';
import { SystemSampler } from '../../src/dashboard/system-sampler.ts';
import {
  type SystemFrame,
  systemDocument,
  systemFrame,
  type TreeNode,
  treeDocument,
} from '../../src/dashboard/wire.ts';
import { createGate, createTestEngine } from '../engine/support.ts';
import { crashActor } from '../support/actor-crash.ts';
import { ManualTimers } from '../support/manual-timers.ts';

function nodeOf(node: TreeNode | null, id: string): TreeNode | undefined {
  if (node === null || node.id === id) return node ?? undefined;
  for (const child of node.children) {
    const found = nodeOf(child, id);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('SystemSampler', () => {
  it('samples twice a second, keeps ten minutes, and tells those who listen', async () => {
    const { engine } = await createTestEngine({
      maxWorkers: 1,
      resources: [{ id: 'disks', type: 'storage', capacity: 3 }],
    });
    const timers = new ManualTimers();
    const sampler = new SystemSampler(engine, timers);
    onTestFinished(() => sampler.close());
    const frames: SystemFrame[] = [];
    const stop = sampler.subscribe((frame) => frames.push(systemFrame.parse(frame)));
    const held = engine.resources.allocate('disks', 'a test', 2);
    timers.advance(1_000);
    expect(frames.map(({ sample }) => sample.use.disks)).toEqual([2, 2]);
    expect(frames[0]?.resources.find(({ id }) => id === 'disks')).toMatchObject({
      capacity: 3,
      current: 2,
      available: 1,
    });
    if (held !== null) engine.resources.release(held);
    stop();
    timers.advance(1_000_000);
    expect(frames).toHaveLength(2);
    const { samples, sampleEveryMs, threads, health, absent } = systemDocument.parse(sampler.document());
    expect([samples.length, sampleEveryMs, absent]).toEqual([1_200, 500, null]);
    expect([threads.length, health?.status]).toEqual([1, 'healthy']);
    const times = samples.map(({ at }) => at);
    expect(times.slice(1).every((at, index) => at - (times[index] ?? 0) === 500)).toBe(true);
    sampler.close();
    timers.advance(10_000);
    expect(sampler.document().samples).toHaveLength(1_200);
  });
});

describe('SupervisorTree', () => {
  it('shows sessions, runs and the first of many tasks, each with its state', async () => {
    const { engine } = await createTestEngine();
    const gate = createGate(engine);
    const tree = new SupervisorTree(engine);
    onTestFinished(() => tree.close());
    const steps = Array.from({ length: 60 }, (_, index) => ({ name: `t${index}`, ...gate.task('all') }));
    engine.workflows.createWorkflow('many', steps);
    const run = engine.startWorkflow('many');
    await gate.entered('all');
    const { root, strategy } = treeDocument.parse(tree.document());
    expect(strategy).toBe('one_for_one');
    expect(root?.children.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['journal', 'resource-manager', 'worker-pool', 'dispatcher', 'sessions']),
    );
    expect(nodeOf(root, 'dispatcher')).toMatchObject({ kind: 'machine', machine: 'dispatcher', state: 'dispatching' });
    const tasks = nodeOf(root, 'tasks');
    const own = root === null ? [] : [...all(root)].filter(({ runId }) => runId === run.runId);
    expect(own.filter(({ machine }) => machine === 'workflow')).toMatchObject([{ label: run.runId, state: 'running' }]);
    const registry = own.find(({ kind, children }) => kind === 'registry' && children.length > 0);
    expect([registry?.children.length, registry?.moreChildren]).toEqual([50, 10]);
    expect(registry?.children[0]).toMatchObject({ machine: 'task', state: 'running', label: 't0' });
    expect(tasks).toBeDefined();
    gate.open('all');
    await run.result();
  });

  it('counts restarts, and remembers the last crash of each child', async () => {
    const { engine } = await createTestEngine();
    const tree = new SupervisorTree(engine);
    onTestFinished(() => tree.close());
    crashActor(engine.supervisor.child('dispatcher'), 'a test');
    await expect.poll(() => nodeOf(tree.document().root, 'dispatcher')?.restarts).toBe(1);
    const { root, crashes } = treeDocument.parse(tree.document());
    expect(nodeOf(root, 'dispatcher')?.lastCrash?.message).toContain('injected fault in a test');
    expect(crashes.map(({ type, child }) => [type, child])).toEqual([
      ['supervisor.restarted', 'dispatcher'],
      ['supervisor.child-crashed', 'dispatcher'],
    ]);
  });
});

function* all(node: TreeNode): Generator<TreeNode> {
  yield node;
  for (const child of node.children) yield* all(child);
}
