// Owns the list of what is not in the inventory, and why.

import type { Inventory } from '../parts/inventory.ts';
import { SKIP_REASONS, type SkipReason } from '../parts/rows.ts';
import { formatCount, formatNoun } from './figures.ts';
import { html, type Markup, NOTHING, visibleName } from './markup.ts';

const SHOWN_ENTRIES = 200;

const MEANINGS: Readonly<Record<SkipReason, readonly [one: string, many: string]>> = {
  excluded: ['directory left out on purpose', 'directories left out on purpose'],
  symlink: ['symbolic link, not followed', 'symbolic links, not followed'],
  special: ['socket, pipe or device', 'sockets, pipes and devices'],
  unreadable: ['file or directory that could not be read', 'files and directories that could not be read'],
  changed: ['file that changed while the inventory ran', 'files that changed while the inventory ran'],
};

export function skippedSection({ skipped, skippedEntries }: Inventory): Markup {
  const total = SKIP_REASONS.reduce((sum, reason) => sum + skipped[reason], 0);
  if (total === 0)
    return html`<section class="panel"><h2>Skipped</h2><p class="quiet">Nothing: every file was read.</p></section>`;
  const counts = SKIP_REASONS.filter((reason) => skipped[reason] > 0).map(
    (reason) =>
      html`<li><b>${formatCount(skipped[reason])}</b> ${MEANINGS[reason][skipped[reason] === 1 ? 0 : 1]}</li>`,
  );
  const shown = skippedEntries.slice(0, SHOWN_ENTRIES);
  const hidden = total - shown.length;
  return html`<section id="skipped" class="panel"><h2>Skipped</h2><ul class="plain">${counts}</ul>
<details class="more"><summary>${formatNoun(shown.length, 'name')}</summary><ul class="paths">${shown.map(
    (entry) =>
      html`<li><bdi>${visibleName(entry.path)}</bdi> <span class="quiet">${entry.reason}, ${entry.detail}</span></li>`,
  )}${hidden > 0 ? html`<li class="quiet">and ${formatCount(hidden)} more</li>` : NOTHING}</ul></details></section>`;
}
