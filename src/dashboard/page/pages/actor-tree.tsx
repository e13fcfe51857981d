// Owns the tree of actors as a widget of the keyboard: one row has the focus, arrows walk and fold, Enter follows a run.

import { useRef, useState } from 'preact/hooks';
import type { TreeNode } from '../../wire.ts';
import { useDashboard } from '../dashboard-context.tsx';
import { agoText, countText, exactTimeText, pluralText } from '../figures.ts';
import { navigate } from '../navigation.tsx';
import { formatRoute, routeOfRun } from '../router.ts';
import { type TreeRow, treeMove, treeRows } from '../tree-rows.ts';

/** The actors of an engine. */
export function ActorTree({ root }: { readonly root: TreeNode }) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState(root.id);
  const list = useRef<HTMLDivElement>(null);
  const rows = treeRows(root, folded);
  // The row that had the focus may be gone.
  const current = rows.some(({ path }) => path === active) ? active : root.id;
  const fold = (path: string, isFolded: boolean) => {
    setFolded((old) => {
      const next = new Set(old);
      if (isFolded) next.add(path);
      else next.delete(path);
      return next;
    });
  };
  const press = (event: KeyboardEvent) => {
    const row = rows.find(({ path }) => path === current);
    if (event.key === 'Enter' && row?.node.runId !== null && row?.node.runId !== undefined) {
      navigate(routeOfRun(row.node.runId));
      return;
    }
    const move = treeMove(rows, current, event.key);
    if (move === undefined) return;
    event.preventDefault();
    if (move.kind !== 'go') {
      fold(move.path, move.kind === 'fold');
      return;
    }
    setActive(move.path);
    const place = rows.findIndex(({ path }) => path === move.path);
    list.current?.querySelectorAll<HTMLElement>('[role=treeitem]')[place]?.focus();
  };
  return (
    <div ref={list} class="tree" role="tree" aria-label="Actors by supervisor" onKeyDown={press}>
      {rows.map((row) => (
        <ActorRow
          key={row.path}
          row={row}
          isCurrent={row.path === current}
          onFocus={() => setActive(row.path)}
          onToggle={() => {
            if (row.isOpen !== null) fold(row.path, row.isOpen);
          }}
        />
      ))}
    </div>
  );
}

interface ActorRowProps {
  readonly row: TreeRow;
  readonly isCurrent: boolean;
  onFocus(): void;
  onToggle(): void;
}

function ActorRow({ row, isCurrent, onFocus, onToggle }: ActorRowProps) {
  const { node, level, position, siblings, isOpen } = row;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
    <div
      role="treeitem"
      class={`tree-row tree-${node.kind}`}
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-expanded={isOpen ?? undefined}
      aria-selected={isCurrent}
      tabIndex={isCurrent ? 0 : -1}
      style={{ paddingLeft: `${(level - 1) * 18 + 4}px` }}
      onFocus={onFocus}
      onClick={onToggle}
    >
      <span class="tree-fold" aria-hidden="true">
        {isOpen === null ? '' : isOpen ? '▾' : '▸'}
      </span>
      <ActorText node={node} />
    </div>
  );
}

function ActorText({ node }: { readonly node: TreeNode }) {
  const { clock } = useDashboard();
  const { id, kind, state, restarts, lastCrash, label, runId, children, moreChildren, machine } = node;
  const stop = (event: Event) => event.stopPropagation();
  return (
    <span class="tree-text">
      <span class="tree-id">{label ?? id}</span>
      {label === null || label === id ? null : <span class="faint mono tree-name">{id}</span>}
      <span class="faint">{kind}</span>
      <span class={`tree-state tree-state-${state.replaceAll(/[^a-z]/g, '-')}`}>{state}</span>
      {restarts === 0 ? null : <span class="tree-restarts">{pluralText(restarts, 'restart')}</span>}
      {kind === 'registry' ? <span class="faint">{pluralText(children.length + moreChildren, 'actor')}</span> : null}
      {moreChildren > 0 ? <span class="faint">{countText(moreChildren)} of them not shown</span> : null}
      {lastCrash === null ? null : (
        <span class="tree-crash" title={exactTimeText(lastCrash.at)}>
          crashed {agoText(lastCrash.at, clock.now())}: {lastCrash.message}
        </span>
      )}
      {runId === null ? null : (
        <a href={formatRoute(routeOfRun(runId))} tabIndex={-1} onClick={stop}>
          run
        </a>
      )}
      {machine === null ? null : (
        <a href={formatRoute({ view: 'machines', machine })} tabIndex={-1} onClick={stop}>
          statechart
        </a>
      )}
    </span>
  );
}
