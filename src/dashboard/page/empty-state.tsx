// Owns what stands where there is nothing to show, or where showing it failed: why, and what to do.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiFault } from './api-client.ts';

interface EmptyStateProps {
  readonly title: string;
  /** 1 where the page has no other heading. */
  readonly level?: 1 | 2;
  readonly children: ComponentChildren;
}

/** A heading and what to do. */
export function EmptyState({ title, level = 2, children }: EmptyStateProps) {
  return (
    <div class="empty">
      {level === 1 ? <h1 tabIndex={-1}>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

interface FaultStateProps {
  readonly title: string;
  readonly fault: ApiFault;
  onRetry(): void;
}

/** Why something could not be shown, with a way to ask again. */
export function FaultState({ title, fault, onRetry }: FaultStateProps) {
  return (
    <div class="empty" role="alert">
      <h2>{title}</h2>
      <p>
        <Prose text={fault.message} />
      </p>
      <p class="faint mono">{fault.code}</p>
      <p>
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      </p>
    </div>
  );
}

/** A sentence of the server, in which commands stand between backticks. */
export function Prose({ text }: { readonly text: string }) {
  const parts = text.split('`');
  // An odd one is a backtick that nobody closed.
  if (parts.length % 2 === 0) return <>{text}</>;
  return <>{parts.map((part, at) => (at % 2 === 0 ? part : <code key={`${at} ${part}`}>{part}</code>))}</>;
}

/** Something to type in a shell, with a button that copies it. */
export function Command({ text }: { readonly text: string }) {
  return (
    <div class="command">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, and the keyboard must be able to */}
      <code tabIndex={0}>{text}</code>
      <CopyButton text={text} what="command" />
    </div>
  );
}

/** A long text that scrolls within itself, for the keyboard too. */
export function TextBox({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must be able to
    <section class="text-box" tabIndex={0} aria-label={label}>
      <pre>{text}</pre>
    </section>
  );
}

interface CopyButtonProps {
  readonly text: string;
  /** What is copied, for people. */
  readonly what: string;
  readonly label?: string;
}

/** Puts a text on the clipboard and says so. */
export function CopyButton({ text, what, label = 'Copy' }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<'copied' | 'refused' | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome('copied');
    } catch {
      setOutcome('refused');
    }
  };
  return (
    <>
      <button type="button" aria-label={`${label} ${what}`} onClick={() => void copy()} onBlur={() => setOutcome(null)}>
        {outcome === 'copied' ? 'Copied' : outcome === 'refused' ? 'Not allowed: select the text' : label}
      </button>
      <span class="visually-hidden" role="status">
        {outcome === 'copied' ? `The ${what} is on the clipboard` : null}
        {outcome === 'refused' ? 'The browser refused the clipboard' : null}
      </span>
    </>
  );
}
