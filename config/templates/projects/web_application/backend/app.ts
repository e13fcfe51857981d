// Owns what the server answers, apart from how it listens, so that it can be tried without a network.

import { NoteStore } from './note-store.ts';

/** What came in. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

/** What goes out. */
export interface Response {
  readonly status: number;
  readonly body: unknown;
}

/** Every route by method and path. */
export const ROUTES = ['GET /api/health', 'GET /api/notes', 'POST /api/notes'] as const;

const MOST_CHARACTERS = 1_000;

/** Answers requests from a store of notes. */
export class App {
  readonly #notes: NoteStore;

  constructor(notes: NoteStore = new NoteStore()) {
    this.#notes = notes;
  }

  respond({ method, path, body = '' }: Request): Response {
    const route = ROUTES.find((known) => known === `${method} ${path}`);
    switch (route) {
      case 'GET /api/health':
        return { status: 200, body: { status: 'healthy' } };
      case 'GET /api/notes':
        return { status: 200, body: this.#notes.list() };
      case 'POST /api/notes':
        if (body.trim() === '') return { status: 400, body: { error: 'a note needs text' } };
        if (body.length > MOST_CHARACTERS) return { status: 413, body: { error: 'the note is too long' } };
        return { status: 201, body: this.#notes.add(body.trim()) };
      default:
        return { status: 404, body: { error: `nothing at ${method} ${path}` } };
    }
  }
}
