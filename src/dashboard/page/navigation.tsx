// Owns going from view to view: the address bar is the only place where the view is kept. Links are plain links.

import { useEffect, useState } from 'preact/hooks';
import { formatRoute, parseRoute, type Route } from './router.ts';

const watchers = new Set<() => void>();

function tell(): void {
  for (const watcher of watchers) watcher();
}

/** Goes to a view. `replace`: without a step in the history, for what changes while one types. */
export function navigate(route: Route, how: 'push' | 'replace' = 'push'): void {
  const hash = formatRoute(route);
  if (hash === location.hash) return;
  if (how === 'push') history.pushState(null, '', hash);
  else history.replaceState(null, '', hash);
  tell();
}

/** The view of the address bar. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const read = () => setHash(location.hash);
    watchers.add(read);
    addEventListener('popstate', read);
    addEventListener('hashchange', read);
    // It may have become another since the first look, and nobody listened.
    read();
    return () => {
      watchers.delete(read);
      removeEventListener('popstate', read);
      removeEventListener('hashchange', read);
    };
  }, []);
  return parseRoute(hash);
}

/** The page's title while a view is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Yardmaster`;
  }, [title]);
}
