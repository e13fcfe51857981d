// Owns the view of a value or an error of a task: text in a block that can be folded and copied. All of it is text.

import { useMemo } from 'preact/hooks';
import type { TaskDocument, WireError } from '../../wire.ts';
import { CopyButton } from '../empty-state.tsx';
import { countText } from '../figures.ts';
import { prettyJson } from './json-text.ts';

type Value = NonNullable<TaskDocument['output']>;

/** A value as JSON text that can be folded. */
export function ValueView({ title, value, isOpen }: { title: string; value: Value; isOpen: boolean }) {
  const text = useMemo(() => prettyJson(value.text), [value.text]);
  const size = `${countText(value.characters)} characters`;
  return (
    <details class="task-value" open={isOpen}>
      <summary>
        <h3>{title}</h3> <span class="faint">{size}</span>
      </summary>
      {value.isCut ? (
        <p class="task-cut">
          Cut: only the first {countText(value.text.length)} of {size} are shown.
        </p>
      ) : null}
      <TextBlock text={text} copied={value.text} label={title} />
    </details>
  );
}

/** An error: its code and message, and the rest of it folded. */
export function ErrorView({ error, label }: { error: WireError; label: string }) {
  return (
    <div class="task-error">
      <p>
        <code>{error.code}</code> <span class="task-error-message">{error.message}</span>
      </p>
      {error.more === null ? null : (
        <details>
          <summary>Stack and details</summary>
          <TextBlock text={error.more} copied={error.more} label={`${label}: stack and details`} />
        </details>
      )}
    </div>
  );
}

function TextBlock({ text, copied, label }: { text: string; copied: string; label: string }) {
  return (
    <div class="task-block">
      <CopyButton text={copied} what={label.toLowerCase()} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="task-text" tabIndex={0} aria-label={label}>
        <pre>{text}</pre>
      </section>
    </div>
  );
}
