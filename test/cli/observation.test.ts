// Tests what watches a run as the real command, beside the view of a terminal.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { builtPageFolder } from '../../src/dashboard/page-files.ts';
import { ended, startYardmaster } from './bin.ts';
import { coreStep, workFolder } from './work-folder.ts';

/** Takes the output for a terminal, on which both streams come out in the order of their writing. */
const PRELOAD = 'process.stdout.isTTY=true;process.stderr.write=process.stdout.write.bind(process.stdout)';
const TERMINAL = { NODE_OPTIONS: `--import data:text/javascript,${PRELOAD}`, TERM: 'xterm' };
const HIDDEN_CURSOR = '\u001b[?25l';

it.skipIf(!existsSync(join(builtPageFolder(), 'index.html')))(
  'a dashboard opens before the view of the terminal, which shows resources that the run brings along',
  async () => {
    const flow = {
      resources: [{ id: 'desk', type: 'custom', capacity: 1 }],
      steps: [coreStep('a', 'noop', { resources: { desk: 1 } })],
    };
    const cwd = workFolder({ 'flow.json': flow });
    const child = startYardmaster(['run', 'flow.json', '--dashboard=0'], { cwd, environment: TERMINAL });
    onTestFinished(() => void child.kill('SIGKILL'));
    let told = '';
    child.stdout?.on('data', (text) => {
      told += String(text);
      if (told.includes('Ctrl-C ends it')) child.kill('SIGINT');
    });
    const { code, stdout } = await ended(child);
    expect(stdout.indexOf('dashboard: http')).toBe(0);
    expect(stdout.indexOf(HIDDEN_CURSOR)).toBeGreaterThan(0);
    expect(stdout).toContain('1 of 1 tasks completed');
    expect(code).toBe(0);
  },
);
