// The list of task modules: what a thread would load by that name, and nothing else.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { listModules } from '../../src/engine/module-listing.ts';
import { resolveModule } from '../../src/workers/module-loader.ts';
import { createTestFolder } from '../support/test-folder.ts';

function put(folder: string, ...files: string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
}

it('lists each name once, with the file that a thread would load', () => {
  const [one, two] = [createTestFolder(), createTestFolder()];
  put(one, 'b.js', 'b.ts', 'b.mjs', 'a/deep.mjs', 'types.d.ts', 'b.test.ts', 'b.test.js', 'notes.md', '.hidden.ts');
  put(one, 'node_modules/x.ts', '.git/y.ts', '1/2/3/4/far.ts');
  put(two, 'b.ts', 'c.js');
  symlinkSync(join(two, 'c.js'), join(one, 'link.js'));
  const modules = listModules([one, join(one, 'nobody'), two], { deepest: 3, most: 100 });
  expect(modules).toEqual([
    { name: 'a/deep', file: join(one, 'a/deep.mjs') },
    { name: 'b', file: join(one, 'b.ts') },
    { name: 'c', file: join(two, 'c.js') },
  ]);
  for (const { name, file } of modules) expect(resolveModule(name, [one, two])).toEqual({ kind: 'file', path: file });
});

it('ends with the folder in which it has found enough', () => {
  const folder = createTestFolder();
  put(folder, 'a.ts', 'b.ts', 'more/c.ts');
  const names = (most: number) => listModules([folder], { deepest: 3, most }).map(({ name }) => name);
  expect(names(2)).toEqual(['a', 'b']);
  expect(names(3)).toEqual(['a', 'b', 'more/c']);
});
