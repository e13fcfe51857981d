// Owns the place of the task panel beside a run, or above it on a narrow screen: fetches the task, keeps it live, closes
// on Escape, gives the focus back, and asks before a task is cancelled.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { RunDocument } from '../../wire.ts';
import { ConfirmDialog } from '../confirm-dialog.tsx';
import { useDashboard, useRefusals } from '../dashboard-context.tsx';
import { EmptyState, FaultState } from '../empty-state.tsx';
import { TaskPanel } from '../task/task-panel.tsx';
import { useStatechart, useTask } from '../use-run.tsx';
import { act } from './run-buttons.tsx';

const ENDED = ['completed', 'failed', 'cancelled', 'skipped'];

interface TaskSideProps {
  readonly run: RunDocument;
  readonly name: string;
  onSelect(task: string): void;
  onClose(): void;
}

/** The panel of the task that is selected. */
export function TaskSide({ run, name, onSelect, onClose }: TaskSideProps) {
  const { runId } = run.summary;
  const dashboard = useDashboard();
  const refusalOf = useRefusals();
  const { task, fault, refetch } = useTask(runId, name);
  const chart = useStatechart(task?.statechart.machine ?? null);
  const [isAsking, setAsking] = useState(false);
  const panel = useRef<HTMLElement>(null);
  useFocusBack(panel);
  const canCancel = task !== null && !ENDED.includes(task.state) && refusalOf('cancel-task') === null;
  return (
    <aside
      ref={panel}
      class="task-side"
      aria-label={`Task ${name}`}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose();
      }}
    >
      {task === null ? (
        <MissingTask name={name} fault={fault} onRetry={refetch} onClose={onClose} />
      ) : (
        <TaskPanel
          key={`${runId} ${name}`}
          task={task}
          chart={chart}
          canCancel={canCancel}
          onCancel={() => setAsking(true)}
          onSelect={onSelect}
          onClose={onClose}
        />
      )}
      {isAsking ? (
        <ConfirmDialog
          title={`Cancel the task ${name}?`}
          deed="Cancel the task"
          isDestructive
          onClose={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            void act(dashboard, { kind: 'cancel-task', runId, task: name });
          }}
        >
          <p>It will not complete. Tasks that depend on it are skipped, and the run fails if it was required.</p>
        </ConfirmDialog>
      ) : null}
    </aside>
  );
}

interface MissingTaskProps {
  readonly name: string;
  readonly fault: ReturnType<typeof useTask>['fault'];
  onRetry(): void;
  onClose(): void;
}

function MissingTask({ name, fault, onRetry, onClose }: MissingTaskProps) {
  return (
    <>
      <div class="task-side-bar">
        <button type="button" class="quiet" onClick={onClose}>
          Close
        </button>
      </div>
      {fault === null ? (
        <p class="loading faint">Fetching {name}…</p>
      ) : fault.status === 404 ? (
        <EmptyState title="There is no such task">
          <p>{fault.message}</p>
        </EmptyState>
      ) : (
        <FaultState title="The task could not be shown" fault={fault} onRetry={onRetry} />
      )}
    </>
  );
}

// Where the panel lies over the rest, it takes the focus; where it lies beside it, the keyboard stays in the graph or
// list, so that one can go from task to task. Closed, it leaves the focus somewhere sensible.
function useFocusBack(panel: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const before = document.activeElement;
    const element = panel.current;
    if (element !== null && getComputedStyle(element).position === 'fixed') element.focus();
    return () => {
      const isLost = document.activeElement === document.body || element?.contains(document.activeElement) === true;
      if (!isLost) return;
      const isBack = before instanceof HTMLElement && before !== document.body && before.isConnected;
      (isBack ? before : document.getElementById('run-panel'))?.focus({ preventScroll: true });
    };
  }, [panel]);
}
