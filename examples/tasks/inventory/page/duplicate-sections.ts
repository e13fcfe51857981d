// Owns the lists of exact and near duplicates. Bounded: the page shows the first of each, inventory.json has all.

import type { Inventory } from '../parts/inventory.ts';
import type { DuplicateGroup, NearPair } from '../parts/rows.ts';
import { formatBytes, formatCount, formatNoun } from './figures.ts';
import { html, type Markup, NOTHING, visibleName } from './markup.ts';

const SHOWN_GROUPS = 100;
const SHOWN_PAIRS = 100;
const SHOWN_PATHS = 60;
/** Entries that show at once; the others open on demand. */
const OPEN_ENTRIES = 10;

export function duplicateSection({ duplicates, totals }: Inventory): Markup {
  const items = duplicates.slice(0, SHOWN_GROUPS).map(groupItem);
  return html`<section id="duplicates" class="panel"><h2>Exact duplicates</h2>
<p class="quiet">${
    duplicates.length === 0
      ? 'No two files have the same content.'
      : `${formatNoun(totals.duplicateGroups, 'group')} of files with the same SHA-256; one copy of each would save ${formatBytes(totals.wastedBytes)}.`
  }</p>
${entries(items, 'groups')}${remainder(totals.duplicateGroups - items.length, 'group')}</section>`;
}

export function nearSection({ nearDuplicates, totals, settings }: Inventory): Markup {
  const threshold = `${Math.round(100 * settings.nearThreshold)} %`;
  const items = nearDuplicates.slice(0, SHOWN_PAIRS).map(pairItem);
  return html`<section id="near" class="panel"><h2>Near duplicates</h2>
<p class="quiet">${
    nearDuplicates.length === 0
      ? `No two texts are ${threshold} alike and yet different.`
      : `${formatNoun(totals.nearDuplicatePairs, 'pair')} of texts that share at least ${threshold} of their word sequences, by MinHash estimate.${totals.nearCutBuckets > 0 ? ' Of large crowds of look-alikes only neighbours were compared.' : ''}`
  }</p>
${entries(items, 'pairs')}${remainder(totals.nearDuplicatePairs - items.length, 'pair')}</section>`;
}

function entries(items: readonly Markup[], noun: string): Markup {
  if (items.length === 0) return NOTHING;
  const rest = items.slice(OPEN_ENTRIES);
  const more =
    rest.length === 0
      ? NOTHING
      : html`<details class="more"><summary>${rest.length} more ${noun}</summary><ol class="entries">${rest}</ol></details>`;
  return html`<ol class="entries">${items.slice(0, OPEN_ENTRIES)}</ol>${more}`;
}

function remainder(count: number, noun: string): Markup {
  return count <= 0
    ? NOTHING
    : html`<p class="quiet small">${formatNoun(count, `further ${noun}`)} in inventory.json.</p>`;
}

function groupItem(group: DuplicateGroup): Markup {
  const folder = commonFolder(group.paths);
  const paths = group.paths.slice(0, SHOWN_PATHS);
  const hidden = group.paths.length - paths.length;
  const first = group.paths[0] ?? '';
  const links = group.paths.length - group.copies;
  const note = links > 0 ? `, ${formatNoun(links, 'hard link')}` : '';
  return html`<li><details><summary><span class="entry-name"><bdi>${visibleName(first.slice(first.lastIndexOf('/') + 1))}</bdi></span>
<span class="entry-figures"><b>${formatBytes(group.wasted)}</b> ${formatCount(group.copies)} × ${formatBytes(group.size)}${note}</span></summary>
${folder === '' ? NOTHING : html`<p class="folder">in <bdi>${visibleName(folder)}</bdi></p>`}
<ul class="paths">${paths.map((path) => html`<li><bdi>${visibleName(path.slice(folder.length))}</bdi></li>`)}${
    hidden > 0 ? html`<li class="quiet">and ${formatCount(hidden)} more</li>` : NOTHING
  }</ul></details></li>`;
}

function pairItem(pair: NearPair): Markup {
  const folder = commonFolder([pair.first, pair.second]);
  // The estimate has 128 steps; beyond the last but one it can only say "nearly the same".
  const alike = pair.similarity > 0.995 ? '> 99 %' : `${Math.round(pair.similarity * 100)} %`;
  return html`<li class="pair"><span class="alike" style="--share:${Math.round(pair.similarity * 100)}">${alike}</span>
<span class="pair-paths">${folder === '' ? NOTHING : html`<span class="folder">in <bdi>${visibleName(folder)}</bdi></span>`}
<bdi>${visibleName(pair.first.slice(folder.length))}</bdi><bdi>${visibleName(pair.second.slice(folder.length))}</bdi></span>
<span class="entry-figures">≈ ${formatBytes(pair.sharedBytes)}</span></li>`;
}

/** The directory that all paths lie in, with its last `/`; empty when that is the root. */
function commonFolder(paths: readonly string[]): string {
  const first = paths[0] ?? '';
  let length = first.lastIndexOf('/') + 1;
  for (const path of paths) {
    while (length > 0 && !path.startsWith(first.slice(0, length))) length = first.lastIndexOf('/', length - 2) + 1;
  }
  return first.slice(0, length);
}
