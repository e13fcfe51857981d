// Tests what agents are told that steps can call.

import { describe, expect, it } from 'vitest';
import { taskCatalogue } from '../../src/mcp/task-catalogue.ts';
import { workFolder } from '../cli/work-folder.ts';

describe('taskCatalogue', () => {
  it('names the modules of all folders with their actions, the first of a name only, and never runs them', async () => {
    const folder = workFolder({
      'one/sales/load.ts':
        '// Loads figures.\nthrow new Error("was run");\n/** Reads a file.\n * # No heading of ours */\nexport function read({ path, limit = 3 }: { path: string; limit?: number }) { return path + limit; }\n',
      'one/broken.ts': 'export function (',
      'one/load.test.ts': 'export function no() {}',
      'one/.hidden/x.ts': 'export function no() {}',
      'one/node_modules/y.js': 'export function no() {}',
      'two/sales/load.js': 'export function other() {}',
      'two/plain.js': 'export const twice = (parameters) => parameters;',
    });
    const text = await taskCatalogue([`${folder}/one`, `${folder}/two`, `${folder}/none`], false);
    const lines = text.split('\n');
    expect(lines).toContain('- module `core` (built in)');
    expect(lines.find((line) => line.includes('`sales/load`'))).toContain('Loads figures.');
    expect(text).toMatch(/ {2}- read \{path: string, limit\?: number\}: Reads a file\./);
    expect(text).toContain('- module `broken`: ');
    expect(text).toContain('- module `plain`');
    expect(text).toContain('  - twice');
    for (const absent of ['other', 'no {', 'hidden', 'node_modules', 'command {']) expect(text).not.toContain(absent);
    expect(lines.every((line) => /^(?: {2})?- /.test(line))).toBe(true);
  });

  it('names core.command only where it is allowed, and says where modules go when there are none', async () => {
    expect(await taskCatalogue([], true)).toContain('command {command');
    expect(await taskCatalogue([], false)).toContain('tasks/<name>.ts');
  });

  it('is bounded', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 90 }, (_, index) => [`m${String(index).padStart(2, '0')}.js`, 'export function go() {}']),
    );
    const text = await taskCatalogue([workFolder(files)], false);
    expect(text).toContain('and 30 more modules');
  });
});
