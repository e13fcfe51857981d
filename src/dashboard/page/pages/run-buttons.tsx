// Owns the buttons of a run: which there are, what each asks before it does it, and what is said afterwards.

import { useState } from 'preact/hooks';
import type { ActionRequest, RunDocument } from '../../wire.ts';
import { faultOf } from '../api-client.ts';
import { ConfirmDialog } from '../confirm-dialog.tsx';
import { type Dashboard, useDashboard, useRefusals } from '../dashboard-context.tsx';
import { countText } from '../figures.ts';
import { navigate } from '../navigation.tsx';
import { routeOfRun } from '../router.ts';
import { actionOf, deedsOf, type RunDeed } from '../run-actions.ts';
import { countStates } from '../task-counts.ts';

const LABELS: Readonly<Record<RunDeed, string>> = {
  pause: 'Pause',
  resume: 'Resume',
  release: 'Release',
  cancel: 'Cancel run…',
  rerun: 'Rerun all',
  'rerun-from-failed': 'Rerun from failed',
};

const MAX_REASON_LENGTH = 500;

/** Does an action and tells what came of it; the answer's new run, if there is one, is gone to. */
export async function act(dashboard: Dashboard, action: ActionRequest): Promise<boolean> {
  const { api, notify, refreshWelcome } = dashboard;
  try {
    const answer = await api.act(action);
    notify({ kind: 'done', text: answer.message });
    if (answer.runId !== null && action.kind === 'rerun') navigate(routeOfRun(answer.runId));
    return true;
  } catch (thrown) {
    notify({ kind: 'fault', text: faultOf(thrown).message });
    return false;
  } finally {
    refreshWelcome();
  }
}

/** The buttons of a run. */
export function RunButtons({ run }: { readonly run: RunDocument }) {
  const dashboard = useDashboard();
  const refusalOf = useRefusals();
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const { runId, standing } = run.summary;
  const isCancelling = run.cancelRequested !== null && run.summary.endedAt === null;
  const perform = async (action: ActionRequest) => {
    setBusy(true);
    await act(dashboard, action);
    setBusy(false);
  };
  const press = (deed: RunDeed) => {
    if (deed === 'cancel') setAsking(true);
    else if (deed === 'rerun' || deed === 'rerun-from-failed') {
      void perform({ kind: 'rerun', runId, fromFailed: deed === 'rerun-from-failed' });
    } else void perform({ kind: deed, runId });
  };
  return (
    <fieldset class="run-buttons" aria-label="Actions on the run">
      {deedsOf(standing).map((deed) => {
        const isOver = deed === 'cancel' && isCancelling;
        const refusal = isOver ? 'It is being cancelled already.' : refusalOf(actionOf(deed));
        return <DeedButton key={deed} deed={deed} refusal={refusal} isBusy={isBusy} onPress={() => press(deed)} />;
      })}
      {isAsking ? (
        <CancelDialog
          run={run}
          onClose={() => setAsking(false)}
          onCancel={(reason) => {
            setAsking(false);
            void perform({ kind: 'cancel', runId, ...(reason === '' ? {} : { reason }) });
          }}
        />
      ) : null}
    </fieldset>
  );
}

interface DeedButtonProps {
  readonly deed: RunDeed;
  /** Why it cannot be done; null = it can. */
  readonly refusal: string | null;
  readonly isBusy: boolean;
  onPress(): void;
}

// One that cannot be pressed still says why: it keeps the focus, and tells when it is pressed.
function DeedButton({ deed, refusal, isBusy, onPress }: DeedButtonProps) {
  const { notify } = useDashboard();
  return (
    <button
      type="button"
      class={deed === 'cancel' ? 'danger' : ''}
      aria-disabled={refusal !== null || isBusy}
      title={refusal ?? undefined}
      onClick={() => {
        if (refusal !== null) notify({ kind: 'fault', text: refusal });
        else if (!isBusy) onPress();
      }}
    >
      {LABELS[deed]}
    </button>
  );
}

interface CancelDialogProps {
  readonly run: RunDocument;
  onCancel(reason: string): void;
  onClose(): void;
}

function CancelDialog({ run, onCancel, onClose }: CancelDialogProps) {
  const [reason, setReason] = useState('');
  const counts = countStates(run.tasks.states);
  const running = counts.running + counts.retrying + counts.cancelling;
  const waiting = counts.pending + counts.blocked + counts.ready;
  return (
    <ConfirmDialog
      title={`Cancel this run of ${run.summary.workflow}?`}
      deed="Cancel the run"
      isDestructive
      onClose={onClose}
      onConfirm={() => onCancel(reason.trim())}
    >
      <p>
        {countText(running)} running and {countText(waiting)} waiting tasks will not complete. What has completed stays,
        and “Rerun from failed” can go on from it.
      </p>
      <label class="field">
        Reason (kept with the run)
        <input
          type="text"
          value={reason}
          maxLength={MAX_REASON_LENGTH}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
    </ConfirmDialog>
  );
}
