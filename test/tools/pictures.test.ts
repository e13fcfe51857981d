// The pictures of README and docs: those that are referred to are there, all that are there can be read, and what makes
// them reads a terminal's output as a terminal does.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TerminalScreen } from '../../tools/pictures/terminal-screen.ts';
import { renderTerminalSvg } from '../../tools/pictures/terminal-svg.ts';
import { isWellFormed } from '../cli/svg-reading.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IMAGES = join(ROOT, 'docs/images');

function documents(): string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  return ['README.md', ...docs.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`)];
}

/** Of Markdown and of HTML in it. */
function imagesOf(document: string): string[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const links = [...text.matchAll(/!\[[^\]]*\]\(([^)\s]+)|<(?:img|source)[^>]+(?:src|srcset)="([^"]+)"/g)];
  return links.map(([, markdown, html]) => markdown ?? html ?? '').filter((link) => !/^\w+:/.test(link));
}

describe('the pictures of the documents', () => {
  it('are all there', () => {
    const references = documents().flatMap((document) => imagesOf(document).map((link) => ({ document, link })));
    expect(references.length).toBeGreaterThan(8);
    expect(references.filter(({ document, link }) => !existsSync(join(ROOT, dirname(document), link)))).toEqual([]);
  });

  const svgs = readdirSync(IMAGES).filter((file) => file.endsWith('.svg'));

  it.each(svgs.map((file) => [file]))('%s can be read, stands on its own and has a name', (file) => {
    const svg = readFileSync(join(IMAGES, file), 'utf8');
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*viewBox="0 0 \d+ \d+" role="img" aria-labelledby=/,
    );
    expect(svg).toMatch(/<title id="[\w-]+">[^<]+<\/title>/);
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
    expect(svg).not.toMatch(/<script|<image|<foreignObject|href=|url\((?!#)|@import/);
  });

  it('of pages are PNGs that are small enough to carry', () => {
    for (const file of readdirSync(IMAGES).filter((name) => name.endsWith('.png'))) {
      const bytes = readFileSync(join(IMAGES, file));
      expect(bytes.subarray(0, 8).toString('latin1')).toBe('\u0089PNG\r\n\u001a\n');
      expect(bytes.length).toBeLessThan(600_000);
    }
  });
});

describe('a terminal screen', () => {
  it('keeps characters with their colours', () => {
    const screen = new TerminalScreen();
    screen.write(
      `${styleText('red', 'no', { validateStream: false })} ${styleText('bold', 'yes', { validateStream: false })}\n`,
    );
    const [row = []] = screen.rows();
    expect(row.map(({ character }) => character).join('')).toBe('no yes');
    expect(row.map(({ colour }) => colour)).toEqual(['red', 'red', null, null, null, null]);
    expect(row.map(({ bold }) => bold)).toEqual([false, false, false, true, true, true]);
  });

  it('is drawn over where the cursor goes back, as a live view does', () => {
    const screen = new TerminalScreen();
    screen.write('kept\none\ntwo\n');
    screen.write('\u001b[2K\u001b[1A\u001b[2K\u001b[1A\u001b[2K\u001b[Gthree\n');
    expect(screen.lines()).toEqual(['kept', 'three']);
    screen.write('longer line\r\u001b[Kx');
    expect(screen.lines()).toEqual(['kept', 'three', 'x']);
    screen.write('\u001b[2A\u001b[Jnew');
    expect(screen.lines()).toEqual(['knew']);
  });

  it('passes over what it does not know', () => {
    const screen = new TerminalScreen();
    screen.write('\u001b[?25la\u001b[?2026hb\u001b7c');
    expect(screen.lines()).toEqual(['abc']);
  });

  it('becomes a picture in which text stays text, and blocks are shapes', () => {
    const screen = new TerminalScreen();
    screen.write(`<b>&"\u0000 ${styleText('green', '██▒', { validateStream: false })} \u001b[90mdone\u001b[39m`);
    const svg = renderTerminalSvg({ title: '</title> --flag', rows: screen.rows() });
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).toContain('&lt;b&gt;&amp;&quot;');
    expect(svg).toMatch(
      /<rect class="green" [^>]*width="16" height="14"\/><rect class="green" [^>]*width="8" [^>]*fill-opacity="0\.48"\/>/,
    );
    expect(svg).toMatch(/<text class="gray" [^>]*textLength="32"[^>]*>done<\/text>/);
  });
});
