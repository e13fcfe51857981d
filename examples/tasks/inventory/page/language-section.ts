// Owns the table of languages.

import type { Inventory, LanguageTotal } from '../parts/inventory.ts';
import { cssPercent, formatBytes, formatCount, formatLarge, formatShare } from './figures.ts';
import type { LanguageColour } from './language-colours.ts';
import { html, type Markup, NOTHING } from './markup.ts';

/** Rows that show at once; the others open on demand. */
const OPEN_ROWS = 14;

export function languageSection(inventory: Inventory, colours: readonly LanguageColour[]): Markup {
  const { languages, totals } = inventory;
  const largest = languages[0]?.bytes ?? 0;
  const rows = languages.map((language, index) => languageRow(language, index, colours[index], largest));
  const rest = rows.slice(OPEN_ROWS);
  const more =
    rest.length === 0
      ? NOTHING
      : html`<details class="more"><summary>${rest.length} more kinds of files</summary>${table(rest)}</details>`;
  return html`<section id="languages" class="panel"><h2>Languages and kinds of files</h2>
<p class="quiet">${formatCount(totals.files - totals.binaryFiles)} text files, ${formatCount(totals.binaryFiles)} binary ones. Choose a row to find it on the map.</p>
${table(rows.slice(0, OPEN_ROWS))}${more}</section>`;
}

function table(rows: readonly Markup[]): Markup {
  return html`<table class="languages"><thead><tr><th>Language</th><th class="number">Bytes</th><th class="bar-head"><span class="unseen">Share</span></th>
<th class="number">Files</th><th class="number">Lines</th><th class="number wide">Blank</th><th class="number wide">gzip</th><th class="number wide">brotli</th></tr></thead>
<tbody>${rows}</tbody></table>`;
}

function languageRow(total: LanguageTotal, index: number, colour: LanguageColour | undefined, largest: number): Markup {
  const fill = colour?.fill ?? '';
  return html`<tr><th scope="row"><button type="button" class="pick" data-language="${index}" aria-pressed="false"><i style="background:${fill}"></i>${total.language}</button></th>
<td class="number">${formatBytes(total.bytes)}</td><td class="bar-cell"><span style="width:${cssPercent(total.bytes, largest)};background:${fill}"></span></td>
<td class="number">${formatCount(total.files)}</td><td class="number">${total.lines === 0 ? '–' : formatLarge(total.lines)}</td>
<td class="number wide">${formatShare(total.blank, total.lines)}</td><td class="number wide">${formatShare(total.gzip, total.bytes)}</td>
<td class="number wide">${formatShare(total.brotli, total.bytes)}</td></tr>`;
}
