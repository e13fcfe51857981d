// Owns the page as a whole: one HTML file with style, script and data inside, which loads nothing from anywhere.
// Its policy allows its own script by hash and no other, so that even a slip in escaping could not run anything.

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Inventory } from '../parts/inventory.ts';
import { duplicateSection, nearSection } from './duplicate-sections.ts';
import { formatCount } from './figures.ts';
import { colourLanguages } from './language-colours.ts';
import { languageSection } from './language-section.ts';
import { html, jsonForScript, Markup, visibleName } from './markup.ts';
import { buildSizeTree } from './size-tree.ts';
import { skippedSection } from './skipped-section.ts';
import { summarySection } from './summary-section.ts';
import { type Timeline, timelineSection } from './timeline.ts';

/** The finished page. */
export function renderDocument(inventory: Inventory, timeline: Timeline): string {
  const style = new Markup(readPart('style.css'));
  const script = new Markup(readPart('page-script.js'));
  const names = inventory.languages.map(({ language }) => language);
  const colours = colourLanguages(names);
  const data = {
    root: buildSizeTree(inventory.tree, inventory.files, names),
    languages: colours.map(({ language, fill, ink }) => [language, fill, ink]),
  };
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash('sha256', script.text, 'base64')}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${visibleName(inventory.tree)} · source inventory</title><style>${style}</style></head>
<body><main>
${summarySection(inventory, colours, timeline)}
${mapSection()}
${timelineSection(timeline)}
${languageSection(inventory, colours)}
<div class="columns">${duplicateSection(inventory)}${nearSection(inventory)}</div>
${skippedSection(inventory)}
${colophon(inventory)}
</main><div id="tip" role="status" hidden></div>
<script type="application/json" id="tree-data">${jsonForScript(data)}</script>
<script type="module">${script}</script></body></html>
`.text;
}

function mapSection(): Markup {
  const metric = (name: string, label: string, pressed: string) =>
    html`<button type="button" data-metric="${name}" aria-pressed="${pressed}">${label}</button>`;
  return html`<section id="map" class="panel"><div class="map-head"><h2>Where the bytes are</h2>
<div class="choice" role="group" aria-label="Area stands for">${metric('bytes', 'Bytes', 'true')}${metric('brotli', 'Compressed', 'false')}${metric('lines', 'Lines', 'false')}</div></div>
<nav class="crumbs" aria-label="Directory on the map"></nav>
<div class="treemap" role="group" aria-label="Treemap: arrow keys move, Enter opens a directory, Backspace goes up"></div>
<p class="map-info" aria-live="polite">Open a directory by its title; Backspace or the path above leads back. Arrow keys move.</p>
<noscript><p class="quiet">The map is drawn by a script; everything else on this page works without.</p></noscript></section>`;
}

function colophon({ settings }: Inventory): Markup {
  const sampledAbove = formatCount(settings.maxBlocks * 4);
  return html`<footer class="quiet small"><p>Text or binary by git's rule (a NUL in the first 8,000 bytes). Compressed sizes are of each file alone, gzip level
${settings.gzipLevel} and brotli quality ${settings.brotliQuality}, in blocks of 4 MiB; of files above ${sampledAbove} MiB evenly spread blocks are measured and scaled up.
Near duplicates: MinHash of five-token shingles, 128 hashes (Broder 1997), banded 16 × 8. Symbolic links are not followed; hard links waste no bytes.</p>
<p>Made by the workflow <code>source-inventory</code> of Yardmaster.</p></footer>`;
}

function readPart(name: string): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
}
