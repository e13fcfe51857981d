// Owns the field that searches what a page lists: `/` goes to it from anywhere on the page, Escape clears it, and what is
// typed is told when the typing rests.

import { useEffect, useRef, useState } from 'preact/hooks';

const REST_MS = 200;

interface SearchFieldProps {
  /** What it searches, for people. */
  readonly label: string;
  readonly value: string;
  onSearch(text: string): void;
}

/** A search field with its key. */
export function SearchField({ label, value, onSearch }: SearchFieldProps) {
  const [text, setText] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const told = useRef(value);
  const tell = useRef(onSearch);
  tell.current = onSearch;
  useEffect(() => {
    // Back, forward, or a filter that was put away: not what was told from here.
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      tell.current(text);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useSlashKey(field);
  return (
    <label class="search">
      <span class="visually-hidden">{label}</span>
      <input
        ref={field}
        type="search"
        placeholder={label}
        value={text}
        maxLength={200}
        spellcheck={false}
        autocomplete="off"
        aria-keyshortcuts="/"
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setText('');
        }}
      />
      <span class="search-key" aria-hidden="true">
        /
      </span>
    </label>
  );
}

function useSlashKey(field: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [field]);
}
