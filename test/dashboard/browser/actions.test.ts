// What people do in the dashboard, done in a real browser to a real engine with real threads: what it asks first, what
// becomes of the engine, and what the page shows of it.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OrchestrationEngine } from '../../../src/engine/orchestration-engine.ts';
import { ended, startYardmaster, yardmaster } from '../../cli/bin.ts';
import { coreStep, workFolder } from '../../cli/work-folder.ts';
import { createScene } from '../../engine/lives.ts';
import { createGate } from '../../engine/support.ts';
import { BROWSER } from '../../support/browser.ts';
import {
  engineOnView,
  goTo,
  litState,
  onView,
  openTask,
  resourceCard,
  shown,
  standing,
  taskPanel,
  taskRow,
  useBrowser,
} from './dashboard-page.ts';

function say(page: Page, text: string | RegExp) {
  return shown(page.getByRole('status').filter({ hasText: text }).first());
}

function button(page: Page, name: string) {
  return page.getByRole('button', { name, exact: true });
}

/** The first of these events that the engine tells of. */
function eventOf(engine: OrchestrationEngine, type: Parameters<OrchestrationEngine['registerEventHandler']>[0]) {
  return new Promise<void>((resolve) => {
    const stop = engine.registerEventHandler(type, () => {
      stop();
      resolve();
    });
  });
}

describe.skipIf(BROWSER === undefined)('actions of the dashboard', () => {
  const bench = useBrowser();

  it('a task in a busy loop is cancelled once one has confirmed it: its thread is killed, and the timeline says so', async () => {
    const { engine, dashboard } = await engineOnView(bench);
    engine.workflows.createWorkflow('loops', [
      { name: 'loop', module: 'bodies', action: 'spins' },
      { name: 'after', module: 'core', action: 'noop', dependencies: ['loop'] },
    ]);
    const began = eventOf(engine, 'task.started');
    const killed = eventOf(engine, 'worker.killed');
    const run = engine.startWorkflow('loops');
    await began;
    const page = await bench.browser.open(dashboard.url);
    await goTo(page, `#/runs/${run.runId}/tasks`);
    const panel = await openTask(page, 'loop');
    await shown(litState(panel, 'running'));

    await panel.getByRole('button', { name: /^Cancel task/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel the task loop?' });
    await dialog.getByRole('button', { name: 'Keep it' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(run.taskStatus('loop')).toBe('running');

    await panel.getByRole('button', { name: /^Cancel task/ }).click();
    await dialog.getByRole('button', { name: 'Cancel the task' }).click();
    await say(page, 'Task loop is being cancelled.');
    await killed;
    await shown(litState(panel, 'cancelled'));
    await shown(taskRow(page, 'loop', 'cancelled'));
    await shown(taskRow(page, 'after', 'skipped'));
    await shown(panel.getByRole('row', { name: /1 killed with its thread/ }));
    expect((await run.result()).tasks).toMatchObject({ cancelled: 1, skipped: 1 });

    await page.getByRole('tab', { name: 'Timeline' }).click();
    await shown(page.getByRole('application', { name: /^Timeline of 1 attempt/ }));
    const slowest = page.getByRole('region', { name: 'Slowest attempts' });
    await shown(slowest.getByRole('row', { name: /loop 1 killed with its thread/ }));
  });

  it('a run is cancelled with a reason, paused, and resumed', async () => {
    const { engine, dashboard } = await engineOnView(bench);
    const gate = createGate(engine);
    engine.workflows.createWorkflow('gated', [
      { name: 'first', ...gate.task('a') },
      { name: 'second', ...gate.task('b'), dependencies: ['first'] },
      { name: 'third', ...gate.task('c'), dependencies: ['second'] },
    ]);
    const run = engine.startWorkflow('gated');
    await gate.entered('a');
    const page = await bench.browser.open(dashboard.url);
    await goTo(page, `#/runs/${run.runId}/tasks`);
    await button(page, 'Pause').click();
    await standing(page, 'paused');
    gate.open('a');
    await shown(taskRow(page, 'first', 'completed'));
    await shown(taskRow(page, 'second', 'ready'));
    await button(page, 'Resume').click();
    await standing(page, 'running');
    await shown(taskRow(page, 'second', 'running'));

    await button(page, 'Cancel run…').click();
    const dialog = page.getByRole('dialog', { name: 'Cancel this run of gated?' });
    await dialog.getByRole('textbox', { name: 'Reason (kept with the run)' }).fill('not today');
    await dialog.getByRole('button', { name: 'Cancel the run' }).click();
    await standing(page, 'cancelled');
    await shown(page.getByText('not today'));
    expect(await run.result()).toMatchObject({ status: 'cancelled', reason: 'not today' });
  });

  it('a run that failed is run again from where it failed, as a run of its own to which the page goes', async () => {
    const folder = workFolder({});
    const mended = join(folder, 'mended');
    const { engine, dashboard } = await engineOnView(bench);
    let rounds = 0;
    engine.registerInlineTask('trial', 'count', () => {
      rounds += 1;
      return rounds;
    });
    engine.registerInlineTask('trial', 'fails', () => {
      if (!existsSync(mended)) throw new Error('it is not mended yet');
      return 'mended';
    });
    engine.workflows.createWorkflow('trial', [
      { name: 'costly', module: 'trial', action: 'count' },
      { name: 'frail', module: 'trial', action: 'fails', dependencies: ['costly'], maxRetries: 0 },
      { name: 'last', module: 'core', action: 'noop', dependencies: ['frail'] },
    ]);
    const run = engine.startWorkflow('trial');
    await run.result();
    const page = await bench.browser.open(dashboard.url);
    await goTo(page, `#/runs/${run.runId}/tasks`);
    await standing(page, 'failed');
    const panel = await openTask(page, 'frail');
    await shown(panel.getByText('it is not mended yet').first());
    writeFileSync(mended, '');
    await button(page, 'Rerun from failed').click();
    await say(page, /has been started/);
    await standing(page, 'completed');
    await shown(page.getByText('Rerun of'));
    await shown(page.getByRole('link', { name: run.runId }));
    expect(page.url()).not.toContain(run.runId);
    expect(rounds).toBe(1);
    expect(engine.listRuns()).toHaveLength(2);
  });

  it('a parked run is released and goes on', async () => {
    const scene = createScene();
    const steps = [
      { name: 'hang', module: 'lives', action: 'hangs', parameters: { file: scene.file, open: scene.open } },
    ];
    await scene.killed({ config: { maxRecoveries: 0 }, steps, runs: [{ runId: 'run-1', params: {} }] });
    const engine = await scene.engine(steps, { maxRecoveries: 0 });
    onTestFinished(() => engine.shutdown({ drainMs: 0 }));
    const dashboard = await onView(bench, engine);
    const page = await bench.browser.open(dashboard.url);
    await shown(page.getByRole('cell', { name: 'parked' }));
    await page.getByRole('link', { name: 'w' }).click();
    await standing(page, 'parked');
    await shown(page.getByText(/Nobody goes on with this run/));
    writeFileSync(scene.open, '');
    await button(page, 'Release').click();
    await standing(page, 'completed');
    expect(scene.began().at(-1)).toBe('hang#2');
  });

  it('a resource of more capacity lets a task start that waited for it', async () => {
    const { engine, dashboard } = await engineOnView(bench);
    const gate = createGate(engine);
    engine.resources.registerResource('licence', 'compute', 1);
    const claim = { resources: { licence: 1 } };
    engine.workflows.createWorkflow('licensed', [
      { name: 'holder', ...gate.task('a'), ...claim },
      { name: 'waiter', ...gate.task('b'), ...claim },
    ]);
    const run = engine.startWorkflow('licensed');
    await gate.entered('a');
    const page = await bench.browser.open(dashboard.url);
    await goTo(page, `#/runs/${run.runId}/tasks?task=waiter`);
    await shown(
      taskPanel(page, 'waiter')
        .getByText(/licence/)
        .first(),
    );
    expect(run.taskStatus('waiter')).not.toBe('running');

    await page.getByRole('link', { name: 'System' }).click();
    const card = resourceCard(page, 'licence');
    await shown(card.getByText('1 of 1 in use'));
    await card.getByRole('button', { name: /capacity/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Change the capacity of licence' });
    await dialog.getByRole('spinbutton', { name: 'Capacity' }).fill('2');
    await dialog.getByRole('button', { name: 'Change it' }).click();
    await say(page, 'licence has a capacity of 2 now.');
    await gate.entered('b');
    await shown(card.getByText('2 of 2 in use'));
    expect(run.taskStatus('waiter')).toBe('running');
    gate.open('a');
    gate.open('b');
    expect((await run.result()).status).toBe('completed');
    await shown(card.getByText('0 of 2 in use'));
  });

  it('past runs of a data folder are looked at and run again with nothing but `dashboard`', async () => {
    const folder = workFolder({
      'flow.json': { steps: [coreStep('a', 'noop'), coreStep('b', 'fail', { dependencies: ['a'], max_retries: 0 })] },
    });
    const data = ['--data-dir', join(folder, 'data')];
    await yardmaster(['run', 'flow.json', '--run-id', 'past', ...data], { cwd: folder });
    const child = startYardmaster(['dashboard', '--port', '0', ...data], { cwd: folder });
    onTestFinished(() => void child.kill('SIGKILL'));
    const end = ended(child);
    const line = await new Promise((resolve) => child.stdout?.once('data', resolve));
    const page = await bench.browser.open(/http:\S+/.exec(String(line))?.[0] ?? '');
    await page.getByRole('link', { name: 'flow' }).click();
    await standing(page, 'failed');
    await page.getByRole('tab', { name: 'Tasks' }).click();
    const panel = await openTask(page, 'b');
    await shown(litState(panel, 'failed'));
    await button(page, 'Rerun from failed').click();
    await say(page, /has been started/);
    await shown(page.getByRole('link', { name: 'past' }));
    await standing(page, 'failed');
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await shown(page.getByRole('cell', { name: 'failed', exact: true }).nth(1));
    await page.close();
    child.kill('SIGTERM');
    expect(await end).toMatchObject({ code: 0 });
  });
});
