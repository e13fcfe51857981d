// Owns the thread between a component and its canvas: makes the view, tells it what is to be seen, hears what was touched,
// and keeps where the keyboard is.

import type { Ref, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { RunDocument } from '../../wire.ts';
import { GraphView, type Hover } from './graph-view.ts';
import type { Scene } from './scene.ts';
import type { TaskListActions } from './task-list.tsx';

/** Graphs of more tasks than this have a small picture of the whole. */
export const MINIMAP_TASKS = 200;

export interface GraphHandle {
  readonly canvas: Ref<HTMLCanvasElement>;
  readonly minimap: Ref<HTMLCanvasElement>;
  readonly list: Ref<HTMLDivElement>;
  readonly hover: Hover | null;
  /** The task that the keyboard is at; -1 = it has not been moved. */
  readonly cursor: number;
  readonly actions: TaskListActions;
  /** Selects a task and goes to it. */
  find(task: number): void;
}

/** The view of a scene; `chosen` is the selected task, or -1. */
export function useGraphView(
  scene: Scene | null,
  tasks: RunDocument['tasks'],
  chosen: number,
  onSelect: (task: string | null) => void,
): GraphHandle {
  const canvas = useRef<HTMLCanvasElement>(null);
  const minimap = useRef<HTMLCanvasElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const view = useRef<GraphView | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [cursor, setCursor] = useState(-1);
  // What was selected here; what is selected elsewhere is gone to.
  const picked = useRef(-1);
  const select = (task: number) => {
    picked.current = task;
    onSelect(tasks.names[task] ?? null);
  };
  const pick = useRef(select);
  pick.current = (task) => {
    setCursor(task);
    list.current?.focus({ preventScroll: true });
    view.current?.emphasise({ cursor: -1 });
    select(task);
  };
  useEffect(() => {
    if (canvas.current === null || minimap.current === null) return;
    const events = { picked: (task: number) => pick.current(task), hovered: setHover };
    const made = new GraphView(canvas.current, minimap.current, events);
    view.current = made;
    return () => made.close();
  }, []);
  useEffect(() => {
    setCursor(-1);
    view.current?.show(scene, scene !== null && scene.graph.size > MINIMAP_TASKS);
  }, [scene]);
  useEffect(() => view.current?.update(tasks), [tasks, scene]);
  useEffect(() => {
    view.current?.emphasise({ selected: chosen });
    if (chosen >= 0 && picked.current !== chosen) view.current?.jumpTo(chosen);
    if (scene !== null) picked.current = -1;
  }, [chosen, scene]);
  const find = (task: number) => {
    setCursor(task);
    select(task);
    view.current?.jumpTo(task);
  };
  return { canvas, minimap, list, hover, cursor, actions: actionsOf(view, setCursor, select), find };
}

function actionsOf(
  view: RefObject<GraphView | null>,
  setCursor: (task: number) => void,
  select: (task: number) => void,
): TaskListActions {
  return {
    moved(task) {
      setCursor(task);
      view.current?.emphasise({ cursor: task });
      view.current?.reveal(task);
    },
    chosen: (task) => select(task ?? -1),
    zoomed: (factor) => view.current?.zoomBy(factor),
    fitted: () => view.current?.fit(),
    panned: (deltaX, deltaY) => view.current?.panBy(deltaX, deltaY),
    left: () => view.current?.emphasise({ cursor: -1 }),
  };
}
