// Tests the dashboard of a real engine from outside, as its page uses it: what it shows while runs go on, what its actions
// do, what it counts, and that closing it leaves the engine as it was.

import { describe, expect, it, onTestFinished } from 'vitest';
import { openDashboard } from '../../src/dashboard/dashboard-server.ts';
import { actionAnswer, runDocument, runFrame, runsPage, TASK_STATES, welcome } from '../../src/dashboard/wire.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { coreStep, workFolder } from '../cli/work-folder.ts';
import { act, ask, openStream, TOKEN, until } from './dashboard-client.ts';

async function startEngine() {
  const folder = workFolder({ 'page/index.html': 'page' });
  const engine = await OrchestrationEngine.create({
    workflowsDir: folder,
    tasksDirs: [folder],
    dataDir: ':memory:',
    maxWorkers: 1,
  });
  onTestFinished(() => engine.shutdown({ drainMs: 0 }));
  const dashboard = await openDashboard(engine, {
    port: 0,
    token: TOKEN,
    version: '1.2.3',
    pageFolder: `${folder}/page`,
  });
  onTestFinished(() => dashboard.close());
  return { engine, dashboard, port: dashboard.port };
}

describe('openDashboard', () => {
  it('shows a run as it goes, ends it when it is told to, and counts it', async () => {
    const { engine, port } = await startEngine();
    engine.workflows.createWorkflow('flow', [
      coreStep('first', 'noop'),
      coreStep('long', 'burn', { parameters: { ms: 60_000 }, dependencies: ['first'] }),
    ]);
    // Without a token of one's own, counting begins with the first who asks.
    expect((await ask(port, '/metrics')).body).toMatch(/^yardmaster_runs_started_total 0$/m);
    const { runId } = await engine.startWorkflow('flow');
    const stream = await openStream(port, `?run=${runId}&timeline=1&topics=runs`);
    const asked = async () => runDocument.parse(JSON.parse((await ask(port, `/api/runs/${runId}`)).body));
    const states = async () => (await asked()).tasks.states.map((state) => TASK_STATES[state]);
    await until(() => engine.getRun(runId)?.tasks.completed === 1);
    while (!(await states()).includes('running')) await stream.seen('event: run');
    expect(await states()).toEqual(['completed', 'running']);
    const { body } = await act(port, { kind: 'cancel', runId, reason: 'enough' });
    expect(actionAnswer.parse(JSON.parse(body)).message).not.toBe('');
    await stream.seen('"standing":"cancelled"');
    for (const [, data = ''] of stream.text().matchAll(/^event: run\ndata: (.*)$/gm)) runFrame.parse(JSON.parse(data));
    expect((await asked()).summary).toMatchObject({ standing: 'cancelled', reason: 'enough' });
    const metrics = await ask(port, '/metrics');
    expect(metrics.body).toMatch(/^yardmaster_runs_started_total 1$/m);
  });

  it('is let go of without harm to the engine, and its pages are told', async () => {
    const { engine, dashboard, port } = await startEngine();
    const stream = await openStream(port, '?topics=runs,system,tree');
    await stream.seen('event: system');
    expect(welcome.parse(JSON.parse((await ask(port, '/api/welcome')).body))).toMatchObject({
      version: '1.2.3',
      enginePid: process.pid,
    });
    await dashboard.close();
    await stream.closed;
    expect(stream.text()).toContain('event: gone\ndata: {"message":"The engine has gone');
    engine.workflows.createWorkflow('flow', [coreStep('a', 'noop')]);
    expect((await engine.executeWorkflow('flow')).status).toBe('completed');
    const again = await openDashboard(engine, {
      port: 0,
      token: TOKEN,
      pageFolder: `${workFolder({ 'index.html': 'x' })}`,
    });
    const { total } = runsPage.parse(JSON.parse((await ask(again.port, '/api/runs')).body));
    await again.close();
    expect(total).toBe(1);
  });

  it('leaves nothing open where it cannot be', async () => {
    const { engine } = await startEngine();
    await expect(openDashboard(engine, { port: 0, pageFolder: workFolder({}) })).rejects.toMatchObject({
      code: 'DASHBOARD_PAGE_MISSING',
    });
    await expect(openDashboard(engine, { port: 0, token: 'x' })).rejects.toMatchObject({
      code: 'DASHBOARD_TOKEN_INVALID',
    });
  });
});
