// Owns the tests of the command line as a whole: usage, help, and the executable under an old Node.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BIN, findOldNode, startYardmaster, yardmaster } from './bin.ts';

const OLD_NODE = findOldNode();
const COMMANDS = [
  'run',
  'runs',
  'show',
  'resume',
  'rerun',
  'cancel',
  'pause',
  'validate',
  'graph',
  'simulate',
  'project',
  'docs',
  'dashboard',
  'inspect',
  'mcp',
  'doctor',
  'bench',
];

test('help names every command, and help of every command has examples', async () => {
  const root = await yardmaster(['--help']);
  expect([root.code, root.stderr]).toEqual([0, '']);
  for (const command of COMMANDS) {
    expect(root.stdout).toContain(`  ${command} `);
    const help = await yardmaster([command, '--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toMatch(new RegExp(`Examples:\\n {2}yardmaster ${command}`));
  }
});

test.each([
  [['rnu', 'x'], /^error USAGE: unknown command 'rnu' \(Did you mean run\?\); .*--help.*\n$/],
  [['run', 'x', '--jsno'], /^error USAGE: unknown option '--jsno' \(Did you mean --json\?\); .*\n$/],
  [['run', 'x', '--workers', 'many'], /^error USAGE: --workers must be a whole number from 1 to 128, not "many"\n$/],
  [['run', 'x', '--max-parallel', '-1'], /^error USAGE: --max-parallel must be a whole number from 1/],
  [['run', 'x', '--mode', 'fast'], /^error USAGE: --mode must be one of sequential, .*not "fast"\n$/],
  [['run', 'x', '--param', 'novalue'], /^error USAGE: --param must be key=value, not "novalue"\n$/],
  [['run'], /^error USAGE: missing required argument 'workflow'/],
  [['show'], /^error USAGE: missing required argument 'run'/],
  [['rseume'], /^error USAGE: unknown command 'rseume' \(Did you mean resume\?\)/],
  [['graph', 'a', 'b'], /^error USAGE: too many arguments for 'graph'/],
])('yardmaster %j is one error line and exit code 2', async (args, line) => {
  const { code, stdout, stderr } = await yardmaster(args);
  expect(stderr).toMatch(line);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect([code, stdout]).toEqual([2, '']);
});

test('without a command it prints help on stderr and exits with 2', async () => {
  const { code, stdout, stderr } = await yardmaster([]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('Usage: yardmaster');
});

test('a reader that leaves early is no crash', async () => {
  const child = startYardmaster(['run', '--help']);
  child.stdout?.destroy();
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, stderr]).toEqual([0, '']);
});

test.skipIf(OLD_NODE === undefined)(
  'under an old Node the executable hands over to the installed one (skipped where no old Node is)',
  async () => {
    const handedOver = await yardmaster(['run', 'x', '--workers', '0'], { node: OLD_NODE ?? '' });
    expect(handedOver.stderr).toMatch(/^error USAGE: --workers/);
    expect(handedOver.code).toBe(2);
  },
);

test.skipIf(OLD_NODE === undefined)(
  'under an old Node without an installed one it says what to install (skipped where no old Node is)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'yardmaster-bin-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(BIN, join(folder, 'yardmaster.mjs'));
    const { spawnSync } = await import('node:child_process');
    const { status, stdout, stderr } = spawnSync(OLD_NODE ?? '', [join(folder, 'yardmaster.mjs')], {
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^error NODE_TOO_OLD: Node \d+\.\d+\.\d+ cannot run Yardmaster, in .*; install Node 22\.18/);
    expect([status, stdout]).toEqual([2, '']);
  },
);
