// Owns the page as a whole: the frame around every view, which view is shown, and where the focus goes when it changes.

import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Welcome } from '../wire.ts';
import type { ApiClient, ApiFault } from './api-client.ts';
import { faultOf } from './api-client.ts';
import { ConnectionBanner } from './connection-banner.tsx';
import { type Dashboard, DashboardContext, useStream } from './dashboard-context.tsx';
import { EmptyState, FaultState } from './empty-state.tsx';
import type { LiveStream } from './live-stream.ts';
import { useRoute, useTitle } from './navigation.tsx';
import { Notices, useNotices } from './notices.tsx';
import { MachinesPage } from './pages/machines-page.tsx';
import { RunPage } from './pages/run-page.tsx';
import { RunsPage } from './pages/runs-page.tsx';
import { SupervisorPage } from './pages/supervisor-page.tsx';
import { SystemPage } from './pages/system-page.tsx';
import { isSamePage, type Route } from './router.ts';
import type { ServerClock } from './server-clock.tsx';
import { SiteHeader } from './site-header.tsx';
import './shell.css';

interface AppProps {
  readonly api: ApiClient;
  readonly clock: ServerClock;
  readonly stream: LiveStream;
}

/** The page. */
export function App({ api, clock, stream }: AppProps) {
  const route = useRoute();
  const { notices, notify, dismiss } = useNotices();
  const { welcome, fault, refreshWelcome } = useWelcome(api, clock, stream);
  const dashboard = useMemo<Dashboard>(
    () => ({ api, clock, stream, welcome, refreshWelcome, notify }),
    [api, clock, stream, welcome, refreshWelcome, notify],
  );
  useFocusOnChange(route);
  return (
    <DashboardContext.Provider value={dashboard}>
      {/* No link: the hash of the address is the view. */}
      <button type="button" class="skip-link" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <SiteHeader route={route} />
      <ConnectionBanner stream={stream} />
      <main id="main" tabIndex={-1} class={`view view-${route.view}`}>
        {welcome === null && fault !== null ? (
          <FaultState title="Nothing to show" fault={fault} onRetry={refreshWelcome} />
        ) : (
          <View route={route} />
        )}
      </main>
      <Notices notices={notices} onDismiss={dismiss} />
    </DashboardContext.Provider>
  );
}

function View({ route }: { readonly route: Route }) {
  switch (route.view) {
    case 'runs':
      return <RunsPage route={route} />;
    case 'run':
      return <RunPage key={route.runId} route={route} />;
    case 'system':
      return <SystemPage />;
    case 'supervisor':
      return <SupervisorPage />;
    case 'machines':
      return <MachinesPage machine={route.machine} />;
    case 'unknown':
      return <UnknownPage address={route.address} />;
  }
}

function UnknownPage({ address }: { readonly address: string }) {
  useTitle('No such page');
  return (
    <EmptyState title="No such page" level={1}>
      <p>
        There is nothing at <code>{address}</code>.
      </p>
      <p>
        <a href="#/runs">Go to the list of runs</a>
      </p>
    </EmptyState>
  );
}

// What the server is and may do, asked again whenever the stream was opened.
function useWelcome(api: ApiClient, clock: ServerClock, stream: LiveStream) {
  const { epoch } = useStream(stream);
  const [answer, setAnswer] = useState<{ welcome: Welcome | null; fault: ApiFault | null }>({
    welcome: null,
    fault: null,
  });
  const refreshWelcome = useCallback(() => {
    api.welcome().then(
      (welcome) => {
        clock.set(welcome.now);
        setAnswer((old) => (isSameWelcome(old.welcome, welcome) ? old : { welcome, fault: null }));
      },
      (thrown: unknown) => setAnswer((old) => ({ welcome: old.welcome, fault: faultOf(thrown) })),
    );
  }, [api, clock]);
  // The epoch is not read: it says that it is time to ask again.
  useEffect(refreshWelcome, [refreshWelcome, epoch]);
  return { ...answer, refreshWelcome };
}

function isSameWelcome(old: Welcome | null, fresh: Welcome): boolean {
  return old !== null && JSON.stringify({ ...old, now: 0 }) === JSON.stringify({ ...fresh, now: 0 });
}

// A screen reader hears the heading of a new page, and the keyboard goes on from there; not at the start, and not when
// only a tab, a filter or a selection changed.
function useFocusOnChange(route: Route): void {
  const last = useRef(route);
  useEffect(() => {
    const isSame = isSamePage(last.current, route);
    last.current = route;
    if (isSame) return;
    scrollTo(0, 0);
    const heading = document.querySelector<HTMLElement>('main h1');
    (heading ?? document.getElementById('main'))?.focus();
  });
}
