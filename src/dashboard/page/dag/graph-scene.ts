// Owns how a run becomes a scene: its graph once for each definition, its layout when that is ready, its states always.
// A document that was fetched anew and has the same graph costs no new layout.

import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RunDocument } from '../../wire.ts';
import { type GraphColumns, graphColumnsOf, hasSameGraph } from './graph-columns.ts';
import type { GraphLayout } from './graph-layout.ts';
import { layOut } from './layout-job.ts';
import { Scene } from './scene.ts';

const USUAL_ASPECT = 1.7;
const MIN_ASPECT = 0.5;
const MAX_ASPECT = 2.5;

type Tasks = RunDocument['tasks'];

interface Drawn {
  readonly graph: GraphColumns;
  readonly layout: GraphLayout;
}

export type SceneState =
  | { readonly kind: 'ready'; readonly scene: Scene }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'failed'; readonly message: string };

/** The scene of a run's tasks; states in it are those of the first document, and of what its view was told since. */
export function useScene(tasks: Tasks, stage: RefObject<HTMLElement | null>): SceneState {
  const stable = useSameGraph(tasks);
  const graph = useMemo(() => graphColumnsOf(stable), [stable]);
  const [drawn, setDrawn] = useState<Drawn | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    const wish = new AbortController();
    setFault(null);
    layOut(graph, stable.names, aspectOf(stage.current), wish.signal).then(
      (layout) => {
        if (!wish.signal.aborted) setDrawn({ graph, layout });
      },
      (error: unknown) => {
        if (!wish.signal.aborted) setFault(error instanceof Error ? error.message : String(error));
      },
    );
    return () => wish.abort();
  }, [graph, stable, stage]);
  const latest = useRef(tasks);
  latest.current = tasks;
  const scene = useMemo(
    () => (drawn === null || drawn.graph !== graph ? null : new Scene(graph, drawn.layout, latest.current)),
    [drawn, graph],
  );
  if (scene !== null) return { kind: 'ready', scene };
  return fault === null ? { kind: 'waiting' } : { kind: 'failed', message: fault };
}

/** The shape of the view when a graph comes into it; one that turns later keeps the layout. */
function aspectOf(element: HTMLElement | null): number {
  const { clientWidth = 0, clientHeight = 0 } = element ?? {};
  if (clientWidth === 0 || clientHeight === 0) return USUAL_ASPECT;
  return Math.min(MAX_ASPECT, Math.max(MIN_ASPECT, clientWidth / clientHeight));
}

/** The first of all documents whose graphs are equal. */
function useSameGraph(tasks: Tasks): Tasks {
  const kept = useRef(tasks);
  if (!hasSameGraph(kept.current, tasks)) kept.current = tasks;
  return kept.current;
}
