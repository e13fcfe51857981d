// Owns the head of the page: what tree this is, the totals, and what it is made of at a glance.

import type { Inventory, LanguageTotal } from '../parts/inventory.ts';
import {
  cssPercent,
  formatBytes,
  formatCount,
  formatDuration,
  formatLarge,
  formatNoun,
  formatShare,
} from './figures.ts';
import type { LanguageColour } from './language-colours.ts';
import { html, Markup, visibleName } from './markup.ts';
import type { Timeline } from './timeline.ts';

/** Languages with a part of their own in the strip. */
const STRIP_PARTS = 9;

export function summarySection(inventory: Inventory, colours: readonly LanguageColour[], timeline: Timeline): Markup {
  const { totals } = inventory;
  const measured = `${formatNoun(totals.files, 'file')} in ${formatNoun(totals.directories, 'directory')}`;
  const run = `${formatNoun(timeline.bars.length, 'task')} on ${formatNoun(timeline.threads.length, 'thread')}`;
  return html`<header class="head">
  <p class="brand">${new Markup(LOGO)}<span>Yardmaster</span><span class="quiet">source inventory</span></p>
  <h1><bdi>${visibleName(inventory.tree)}</bdi></h1>
  <p class="lead">${measured}, measured in <strong>${formatDuration(timeline.durationMs)}</strong> by ${run}.</p>
</header>
<section class="cards" aria-label="Totals">
  ${card('Size', formatBytes(totals.bytes), `${formatNoun(totals.binaryFiles, 'binary file')}, ${formatCount(totals.emptyFiles)} empty`)}
  ${card('Lines of text', formatLarge(totals.lines), `${formatShare(totals.blank, totals.lines)} blank, ${formatNoun(totals.languages, 'kind')} of files`)}
  ${compressionCard(inventory)}
  ${card('Exact duplicates', formatBytes(totals.wastedBytes), `wasted by ${formatNoun(totals.duplicateGroups, 'group')}, ${formatNoun(totals.duplicateFiles, 'file')}`, 'duplicates')}
  ${card('Near duplicates', `${totals.nearCutBuckets > 0 ? '≥ ' : ''}${formatCount(totals.nearDuplicatePairs)}`, `pairs of texts, ${Math.round(100 * inventory.settings.nearThreshold)} % alike or more`, 'near')}
</section>
${composition(inventory, colours)}`;
}

function card(label: string, value: string, note: string, target?: string): Markup {
  const inner = html`<span class="label">${label}</span><span class="value">${value}</span><span class="note">${note}</span>`;
  return target === undefined
    ? html`<div class="card">${inner}</div>`
    : html`<a class="card" href="#${target}">${inner}</a>`;
}

function compressionCard({ totals }: Inventory): Markup {
  const meter = (name: string, bytes: number) => html`<span class="meter" title="${formatBytes(bytes)}">
    <span class="meter-name">${name}</span>
    <span class="meter-track"><span class="meter-fill" style="width:${cssPercent(bytes, totals.bytes)}"></span></span>
    <span class="meter-value">${formatShare(bytes, totals.bytes)}</span></span>`;
  const sampled = totals.sampledFiles === 0 ? '' : `; ${formatNoun(totals.sampledFiles, 'large file')} sampled`;
  return html`<div class="card"><span class="label">Compressed</span>
    <span class="value">${formatBytes(totals.brotli)}</span>
    ${meter('brotli', totals.brotli)}${meter('gzip', totals.gzip)}
    <span class="note">file by file${sampled}</span></div>`;
}

function composition({ languages, totals }: Inventory, colours: readonly LanguageColour[]): Markup {
  const shown = languages.slice(0, STRIP_PARTS);
  const part = (language: LanguageTotal, index: number) => {
    const label = `${language.language}: ${formatBytes(language.bytes)}, ${formatShare(language.bytes, totals.bytes)}`;
    return html`<span style="width:${cssPercent(language.bytes, totals.bytes)};background:${colours[index]?.fill ?? ''}" data-tip="${label}"></span>`;
  };
  const key = (language: LanguageTotal, index: number) =>
    html`<li><i style="background:${colours[index]?.fill ?? ''}"></i>${
      language.language
    } <b>${formatShare(language.bytes, totals.bytes)}</b></li>`;
  return html`<section class="strip" aria-label="Share of bytes by language">
  <div class="strip-bar" aria-hidden="true">${shown.map(part)}</div>
  <ul class="keys">${shown.map(key)}</ul>
</section>`;
}

const LOGO = `<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><rect x="1" y="1" width="22" height="22" rx="6" fill="var(--accent)"/><path d="M5 17h5.5c3 0 2-10 5-10H19M5 12h14M5 7h5.5c3 0 2 10 5 10H19" fill="none" stroke="#fff" stroke-width="1.8" stroke-linecap="round"/></svg>`;
