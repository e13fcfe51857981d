// Owns what every part of the page may reach: questions to the server, the stream, the server's clock, notices. Hooks
// here are the only way from a view to them.

import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { ActionKind, Welcome } from '../wire.ts';
import { type ApiClient, type ApiFault, faultOf } from './api-client.ts';
import type { Frames, Interest, LiveStream, StreamState } from './live-stream.ts';
import { refusalOf } from './run-actions.ts';
import type { ServerClock } from './server-clock.tsx';

/** Something that people are told once, at the foot of the page. */
export interface Notice {
  readonly kind: 'done' | 'fault';
  readonly text: string;
}

export interface Dashboard {
  readonly api: ApiClient;
  readonly stream: LiveStream;
  readonly clock: ServerClock;
  /** null = the server has not answered yet. */
  readonly welcome: Welcome | null;
  /** Asks the server again what it may do. */
  refreshWelcome(): void;
  notify(notice: Notice): void;
}

export const DashboardContext = createContext<Dashboard | null>(null);

export function useDashboard(): Dashboard {
  const dashboard = useContext(DashboardContext);
  if (dashboard === null) throw new Error('a view was shown outside of the dashboard');
  return dashboard;
}

/** How the stream stands, and how often everything had to be fetched. */
export function useStream(stream: LiveStream): { readonly state: StreamState; readonly epoch: number } {
  const [seen, setSeen] = useState({ state: stream.state, epoch: stream.epoch });
  useEffect(() => {
    const read = () => setSeen({ state: stream.state, epoch: stream.epoch });
    read();
    return stream.watch(read);
  }, [stream]);
  return seen;
}

/** Asks the stream for something while the view is shown. */
export function useInterest(interest: Interest): void {
  const { stream } = useDashboard();
  const key = JSON.stringify(interest);
  // The key stands for the interest: a new object that says the same changes nothing.
  useEffect(() => stream.want(interest), [stream, key]);
}

/** Hears frames of one kind while the view is shown. */
export function useFrames<K extends keyof Frames>(kind: K, listener: (frame: Frames[K]) => void): void {
  const { stream } = useDashboard();
  const current = useRef(listener);
  current.current = listener;
  useEffect(() => stream.hear(kind, (frame) => current.current(frame)), [stream, kind]);
}

/** Tells for each kind of action why it cannot be taken now; null = it can. */
export function useRefusals(): (kind: ActionKind) => string | null {
  const { stream, welcome } = useDashboard();
  const { state } = useStream(stream);
  return (kind) => refusalOf(kind, welcome, state.kind);
}

export interface Fetched<T> {
  /** The newest that came; null = none yet. */
  readonly document: T | null;
  /** Why the last question failed; null = it did not. */
  readonly fault: ApiFault | null;
  /** Asks again. */
  refetch(): void;
}

/**
 * Fetches a document, again after each opening of the stream, and whenever `key` says that it is another one. What was
 * there stays until the answer has come; `key` null = nothing is wanted.
 */
export function useDocument<T>(
  key: string | null,
  ask: (api: ApiClient, signal: AbortSignal) => Promise<T>,
): Fetched<T> {
  const { api, stream } = useDashboard();
  const { epoch } = useStream(stream);
  const [turn, setTurn] = useState(0);
  const [answer, setAnswer] = useState<{ key: string; document: T | null; fault: ApiFault | null } | null>(null);
  const asking = useRef(ask);
  asking.current = ask;
  // A question that is under way is not given up for another like it: answers slower than the wish would never come.
  const flight = useRef({ isUnderWay: false, isDueAgain: false });
  const refetch = useCallback(() => {
    if (flight.current.isUnderWay) flight.current.isDueAgain = true;
    else setTurn((old) => old + 1);
  }, []);
  // Epoch and turn are not read: they say that it is time to ask again.
  useEffect(() => {
    if (key === null || !stream.isSettled) return;
    const given = new AbortController();
    const land = () => {
      const isDueAgain = flight.current.isDueAgain;
      flight.current = { isUnderWay: false, isDueAgain: false };
      if (isDueAgain) setTurn((old) => old + 1);
    };
    flight.current = { isUnderWay: true, isDueAgain: false };
    asking.current(api, given.signal).then(
      (document) => {
        if (given.signal.aborted) return;
        setAnswer({ key, document, fault: null });
        land();
      },
      (thrown: unknown) => {
        if (given.signal.aborted) return;
        setAnswer((old) => ({ key, document: old?.key === key ? old.document : null, fault: faultOf(thrown) }));
        land();
      },
    );
    return () => {
      given.abort();
      flight.current = { isUnderWay: false, isDueAgain: false };
    };
  }, [api, stream, key, epoch, turn]);
  const isCurrent = answer !== null && answer.key === key;
  return {
    document: isCurrent ? answer.document : null,
    fault: isCurrent ? answer.fault : null,
    refetch,
  };
}
