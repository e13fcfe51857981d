// Owns notices: what became of an action, told once at the foot of the page and by screen readers. What was done goes
// away by itself; what failed stays until it is put away.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Notice } from './dashboard-context.tsx';
import { Prose } from './empty-state.tsx';

const SHOWN_MS = 7_000;
const MAX_NOTICES = 4;

interface KeptNotice extends Notice {
  readonly number: number;
}

/** The notices of the page, and how to add and put away one. */
export function useNotices() {
  const [notices, setNotices] = useState<readonly KeptNotice[]>([]);
  const count = useRef(0);
  const notify = useCallback((notice: Notice) => {
    count.current += 1;
    const kept = { ...notice, number: count.current };
    setNotices((old) => [...old.filter(({ text }) => text !== notice.text), kept].slice(-MAX_NOTICES));
  }, []);
  const dismiss = useCallback((number: number) => {
    setNotices((old) => old.filter((each) => each.number !== number));
  }, []);
  return { notices, notify, dismiss };
}

interface NoticesProps {
  readonly notices: readonly KeptNotice[];
  onDismiss(number: number): void;
}

/** Both live regions are always there: one that comes with its text is not read out everywhere. */
export function Notices({ notices, onDismiss }: NoticesProps) {
  const row = (notice: KeptNotice) => <NoticeRow key={notice.number} notice={notice} onDismiss={onDismiss} />;
  return (
    <div class="notices">
      <div role="status">{notices.filter(({ kind }) => kind === 'done').map(row)}</div>
      <div role="alert">{notices.filter(({ kind }) => kind === 'fault').map(row)}</div>
    </div>
  );
}

function NoticeRow({ notice, onDismiss }: { readonly notice: KeptNotice; onDismiss(number: number): void }) {
  const { number, kind } = notice;
  useEffect(() => {
    if (kind === 'fault') return;
    const timer = setTimeout(() => onDismiss(number), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [kind, number, onDismiss]);
  return (
    <div class={`notice notice-${kind}`}>
      <p>
        <Prose text={notice.text} />
      </p>
      <button type="button" class="quiet icon" aria-label="Put this notice away" onClick={() => onDismiss(number)}>
        ×
      </button>
    </div>
  );
}
