// Owns resources as cards: how much is in use, the most that ever was, who waits, and the dialog that changes a capacity.

import { useState } from 'preact/hooks';
import type { ResourceDocument } from '../../wire.ts';
import { ConfirmDialog } from '../confirm-dialog.tsx';
import { useDashboard, useRefusals } from '../dashboard-context.tsx';
import { countText, shareText } from '../figures.ts';
import { act } from './run-buttons.tsx';

/** Every resource of the engine. */
export function ResourceCards({ resources }: { readonly resources: readonly ResourceDocument[] }) {
  const [asked, setAsked] = useState<string | null>(null);
  const changing = resources.find(({ id }) => id === asked);
  if (resources.length === 0) return <p class="faint">No resource is registered.</p>;
  return (
    <>
      <ul class="resources">
        {resources.map((resource) => (
          <ResourceCard key={resource.id} resource={resource} onChange={() => setAsked(resource.id)} />
        ))}
      </ul>
      {changing === undefined ? null : <CapacityDialog resource={changing} onClose={() => setAsked(null)} />}
    </>
  );
}

function ResourceCard({ resource, onChange }: { readonly resource: ResourceDocument; onChange(): void }) {
  const { id, type, status, capacity, current, peak, available, waiting } = resource;
  const { notify } = useDashboard();
  const refusal = useRefusals()('set-capacity');
  return (
    <li class="card resource">
      <div class="resource-head">
        <h3>
          <bdi>{id}</bdi>
        </h3>
        <span class="faint">
          {type.replaceAll('_', ' ')}
          {status === 'available' ? '' : `, ${status}`}
        </span>
      </div>
      <UseBar resource={resource} />
      <p class="resource-use">
        <strong>{countText(current)}</strong> of {countText(capacity)} in use{' '}
        <span class="faint">({shareText(current, capacity)})</span>
      </p>
      <dl class="figures">
        <div>
          <dt>Free</dt>
          <dd>{countText(available)}</dd>
        </div>
        <div>
          <dt>Peak</dt>
          <dd>{countText(peak)}</dd>
        </div>
        <div class={waiting > 0 ? 'is-waiting' : ''}>
          <dt>Waiting</dt>
          <dd>{countText(waiting)}</dd>
        </div>
      </dl>
      <button
        type="button"
        aria-label={`Change capacity… of ${id}`}
        aria-disabled={refusal !== null}
        title={refusal ?? undefined}
        onClick={() => (refusal === null ? onChange() : notify({ kind: 'fault', text: refusal }))}
      >
        Change capacity…
      </button>
    </li>
  );
}

function UseBar({ resource }: { readonly resource: ResourceDocument }) {
  const { capacity, current, peak } = resource;
  const share = (value: number) => `${Math.min(100, (value / Math.max(capacity, Number.EPSILON)) * 100)}%`;
  return (
    <div
      class={`use-bar ${current >= capacity ? 'is-full' : ''}`}
      role="img"
      aria-label={`${countText(current)} of ${countText(capacity)} in use, ${countText(peak)} at most so far`}
    >
      <span class="use-now" style={{ width: share(current) }} />
      {peak > 0 ? <span class="use-peak" style={{ left: share(peak) }} title={`Peak: ${countText(peak)}`} /> : null}
    </div>
  );
}

function CapacityDialog({ resource, onClose }: { readonly resource: ResourceDocument; onClose(): void }) {
  const dashboard = useDashboard();
  const [text, setText] = useState(String(resource.capacity));
  const capacity = Number(text);
  const isNumber = text.trim() !== '' && Number.isFinite(capacity) && capacity > 0;
  const isBelowUse = isNumber && capacity < resource.current;
  return (
    <ConfirmDialog
      title={`Change the capacity of ${resource.id}`}
      deed="Change it"
      isDestructive={false}
      onClose={onClose}
      onConfirm={() => {
        if (!isNumber) return;
        onClose();
        void act(dashboard, { kind: 'set-capacity', resourceId: resource.id, capacity });
      }}
    >
      <label class="field">
        Capacity
        <input
          type="number"
          min="0"
          step="any"
          required
          autofocus
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          aria-describedby="capacity-note"
        />
      </label>
      <p id="capacity-note" class="faint">
        It is {countText(resource.capacity)} now, and {countText(resource.current)} in use.
        {isBelowUse ? ' Nothing is taken from those who hold it: new ones wait until enough is given back.' : ''}
        {isNumber ? '' : ' Enter a number above 0.'}
      </p>
    </ConfirmDialog>
  );
}
