// Owns the notes, in memory; the table that they are meant for is in database/schema.sql.

/** A note as the API gives it. */
export interface Note {
  readonly id: number;
  readonly text: string;
}

/** Notes in order of their ids. */
export class NoteStore {
  readonly #notes: Note[];

  constructor(notes: readonly Note[] = []) {
    this.#notes = [...notes];
  }

  list(): readonly Note[] {
    return [...this.#notes];
  }

  add(text: string): Note {
    const note = { id: (this.#notes.at(-1)?.id ?? 0) + 1, text };
    this.#notes.push(note);
    return note;
  }
}
