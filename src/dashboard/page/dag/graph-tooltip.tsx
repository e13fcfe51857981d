// Owns what is said beside the pointer: a task's name, state and attempts, or what a cluster holds.

import { TASK_STATES } from '../../wire.ts';
import { countText, pluralText } from '../figures.ts';
import { StateMark } from '../state-mark.tsx';
import { stateOfCode } from '../state-shapes.ts';
import { clusterTitle } from './cluster-painter.ts';
import type { Hover } from './graph-view.ts';
import type { Scene } from './scene.ts';

const OFFSET_PX = 14;
const WIDTH_PX = 260;

interface GraphTooltipProps {
  readonly hover: Hover;
  readonly scene: Scene;
  /** Of the view: the tooltip keeps inside it. */
  readonly width: number;
  readonly height: number;
}

/** A small panel that follows the pointer; for eyes only, since the list of tasks says the same. */
export function GraphTooltip({ hover, scene, width, height }: GraphTooltipProps) {
  const { x, y } = hover.at;
  const isLeft = x + OFFSET_PX + WIDTH_PX > width;
  const isAbove = y > height / 2;
  const place = {
    ...(isLeft ? { right: `${Math.max(0, width - x + OFFSET_PX)}px` } : { left: `${x + OFFSET_PX}px` }),
    ...(isAbove ? { bottom: `${height - y + OFFSET_PX}px` } : { top: `${y + OFFSET_PX}px` }),
    'max-width': `${Math.min(WIDTH_PX, Math.max(120, (isLeft ? x : width - x) - OFFSET_PX))}px`,
  };
  return (
    <div class="dag-tooltip" style={place} aria-hidden="true">
      {hover.kind === 'task' ? <TaskLines scene={scene} task={hover.task} /> : <ClusterLines hover={hover} />}
    </div>
  );
}

function TaskLines({ scene, task }: { readonly scene: Scene; readonly task: number }) {
  const state = stateOfCode(scene.states[task] ?? 0);
  const attempts = scene.attempts[task] ?? 0;
  const progress = scene.progress[task] ?? -1;
  return (
    <>
      <strong>{scene.names[task]}</strong>
      <span>
        <StateMark state={state} /> {state}
        {attempts > 0 ? `, ${pluralText(attempts, 'attempt')}` : ''}
        {progress >= 0 ? `, ${Math.round(progress * 100)} %` : ''}
      </span>
      <span class="faint">{scene.actionOf(task)}</span>
    </>
  );
}

function ClusterLines({ hover }: { readonly hover: Extract<Hover, { kind: 'cluster' }> }) {
  return (
    <>
      <strong>{clusterTitle(hover.cluster)}</strong>
      <span class="faint">{pluralText(hover.cluster.size, 'task')}; press to go near</span>
      {TASK_STATES.map((state, code) =>
        (hover.counts[code] ?? 0) === 0 ? null : (
          <span key={state}>
            <StateMark state={state} /> {countText(hover.counts[code] ?? 0)} {state}
          </span>
        ),
      )}
    </>
  );
}
