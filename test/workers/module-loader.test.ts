// Where modules are found, and that nothing outside the tasks folders is.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModuleLoader, resolveModule } from '../../src/workers/module-loader.ts';

let root = '';
let tasks = '';
let more = '';

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'yardmaster-modules-')));
  tasks = join(root, 'tasks');
  more = join(root, 'more');
  mkdirSync(join(tasks, 'deep', 'er'), { recursive: true });
  mkdirSync(more);
  mkdirSync(join(tasks, 'folder.ts'));
  for (const path of [
    'tasks/a.ts',
    'tasks/a.js',
    'tasks/b.mjs',
    'tasks/deep/er/c.js',
    'more/a.ts',
    'more/d.js',
    'out.js',
  ]) {
    writeFileSync(join(root, path), 'export const run = () => 1;\n');
  }
  symlinkSync(join(root, 'out.js'), join(tasks, 'sly.js'));
  symlinkSync(root, join(tasks, 'up'));
  symlinkSync(join(tasks, 'a.js'), join(tasks, 'alias.js'));
  symlinkSync(join(tasks, 'gone'), join(tasks, 'dangling.js'));
  symlinkSync(tasks, join(root, 'linked'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('resolveModule', () => {
  it('prefers folders in their order, then .ts, .js, .mjs', () => {
    expect(resolveModule('a', [tasks, more])).toEqual({ kind: 'file', path: join(tasks, 'a.ts') });
    expect(resolveModule('a', [more, tasks])).toEqual({ kind: 'file', path: join(more, 'a.ts') });
    expect(resolveModule('b', [more, tasks])).toEqual({ kind: 'file', path: join(tasks, 'b.mjs') });
    expect(resolveModule('deep/er/c', [tasks])).toEqual({ kind: 'file', path: join(tasks, 'deep/er/c.js') });
  });

  it('knows core without a file', () => {
    expect(resolveModule('core', [])).toEqual({ kind: 'builtin' });
  });

  it('follows links inside a folder and folders that are links', () => {
    expect(resolveModule('alias', [tasks])).toEqual({ kind: 'file', path: join(tasks, 'a.js') });
    expect(resolveModule('a', [join(root, 'linked')])).toEqual({ kind: 'file', path: join(tasks, 'a.ts') });
  });

  it.each(['absent', 'folder', 'dangling', 'constructor', 'a.ts'])('misses %s and says where it looked', (module) => {
    expect(resolveModule(module, [tasks, more])).toEqual({ kind: 'missing', searched: [tasks, more] });
  });

  it.each([
    '',
    '.',
    '..',
    '../out',
    'deep/../../out',
    '/etc/passwd',
    'a//b',
    'a/',
    '..\\out',
    'a\0',
    './a',
    'sly',
    'up/out',
  ])('refuses %j, which leads outside', (module) => {
    expect(resolveModule(module, [tasks])).toEqual({ kind: 'escapes' });
  });

  it('never gives a file outside the folders, whatever the name', () => {
    const segment = fc.oneof(
      fc.constantFrom('..', '.', '', 'up', 'deep', 'er', 'a', 'out', 'sly', 'c', '~', '%2e%2e'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), fc.constantFrom('/', '\\', '//'), (segments, separator) => {
        const resolution = resolveModule(segments.join(separator), [tasks]);
        return resolution.kind !== 'file' || resolution.path.startsWith(`${tasks}/`);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('ModuleLoader', () => {
  it('takes the actions of a CommonJS module, however it exports them', async () => {
    writeFileSync(join(more, 'common.js'), 'const hi = () => "hi"; module.exports = { hi, bye: () => "bye" };\n');
    const loader = new ModuleLoader([more], async () => ({}));
    const bye = await loader.load('common', null, 'bye');
    expect(Reflect.apply(bye, undefined, [])).toBe('bye');
    expect(loader.find('common', null, 'hi')).toBeTypeOf('function');
    await expect(loader.load('common', null, 'toString')).rejects.toThrow(
      /exports no function 'toString'; it exports: /,
    );
  });

  it('imports the core module only when it is asked for, and once', async () => {
    let imports = 0;
    const loader = new ModuleLoader([], async () => {
      imports += 1;
      return { noop: () => null };
    });
    expect(loader.find('core', null, 'noop')).toBeUndefined();
    await loader.load('core', null, 'noop');
    expect(loader.find('core', null, 'noop')).toBeTypeOf('function');
    expect(imports).toBe(1);
  });
});
