// Holds what the API promises. Run it with `node --test`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App } from '../backend/app.ts';

test('a note that was added is listed', () => {
  const app = new App();
  assert.deepEqual(app.respond({ method: 'POST', path: '/api/notes', body: ' milk ' }), {
    status: 201,
    body: { id: 1, text: 'milk' },
  });
  assert.deepEqual(app.respond({ method: 'GET', path: '/api/notes' }).body, [{ id: 1, text: 'milk' }]);
});

test('an empty note is refused', () => {
  assert.equal(new App().respond({ method: 'POST', path: '/api/notes', body: ' ' }).status, 400);
});

test('an unknown path is told', () => {
  assert.equal(new App().respond({ method: 'GET', path: '/api/nothing' }).status, 404);
});
