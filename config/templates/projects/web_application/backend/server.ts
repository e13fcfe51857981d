// Owns the network side: `node backend/server.ts` listens on this machine alone; set PORT for another port than 8080.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { App } from './app.ts';
import { type Note, NoteStore } from './note-store.ts';

const MOST_BYTES = 10_000;
const seed: { notes: Note[] } = JSON.parse(readFileSync(new URL('../database/seed.json', import.meta.url), 'utf8'));
const app = new App(new NoteStore(seed.notes));

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > MOST_BYTES) break;
  }
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const answer = app.respond({ method: request.method ?? 'GET', path: pathname, body });
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
});

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
