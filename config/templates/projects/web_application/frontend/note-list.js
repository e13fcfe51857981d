// Owns how notes are shown.

/** Puts the notes into the list as text, never as markup. */
export function showNotes(list, notes) {
  list.replaceChildren(
    ...notes.map(({ text }) => {
      const item = document.createElement('li');
      item.textContent = text;
      return item;
    }),
  );
}
