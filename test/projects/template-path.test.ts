// Holds which paths a template may name.

import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileFault, folderFault, normalizeFolder, pathFault } from '../../src/projects/template-path.ts';

describe('a path of a template', () => {
  it.each(['a', 'a/b.txt', '.gitkeep', 'a b/c', 'ä/ß.md', 'a/.hidden', 'config/other.json', 'a..b', 'com10'])(
    'may be %s',
    (path) => {
      expect(pathFault(path)).toBeUndefined();
      expect(fileFault(path)).toBeUndefined();
    },
  );

  it.each([
    ['', /empty/],
    ['/etc/passwd', /absolute/],
    ['C:/a', /absolute/],
    ['..', /"\.\."/],
    ['a/../b', /"\.\."/],
    ['./a', /"\."/],
    ['a//b', /empty part/],
    ['a/', /empty part/],
    ['a\\b', /backslash/],
    ['a\0b', /system allows/],
    ['a\nb', /system allows/],
    ['a?', /system allows/],
    ['nul', /device/],
    ['a/COM1.txt', /device/],
    ['a.', /dot/],
    ['a /b', /blank/],
    ['.git/config', /other tools/],
    ['x/node_modules/y', /other tools/],
    ['.yardmaster-new-1', /kept/],
    ['\ud800', /no character/],
    ['x'.repeat(201), /bytes/],
    ['x/'.repeat(300), /longer/],
  ])('may not be %j', (path, reason) => {
    expect(pathFault(path)).toMatch(reason);
  });

  it.each(['.yardmaster/project.json', '.YARDMASTER/x', '.yardmaster', 'config/project.json', 'CONFIG/Project.json'])(
    'of a file may not be %s, which is the project’s own',
    (path) => {
      expect(fileFault(path)).toBeDefined();
    },
  );

  it('of a file may be that of a document template of the project', () => {
    expect(fileFault('.yardmaster/documents/README.template.md')).toBeUndefined();
  });

  it('of a folder may end in a slash and be the record folder under either name', () => {
    expect(folderFault('a/b/')).toBeUndefined();
    expect(folderFault('/')).toBeDefined();
    expect(normalizeFolder('a/b/')).toBe('a/b');
    expect(normalizeFolder('.codomyrmex/')).toBe('.yardmaster');
    expect(normalizeFolder('.codomyrmex/x')).toBe('.yardmaster/x');
    expect(normalizeFolder('a/.codomyrmex')).toBe('a/.codomyrmex');
  });

  it('stays inside of the folder that it is joined to, whatever text passes', () => {
    const parts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('..', '.', '', 'a', '~', 'c:', '\\', ' '));
    const paths = fc.array(parts, { maxLength: 5 }).map((each) => each.join('/'));
    fc.assert(
      fc.property(paths, (path) => {
        if (folderFault(path) !== undefined) return;
        const joined = posix.join('/top', normalizeFolder(path));
        expect(joined.startsWith('/top/') && joined.length > '/top/'.length).toBe(true);
        expect(joined).toBe(`/top/${normalizeFolder(path)}`);
      }),
      { numRuns: 2_000 },
    );
  });
});
