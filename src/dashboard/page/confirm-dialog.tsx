// Owns dialogs: the browser's own <dialog>, shown modally, so that the focus stays inside, Escape closes it and the
// focus goes back to where it came from.

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface DialogProps {
  readonly title: string;
  /** What the button says that does it: the deed, never "OK". */
  readonly deed: string;
  /** What it destroys cannot be had back: the button that keeps things has the focus first. */
  readonly isDestructive: boolean;
  readonly children: ComponentChildren;
  onConfirm(): void;
  onClose(): void;
}

/** Asks before something is done. It is open for as long as it is rendered. */
export function ConfirmDialog({ title, deed, isDestructive, children, onConfirm, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <h2 id={titleId}>{title}</h2>
        <div class="dialog-body">{children}</div>
        <div class="dialog-buttons">
          <button type="button" autofocus={isDestructive} onClick={onClose}>
            {isDestructive ? 'Keep it' : 'Cancel'}
          </button>
          <button type="submit" class={isDestructive ? 'danger' : 'primary'}>
            {deed}
          </button>
        </div>
      </form>
    </dialog>
  );
}
