// Processes on one projects folder at once, and processes that die: at each call of the file system, or at any moment.
// What is there afterwards is whole, or nothing is.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProject } from '../../src/projects/project-store.ts';
import type { Deed } from './fixtures/project-program.ts';
import { runProcess, startProcess } from './project-processes.ts';
import { makeWorld, namesIn, type ProjectWorld, treeOf } from './project-world.ts';

const LOCK = '.yardmaster.lock';
/** Points at which a creation is killed, besides its last calls, all of which are. */
const CREATION_KILLS = 50;
const LAST_CALLS = 10;
/** So many that a removal is not over when it is noticed. */
const MANY_FILES = 5_000;
/** Processes at a time. */
const LANES = 2;
const CREATE: Deed = { kind: 'create', name: 'made', path: 'teams/made' };

/** The same work at every point, in a few lanes. */
async function atEach(points: readonly number[], work: (point: number) => Promise<void>): Promise<void> {
  const turns = points.values();
  const lane = async () => {
    for (const point of turns) await work(point);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Numbers from 1 to `last`: some spread evenly, and all of the last ones. */
function spread(last: number, count: number, atEnd: number): number[] {
  const even = Array.from({ length: count }, (_, index) => 1 + Math.floor((index * last) / count));
  const late = Array.from({ length: atEnd }, (_, index) => last - index);
  return [...new Set([...even, ...late])].filter((each) => each >= 1);
}

async function callsOf(world: ProjectWorld, deed: Deed): Promise<number> {
  const { reports } = await runProcess(world, { deeds: [deed] });
  expect(reports).toMatchObject([{ outcome: 'done' }]);
  return reports[0]?.calls ?? 0;
}

describe('a process that is killed', () => {
  it('while it makes a project leaves the whole project or nothing', { timeout: 180_000 }, async () => {
    const model = makeWorld();
    const calls = await callsOf(model, CREATE);
    const whole = treeOf(join(model.projectsDir, 'teams'));
    const points = spread(calls, CREATION_KILLS, LAST_CALLS);
    let [nothing, all, leftovers] = [0, 0, 0];
    await atEach(points, async (killAt) => {
      const world = makeWorld();
      const { wasKilled } = await runProcess(world, { deeds: [CREATE], killAt });
      expect(wasKilled, `at call ${killAt} of ${calls}`).toBe(true);
      const names = namesIn(world.projectsDir).filter((name) => name !== LOCK);
      if (names.includes('teams')) {
        all += 1;
        expect(treeOf(join(world.projectsDir, 'teams'))).toEqual(whole);
        expect(await world.manager.getProject('made')).toMatchObject({ status: 'planning', workflows: ['hello'] });
      } else {
        nothing += 1;
        expect(await world.manager.listProjects()).toEqual([]);
      }
      expect(world.manager.loadErrors).toEqual([]);
      leftovers += names.filter((name) => name.startsWith('.yardmaster-new-')).length;
      await expectNextCreationToTidyUp(world);
    });
    process.stdout.write(
      `${points.length} kills in ${calls} calls: ${nothing} nothing, ${all} whole; ${leftovers} left\n`,
    );
    expect(nothing).toBeGreaterThan(CREATION_KILLS / 2);
    expect(all).toBeGreaterThan(0);
    expect(leftovers).toBeGreaterThan(CREATION_KILLS / 2);
  });

  it('while it changes a status leaves the record of before or after', { timeout: 120_000 }, async () => {
    const world = makeWorld();
    await world.manager.createProject({ name: 'made', template: 'tiny' });
    const change: Deed = { kind: 'status', name: 'made', status: 'active', reason: 'go' };
    const { path } = await world.manager.requireProject('made');
    const model = makeWorld();
    await model.manager.createProject({ name: 'made', template: 'tiny' });
    const calls = await callsOf(model, change);
    const seen = new Set<string>();
    for (let killAt = 1; killAt <= calls; killAt++) {
      const { wasKilled } = await runProcess(world, { deeds: [change], killAt });
      expect(wasKilled).toBe(true);
      const { status, history } = await readProject(path);
      seen.add(status);
      expect(history.map((each) => each.status)).toEqual(status === 'active' ? ['planning', 'active'] : ['planning']);
      // Not kept from being changed by the dead.
      if (status === 'active') break;
    }
    expect([...seen]).toEqual(['planning', 'active']);
    expect(await world.manager.updateProjectStatus('made', 'paused')).toMatchObject({ status: 'paused' });
    expect(namesIn(join(path, '.yardmaster'))).toEqual(['project.json', 'project.lock']);
  });

  it('while it deletes a project leaves the whole project or nothing', { timeout: 120_000 }, async () => {
    const model = makeWorld();
    await model.manager.createProject({ name: 'made', template: 'tiny' });
    const whole = treeOf(join(model.projectsDir, 'made'));
    const remove: Deed = { kind: 'delete', name: 'made' };
    const calls = await callsOf(model, remove);
    let [nothing, all] = [0, 0];
    await atEach(spread(calls, 10, 10), async (killAt) => {
      const world = makeWorld();
      await world.manager.createProject({ name: 'made', template: 'tiny' });
      const { wasKilled } = await runProcess(world, { deeds: [remove], killAt });
      expect(wasKilled).toBe(true);
      if ((await world.manager.listProjects()).length === 0) nothing += 1;
      else {
        all += 1;
        expect(treeOf(join(world.projectsDir, 'made'))).toEqual(whole);
        rmSync(join(world.projectsDir, 'made'), { recursive: true });
      }
      expect(namesIn(world.projectsDir)).not.toContain('made');
      await expectNextCreationToTidyUp(world);
    });
    expect(Math.min(nothing, all)).toBeGreaterThan(0);
  });

  it('in the middle of the removal of many files leaves nothing at the place', { timeout: 60_000 }, async () => {
    const world = makeWorld();
    const { path } = await world.manager.createProject({ name: 'made', template: 'tiny' });
    for (let index = 0; index < MANY_FILES; index++) writeFileSync(join(path, 'src', `file${index}`), '');
    const count = namesIn(join(path, 'src')).length;
    const running = await startProcess(world, { deeds: [{ kind: 'delete', name: 'made' }] });
    running.go();
    while (namesIn(join(path, 'src')).length === count) await new Promise((resolve) => setImmediate(resolve));
    running.kill();
    expect((await running.ended).wasKilled).toBe(true);
    const left = namesIn(world.projectsDir);
    expect(left).not.toContain('made');
    expect(left.filter((name) => name.startsWith('.yardmaster-gone-'))).toHaveLength(1);
    await expectNextCreationToTidyUp(world);
  });

  it('at any moment while it makes one project after the other leaves whole ones only', {
    timeout: 60_000,
  }, async () => {
    const world = makeWorld();
    const deeds = Array.from({ length: 200 }, (_, index): Deed => ({ kind: 'create', name: `p${index}` }));
    const running = await startProcess(world, { deeds });
    running.go();
    while (namesIn(world.projectsDir).length < 5) await new Promise((resolve) => setImmediate(resolve));
    running.kill();
    const { reports } = await running.ended;
    const projects = await world.manager.listProjects();
    expect(projects.length).toBeGreaterThanOrEqual(reports.length);
    expect(world.manager.loadErrors).toEqual([]);
    await world.manager.createProject({ name: 'next', template: 'tiny' });
    const folders = [...projects.map(({ name }) => name), 'next'];
    expect(namesIn(world.projectsDir)).toEqual([LOCK, ...folders].sort());
  });
});

describe('two processes at once', () => {
  it('that make projects of the same names: one makes each, the other is told that it exists', {
    timeout: 60_000,
  }, async () => {
    const world = makeWorld();
    const deeds = Array.from({ length: 12 }, (_, index): Deed => ({ kind: 'create', name: `p${index}` }));
    const [one, other] = await runTogether(world, deeds, deeds.toReversed());
    const inOrder = other.toReversed();
    for (const [index, outcome] of one.entries()) {
      expect([outcome, inOrder[index]].sort(), `p${index}`).toEqual(['PROJECT_EXISTS', 'done']);
    }
    const projects = await world.manager.listProjects();
    expect(projects).toHaveLength(deeds.length);
    expect(namesIn(world.projectsDir)).toEqual([LOCK, ...projects.map(({ name }) => name)].sort());
    process.stdout.write(`made by one ${countDone(one)}, by the other ${countDone(other)}\n`);
    expect(Math.min(countDone(one), countDone(other))).toBeGreaterThan(0);
  });

  it('that change one project: no change is lost, and each is one that the state before allowed', {
    timeout: 60_000,
  }, async () => {
    const world = makeWorld();
    await world.manager.createProject({ name: 'made', template: 'tiny' });
    await world.manager.updateProjectStatus('made', 'active', 'start');
    const changes = (who: string) =>
      Array.from({ length: 80 }, (_, index): Deed => {
        return {
          kind: 'status',
          name: 'made',
          status: index % 2 === 0 ? 'paused' : 'active',
          reason: `${who}${index}`,
        };
      });
    const [one, other] = await runTogether(world, changes('a'), changes('b'));
    const { history } = await world.manager.requireProject('made');
    const done = (who: string, outcomes: readonly string[]) =>
      outcomes.flatMap((outcome, index) => (outcome === 'done' ? [`${who}${index}`] : []));
    const reasons = history.slice(2).map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual([...done('a', one), ...done('b', other)].sort());
    for (const [index, { status }] of history.slice(1).entries())
      expect(status).toBe(index % 2 === 0 ? 'active' : 'paused');
    for (const outcome of [...one, ...other]) expect(['done', 'PROJECT_TRANSITION_INVALID']).toContain(outcome);
    const alternations = reasons.filter((reason, index) => reason?.[0] !== reasons[index - 1]?.[0]).length;
    process.stdout.write(`${reasons.length} changes, ${alternations} times the other process was next\n`);
    expect(alternations).toBeGreaterThan(2);
  });
});

async function runTogether(world: ProjectWorld, ...lists: readonly (readonly Deed[])[]): Promise<[string[], string[]]> {
  const running = await Promise.all(lists.map((deeds) => startProcess(world, { deeds })));
  for (const each of running) each.go();
  const [one = [], other = []] = await Promise.all(
    running.map(async (each) => (await each.ended).reports.map(({ outcome }) => outcome)),
  );
  return [one, other];
}

async function expectNextCreationToTidyUp(world: ProjectWorld): Promise<void> {
  await world.manager.createProject({ name: 'next', template: 'tiny' });
  const strangers = namesIn(world.projectsDir).filter((name) => ![LOCK, 'next', 'teams'].includes(name));
  expect(strangers).toEqual([]);
}

function countDone(outcomes: readonly string[]): number {
  return outcomes.filter((outcome) => outcome === 'done').length;
}
