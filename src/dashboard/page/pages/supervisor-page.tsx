// Owns the page of the actor tree: who supervises whom, in which state, how often restarted, and what crashed of late.

import { useEffect, useState } from 'preact/hooks';
import type { TreeDocument } from '../../wire.ts';
import { useDashboard, useDocument, useFrames, useInterest } from '../dashboard-context.tsx';
import { FaultState } from '../empty-state.tsx';
import { agoText, clockText, exactTimeText } from '../figures.ts';
import { useTitle } from '../navigation.tsx';
import { useNow } from '../server-clock.tsx';
import { ActorTree } from './actor-tree.tsx';
import { Absent } from './system-page.tsx';
import './supervisor.css';

const AGO_MS = 5_000;

/** `#/supervisor` */
export function SupervisorPage() {
  useTitle('Supervisor');
  useInterest({ tree: true });
  const fetched = useDocument('tree', (api, signal) => api.tree(signal));
  const [tree, setTree] = useState<TreeDocument | null>(null);
  useEffect(() => {
    if (fetched.document !== null) setTree(fetched.document);
  }, [fetched.document]);
  useFrames('tree', setTree);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Supervisor</h1>
        {tree?.strategy === null || tree === null ? null : (
          <p class="faint">Strategy: {tree.strategy.replaceAll('_', ' ')}</p>
        )}
      </div>
      {tree === null && fetched.fault !== null ? (
        <FaultState title="The tree could not be had" fault={fetched.fault} onRetry={fetched.refetch} />
      ) : null}
      {tree === null ? null : tree.root === null ? (
        <Absent text={tree.absent ?? 'No engine runs in the process of this dashboard.'} />
      ) : (
        <div class="supervisor">
          <section aria-labelledby="tree-title">
            <h2 id="tree-title">Actors</h2>
            <ActorTree root={tree.root} />
          </section>
          <Crashes crashes={tree.crashes} />
        </div>
      )}
    </>
  );
}

function Crashes({ crashes }: { readonly crashes: TreeDocument['crashes'] }) {
  const { clock } = useDashboard();
  const now = useNow(clock, AGO_MS);
  return (
    <section aria-labelledby="crashes-title">
      <h2 id="crashes-title">Restarts and crashes</h2>
      {crashes.length === 0 ? (
        <p class="faint">Nothing has crashed since the engine started.</p>
      ) : (
        <ol class="crashes">
          {crashes.map(({ at, child, type, message }) => (
            <li key={`${at} ${child} ${type}`}>
              <p class="crash-head">
                <span class="mono">{child}</span> <span class="tag">{type}</span>{' '}
                <time class="faint" dateTime={new Date(at).toISOString()} title={exactTimeText(at)}>
                  {clockText(at, now)}, {agoText(at, now)}
                </time>
              </p>
              <p>{message}</p>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
