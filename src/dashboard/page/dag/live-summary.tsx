// Owns what screen readers hear of a run while it goes on: its counts in a sentence, at most once in five seconds.

import { useEffect, useRef, useState } from 'preact/hooks';

const PAUSE_MS = 5_000;

/** Says a text politely when it changes; what comes too soon waits, and only the last of it is said. */
export function LiveSummary({ text }: { readonly text: string }) {
  const [said, setSaid] = useState('');
  const next = useRef(text);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  next.current = text;
  useEffect(() => {
    if (text === said || timer.current !== null) return;
    timer.current = setTimeout(() => {
      timer.current = null;
      setSaid(next.current);
    }, PAUSE_MS);
  }, [text, said]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
  return (
    <p class="visually-hidden" role="status">
      {said}
    </p>
  );
}
