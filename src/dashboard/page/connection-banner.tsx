// Owns what people are told when the stream does not run: what has happened, and what they can do.

import { useEffect, useState } from 'preact/hooks';
import { OTHER_VERSION } from './api-client.ts';
import { useStream } from './dashboard-context.tsx';
import { Prose } from './empty-state.tsx';
import type { LiveStream, StreamState } from './live-stream.ts';

// A connection that is back before anyone could read of it was not lost to anyone.
const PATIENCE_MS = 600;

/** A banner while the stream is lost, gone or refused; nothing otherwise. */
export function ConnectionBanner({ stream }: { readonly stream: LiveStream }) {
  const { state } = useStream(stream);
  const isWrong = textOf(state) !== null;
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(isWrong), isWrong ? PATIENCE_MS : 0);
    return () => clearTimeout(timer);
  }, [isWrong]);
  const text = textOf(state);
  return (
    <div role="alert">
      {isShown && text !== null ? (
        <div class="banner">
          <p>
            <Prose text={text} />
          </p>
          {state.kind === 'mismatch' ? (
            <button type="button" onClick={() => location.reload()}>
              Reload
            </button>
          ) : (
            <button type="button" onClick={() => stream.retry()}>
              Try now
            </button>
          )}
        </div>
      ) : null}
    </div>
  );
}

function textOf(state: StreamState): string | null {
  switch (state.kind) {
    case 'idle':
    case 'connecting':
    case 'live':
      return null;
    case 'lost':
      return state.message;
    case 'gone':
      return `${state.message} What is shown stays as it was.`;
    case 'refused':
      return 'The dashboard was started anew: open the address that it printed. What is shown is old.';
    case 'mismatch':
      return OTHER_VERSION;
  }
}
