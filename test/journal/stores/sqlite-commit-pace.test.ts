// The word between whoever waits for facts and the writer that pauses: it stands until what is waited for is in the file.

import { expect, it } from 'vitest';
import { CommitPace } from '../../../src/journal/stores/sqlite-commit-pace.ts';

/** What the writer sees, through the same buffer, as in its thread. */
function createPair() {
  const main = new CommitPace();
  return { main, writer: new CommitPace(main.buffer), word: () => Atomics.load(new Int32Array(main.buffer), 0) };
}

it('keeps the wish until the sequence is in the file, over earlier commits', () => {
  const { main, writer, word } = createPair();
  main.hurry(7);
  writer.pause(1);
  writer.committed(5);
  expect(word()).toBe(7);
  writer.pause(1);
  writer.committed(7);
  expect(word()).toBe(0);
});

it('is not called back by someone who waits for less', () => {
  const { main, writer, word } = createPair();
  main.hurry(9);
  main.hurry(3);
  writer.committed(4);
  expect(word()).toBe(9);
});

it('is done with when more was committed than was waited for', () => {
  const { main, writer, word } = createPair();
  main.hurry(2);
  writer.committed(40);
  expect(word()).toBe(0);
});

it('tells sequences apart where their low bits wrap around', () => {
  const { main, writer, word } = createPair();
  main.hurry(2 ** 31 + 1);
  writer.committed(2 ** 31 - 1);
  expect(word()).not.toBe(0);
  writer.committed(2 ** 31 + 1);
  expect(word()).toBe(0);
  // All low bits 0: the word of nobody.
  main.hurry(2 ** 32);
  expect(word()).not.toBe(0);
});
