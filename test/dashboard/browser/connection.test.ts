// What a page does when it is loaded anew in the middle of a run, when its connection breaks and comes back, and when
// the server is gone, another one, or never knew it.

import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDashboard } from '../../../src/dashboard/dashboard-server.ts';
import { createGate } from '../../engine/support.ts';
import { BROWSER } from '../../support/browser.ts';
import { engineOnView, goTo, litState, shown, standing, taskPanel, taskRow, useBrowser } from './dashboard-page.ts';

/** What a browser itself says of a connection that broke or was refused; the page cannot keep it from that. */
const BROKEN = /^console: Failed to load resource: (?:net::ERR_|the server responded with a status of (?:401|503))/;

/** A way to the server that can be cut and mended; to the server it looks like its own address. */
async function wayTo(port: number) {
  const proxy = createServer((incoming, response) => {
    const own = `127.0.0.1:${port}`;
    const { origin, ...headers } = incoming.headers;
    const passed = { ...headers, host: own, ...(origin === undefined ? {} : { origin: `http://${own}` }) };
    const outgoing = request({ port, host: '127.0.0.1', path: incoming.url, method: incoming.method, headers: passed });
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  onTestFinished(() => void proxy.close(() => {}));
  const mend = async (at: number) => {
    proxy.listen(at, '127.0.0.1');
    await once(proxy, 'listening');
  };
  await mend(0);
  const address = proxy.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  const cut = async () => {
    const closed = once(proxy, 'close');
    proxy.close();
    proxy.closeAllConnections();
    await closed;
  };
  return { port: own, cut, mend: () => mend(own) };
}

describe.skipIf(BROWSER === undefined)('the connection of the dashboard', () => {
  const bench = useBrowser();

  /** Faults that are not of the connection stay for the file's own check. */
  function forgetBroken(): void {
    const { faults } = bench.browser;
    faults.splice(0, faults.length, ...faults.filter((fault) => !BROKEN.test(fault)));
  }

  async function gatedRun() {
    const view = await engineOnView(bench);
    const gate = createGate(view.engine);
    view.engine.workflows.createWorkflow('gated', [
      { name: 'first', ...gate.task('a') },
      { name: 'second', ...gate.task('b'), dependencies: ['first'] },
      { name: 'third', module: 'core', action: 'noop', dependencies: ['second'] },
    ]);
    const run = view.engine.startWorkflow('gated');
    await gate.entered('a');
    return { ...view, gate, run };
  }

  function banner(page: Page) {
    return page.getByRole('alert').filter({ has: page.getByRole('button', { name: 'Try now' }) });
  }

  it('a page that is loaded anew in the middle of a run shows the same view and goes on with it', async () => {
    const { dashboard, gate, run } = await gatedRun();
    const page = await bench.browser.open(dashboard.url);
    await goTo(page, `#/runs/${run.runId}/tasks?task=second`);
    await shown(taskPanel(page, 'second'));
    gate.open('a');
    await gate.entered('b');
    await page.reload();
    await shown(page.getByRole('tab', { name: 'Tasks', selected: true }));
    await shown(taskRow(page, 'first', 'completed'));
    await shown(litState(taskPanel(page, 'second'), 'running'));
    gate.open('b');
    await shown(litState(taskPanel(page, 'second'), 'completed'));
    await standing(page, 'completed');
    await page.goBack();
    await shown(page.getByRole('heading', { level: 1, name: 'Runs' }));
  });

  it('a connection that is lost is told of, and what happened meanwhile is there when it is back', async () => {
    const { dashboard, gate, run } = await gatedRun();
    const way = await wayTo(dashboard.port);
    const page = await bench.browser.open(`http://127.0.0.1:${way.port}/?token=${dashboard.token}`);
    await goTo(page, `#/runs/${run.runId}/tasks`);
    await shown(taskRow(page, 'first', 'running'));
    await way.cut();
    await shown(banner(page).getByText(/connection to the dashboard was lost/));
    gate.open('a');
    await gate.entered('b');
    await way.mend();
    // By itself: nobody has to press anything.
    await banner(page).waitFor({ state: 'detached' });
    await shown(taskRow(page, 'first', 'completed'));
    await shown(taskRow(page, 'second', 'running'));
    gate.open('b');
    await shown(taskRow(page, 'third', 'completed'));
    await standing(page, 'completed');
    forgetBroken();
  });

  it('a server that goes says so, and what is shown stays; one that is started anew has to be opened anew', async () => {
    const { engine, dashboard, run } = await gatedRun();
    const page = await bench.browser.open(dashboard.url);
    await goTo(page, `#/runs/${run.runId}/tasks`);
    await shown(taskRow(page, 'first', 'running'));
    const { port } = dashboard;
    await dashboard.close();
    await shown(banner(page).getByText(/The engine has gone.*What is shown stays/));
    await shown(taskRow(page, 'first', 'running'));

    const other = await openDashboard(engine, { port, pageFolder: bench.pageFolder });
    onTestFinished(() => other.close());
    await banner(page).getByRole('button').click();
    await shown(banner(page).getByText(/started anew: open the address that it printed/));
    await page.goto(other.url);
    await shown(page.getByRole('link', { name: 'gated' }));
    await banner(page).waitFor({ state: 'detached' });
    forgetBroken();
  });

  it('a browser without the token is told how to get in', async () => {
    const { dashboard } = await engineOnView(bench);
    const page = await bench.browser.open(dashboard.url);
    await bench.browser.context.clearCookies();
    await page.goto(`http://127.0.0.1:${dashboard.port}/`);
    await shown(page.getByRole('heading', { level: 1 }));
    expect(await page.getByRole('paragraph').innerText()).toMatch(/open the address/);
    forgetBroken();
  });
});
