// Tests the list of the page's files: what is in it, how it is sent, and what a folder that is no page gives.

import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { builtPageFolder, PageFiles } from '../../src/dashboard/page-files.ts';
import { workFolder } from '../cli/work-folder.ts';
import { ask, startDashboard } from './dashboard-client.ts';

describe('PageFiles', () => {
  it('lists each file under its path, and the page under /', () => {
    const folder = workFolder({
      'index.html': 'page',
      'assets/deep/er/a.js': 'x',
      '.hidden': 'h',
      'odd name.bin': 'b',
    });
    const files = PageFiles.read(folder);
    expect(files.paths.sort()).toEqual(['/', '/.hidden', '/assets/deep/er/a.js', '/index.html', '/odd name.bin']);
    expect(files.get('/')).toBe(files.get('/index.html'));
    expect(files.get('/odd name.bin')?.type).toBe('application/octet-stream');
    for (const name of ['', 'index.html', '/assets', '/assets/', '__proto__', 'constructor']) {
      expect(files.get(name)).toBeUndefined();
    }
  });

  it('says how to make a page where there is none', () => {
    for (const folder of [workFolder({ 'other.html': 'x' }), `${workFolder({})}/nothing`]) {
      expect(() => PageFiles.read(folder)).toThrow(
        expect.objectContaining({ code: 'DASHBOARD_PAGE_MISSING', message: expect.stringContaining('npm run build') }),
      );
    }
  });

  it('looks for the built page in dist, wherever it runs from', () => {
    expect(builtPageFolder()).toMatch(/[\\/]dist[\\/]dashboard[\\/]page[\\/]?$/);
  });
});

describe('files over HTTP', () => {
  it('are kept by browsers for ever where their name has a hash, and asked for again otherwise', async () => {
    const { port } = await startDashboard();
    const script = await ask(port, '/assets/main-Ab12_-cd.js');
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect((await ask(port, '/')).headers.get('cache-control')).toBe('no-cache');
  });

  it('are packed for who can unpack them, where that makes them smaller', async () => {
    const { port } = await startDashboard();
    const plain = await ask(port, '/assets/main-Ab12_-cd.js');
    const packed = await ask(port, '/assets/main-Ab12_-cd.js', { 'Accept-Encoding': 'br, gzip' });
    expect([plain.headers.get('content-encoding'), packed.headers.get('content-encoding')]).toEqual([
      undefined,
      'gzip',
    ]);
    const raw = Buffer.from(packed.text.slice(packed.text.indexOf('\r\n\r\n') + 4), 'latin1');
    expect(raw.length).toBeLessThan(200);
    expect(gunzipSync(raw).toString()).toBe(plain.body);
    const small = await ask(port, '/assets/style-00000000.css', { 'Accept-Encoding': 'gzip' });
    expect([small.headers.get('content-encoding'), small.body]).toEqual([undefined, 'body{}']);
  });

  it('answer HEAD with the head alone', async () => {
    const { port } = await startDashboard();
    const { status, body, headers } = await ask(port, '/', {}, { method: 'HEAD' });
    expect([status, body, headers.get('content-type')]).toEqual([200, '', 'text/html; charset=utf-8']);
  });
});
