// Owns the head of every page: the way to each view, what is being looked at, and the choice of theme.

import { useState } from 'preact/hooks';
import type { Welcome } from '../wire.ts';
import { useDashboard, useStream } from './dashboard-context.tsx';
import type { LiveStream, StreamState } from './live-stream.ts';
import type { Route } from './router.ts';
import { chooseTheme, THEME_CHOICES, themeChoice } from './theme.ts';

const LINKS: readonly { readonly href: string; readonly text: string; readonly views: readonly Route['view'][] }[] = [
  { href: '#/runs', text: 'Runs', views: ['runs', 'run'] },
  { href: '#/system', text: 'System', views: ['system'] },
  { href: '#/supervisor', text: 'Supervisor', views: ['supervisor'] },
  { href: '#/machines', text: 'Machines', views: ['machines'] },
];

const SOURCES: Readonly<Record<Welcome['source'], string>> = {
  live: 'Live engine',
  record: 'Data folder',
  trace: 'Recorded trace',
};

/** The head of the page. */
export function SiteHeader({ route }: { readonly route: Route }) {
  const { welcome, stream } = useDashboard();
  return (
    <header class="site-header">
      <a class="brand" href="#/runs">
        Yardmaster
      </a>
      <nav aria-label="Pages">
        <ul>
          {LINKS.map(({ href, text, views }) => (
            <li key={href}>
              <a href={href} aria-current={views.includes(route.view) ? 'page' : undefined}>
                {text}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {welcome === null ? null : (
        <p class="place" title={`${SOURCES[welcome.source]} ${welcome.place}, version ${welcome.version}`}>
          <span class="faint">{SOURCES[welcome.source]}</span> <bdi class="mono">{welcome.place}</bdi>
        </p>
      )}
      <StreamSign stream={stream} />
      <ThemeSwitch />
    </header>
  );
}

const SIGNS: Readonly<Record<StreamState['kind'], string>> = {
  idle: '',
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Offline',
  gone: 'Ended',
  refused: 'Offline',
  mismatch: 'Offline',
};

function StreamSign({ stream }: { readonly stream: LiveStream }) {
  const { state } = useStream(stream);
  if (state.kind === 'idle') return null;
  return (
    <p class={`stream-sign stream-${state.kind}`}>
      <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true" focusable="false">
        <circle cx="4" cy="4" r="3" />
      </svg>
      {SIGNS[state.kind]}
    </p>
  );
}

const THEME_NAMES = { system: 'System', light: 'Light', dark: 'Dark' } as const;

function ThemeSwitch() {
  const [choice, setChoice] = useState(themeChoice);
  return (
    <label class="theme-switch">
      <span class="visually-hidden">Theme</span>
      <select
        value={choice}
        onChange={(event) => {
          const chosen = THEME_CHOICES.find((each) => each === event.currentTarget.value) ?? 'system';
          chooseTheme(chosen);
          setChoice(chosen);
        }}
      >
        {THEME_CHOICES.map((each) => (
          <option key={each} value={each}>
            {THEME_NAMES[each]}
          </option>
        ))}
      </select>
    </label>
  );
}
