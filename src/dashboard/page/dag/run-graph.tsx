// Owns the picture of a run's tasks and their order as one component that fills its container: canvas, list for the
// keyboard, legend, controls. Layouts go by the graph, repaints by what changed in it.
// Must never walk over all tasks more than a document asks for: there may be tens of thousands.

import { useMemo, useRef } from 'preact/hooks';
import type { RunDocument } from '../../wire.ts';
import { countStates } from '../task-counts.ts';
import { GraphBar } from './graph-bar.tsx';
import { useScene } from './graph-scene.ts';
import { GraphTooltip } from './graph-tooltip.tsx';
import { LiveSummary } from './live-summary.tsx';
import type { Scene } from './scene.ts';
import { summaryOf } from './state-counts.ts';
import { TaskList } from './task-list.tsx';
import { TaskWalk } from './task-walk.ts';
import { type GraphHandle, MINIMAP_TASKS, useGraphView } from './use-graph-view.ts';
import './dag.css';

export interface RunGraphProps {
  readonly run: RunDocument;
  /** Name of the selected task. */
  readonly selected: string | null;
  onSelect(task: string | null): void;
}

/** The tasks of a run as a graph that lives with it. */
export function RunGraph({ run, selected, onSelect }: RunGraphProps) {
  if (run.tasks.names.length > 0) return <Graph run={run} selected={selected} onSelect={onSelect} />;
  return (
    <div class="empty">
      <h2>No tasks</h2>
      <p>
        {run.hasDefinition
          ? 'This run has no tasks.'
          : 'The definition of this run is not on record any more, and none of its tasks has left a trace.'}
      </p>
    </div>
  );
}

function Graph({ run: { tasks, hasDefinition }, selected, onSelect }: RunGraphProps) {
  const stage = useRef<HTMLDivElement>(null);
  const state = useScene(tasks, stage);
  const scene = state.kind === 'ready' ? state.scene : null;
  const indexes = useMemo(() => new Map(tasks.names.map((name, task) => [name, task])), [tasks.names]);
  const chosen = selected === null ? -1 : (indexes.get(selected) ?? -1);
  const counts = useMemo(() => countStates(tasks.states), [tasks.states]);
  const graph = useGraphView(scene, tasks, chosen, onSelect);
  return (
    <section class="dag" aria-label="Graph">
      <GraphBar tasks={tasks} counts={counts} graph={graph} current={graph.cursor >= 0 ? graph.cursor : chosen} />
      {hasDefinition ? null : (
        <p class="dag-note">
          The definition of this run is not on record any more: its tasks are shown without their order.
        </p>
      )}
      <div class="dag-stage" ref={stage}>
        <Pictures graph={graph} hasMinimap={scene !== null && scene.graph.size > MINIMAP_TASKS} />
        {scene === null ? null : <Overlays scene={scene} graph={graph} chosen={chosen} stage={stage.current} />}
        {state.kind === 'waiting' ? <p class="dag-wait">Laying out {tasks.names.length} tasks…</p> : null}
        {state.kind === 'failed' ? (
          <p class="dag-wait">The graph cannot be drawn: {state.message}. The tab Tasks lists the same tasks.</p>
        ) : null}
      </div>
      <LiveSummary text={summaryOf(counts)} />
    </section>
  );
}

/** What the list of tasks says in words; the small one is there for large graphs. */
function Pictures({ graph, hasMinimap }: { readonly graph: GraphHandle; readonly hasMinimap: boolean }) {
  return (
    <div aria-hidden="true">
      <canvas class="dag-canvas" ref={graph.canvas} />
      <canvas class="dag-minimap" ref={graph.minimap} hidden={!hasMinimap} />
    </div>
  );
}

interface OverlaysProps {
  readonly scene: Scene;
  readonly graph: GraphHandle;
  readonly chosen: number;
  readonly stage: HTMLElement | null;
}

/** The list of the keyboard and the panel at the pointer. */
function Overlays({ scene, graph, chosen, stage }: OverlaysProps) {
  const walk = useMemo(() => new TaskWalk(scene.graph, scene.layout), [scene]);
  const known = graph.cursor >= 0 ? graph.cursor : chosen;
  const current = known >= 0 && known < scene.graph.size ? known : walk.start;
  return (
    <>
      <TaskList
        listRef={graph.list}
        scene={scene}
        walk={walk}
        current={current}
        selected={chosen}
        actions={graph.actions}
      />
      {graph.hover === null ? null : (
        <GraphTooltip
          hover={graph.hover}
          scene={scene}
          width={stage?.clientWidth ?? 0}
          height={stage?.clientHeight ?? 0}
        />
      )}
    </>
  );
}
