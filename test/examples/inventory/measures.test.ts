// Owns the measures of the inventory: lines, languages, signatures, near pairs, sampling, and the checks on what is read.

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compress } from '../../../examples/tasks/inventory/compress.ts';
import { digest } from '../../../examples/tasks/inventory/digest.ts';
import { detectLanguage } from '../../../examples/tasks/inventory/parts/languages.ts';
import {
  decodeSignature,
  encodeSignature,
  estimateSimilarity,
  MinHash,
  SIGNATURE_WORDS,
} from '../../../examples/tasks/inventory/parts/minhash.ts';
import { findSimilarPairs } from '../../../examples/tasks/inventory/parts/near-pairs.ts';
import { compressRowSchema, type ListedFile } from '../../../examples/tasks/inventory/parts/rows.ts';
import { artifactSchema, readRows, writeRows } from '../../../examples/tasks/inventory/parts/step-input.ts';
import { LineCounter, looksBinary } from '../../../examples/tasks/inventory/parts/text-measure.ts';
import { signature } from '../../../examples/tasks/inventory/signature.ts';
import { proseOf } from '../support/fixture-tree.ts';
import { createContext } from '../support/in-process-context.ts';

let scratch = '';
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'inventory-measures-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function signatureOf(text: string, cuts: readonly number[] = []): MinHash {
  const minHash = new MinHash();
  const bytes = Buffer.from(text);
  let start = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    minHash.add(bytes.subarray(start, cut));
    start = cut;
  }
  minHash.finish();
  return minHash;
}

async function listOf(files: readonly ListedFile[]) {
  return writeRows(createContext('scan', join(scratch, 'artifacts')), 'list', files);
}

describe('lines', () => {
  it('are counted as splitting the text would, wherever the blocks are cut', () => {
    const text = fc
      .array(fc.constantFrom('a', ' ', '\t', '\r', '\n', 'é'), { maxLength: 60 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 4 }), (content, cuts) => {
        const bytes = Buffer.from(content);
        const counter = new LineCounter();
        let start = 0;
        for (const cut of [...cuts.map((at) => Math.min(at, bytes.length)).toSorted((a, b) => a - b), bytes.length]) {
          counter.add(bytes.subarray(start, cut));
          start = cut;
        }
        const lines = content.split('\n');
        if (lines.at(-1) === '') lines.pop();
        expect(counter.lines).toBe(lines.length);
        expect(counter.blank).toBe(lines.filter((line) => /^[ \t\r]*$/.test(line)).length);
      }),
    );
  });

  it('are not looked for in what has a NUL early on', () => {
    expect(looksBinary(Buffer.from('text\0'))).toBe(true);
    expect(looksBinary(Buffer.from(`${'a'.repeat(8_000)}\0`))).toBe(false);
    expect(looksBinary(Buffer.alloc(0))).toBe(false);
  });
});

describe('languages', () => {
  it.each([
    ['src/a.ts', '', 'TypeScript'],
    ['A.MJS', '', 'JavaScript'],
    ['Makefile', '', 'Makefile'],
    ['LICENSE-MIT', '', 'Plain text'],
    ['Dockerfile.dev', '', 'Dockerfile'],
    ['run', '#!/usr/bin/env python3\n', 'Python'],
    ['run', '#! /bin/bash -e', 'Shell'],
    ['run', '#!/usr/bin/env -S FLAG=1 node --x', 'JavaScript'],
    ['run', '#!/opt/unknown\n', 'Other text'],
    ['__proto__', '', 'Other text'],
    ['constructor', '', 'Other text'],
    ['x.constructor', '', 'Other text'],
  ])('%s beginning with %j is %s', (path, start, language) => {
    expect(detectLanguage(path, Buffer.from(start), false)).toBe(language);
  });
});

describe('signatures', () => {
  it('do not depend on where blocks are cut, and survive being written', () => {
    const text = `${proseOf('w', 200).join(' ')} {a;b} ünï`;
    fc.assert(
      fc.property(fc.array(fc.nat(Buffer.byteLength(text)), { maxLength: 5 }), (cuts) => {
        expect(signatureOf(text, cuts).signature).toEqual(signatureOf(text).signature);
      }),
      { numRuns: 30 },
    );
    const words = new Uint32Array(2 * SIGNATURE_WORDS);
    expect(decodeSignature(encodeSignature(signatureOf(text).signature), words, SIGNATURE_WORDS)).toBe(true);
    expect(words.subarray(SIGNATURE_WORDS)).toEqual(signatureOf(text).signature);
    expect(decodeSignature('AAAA', words, 0)).toBe(false);
  });

  it('estimate the Jaccard similarity of the shingle sets within four standard errors', () => {
    for (const changed of [0, 30, 100, 250, 500, 1000]) {
      const original = proseOf('word', 1000);
      const edited = original.map((word, at) => (at < changed ? `x${word}` : word));
      const shared = Math.max(0, 996 - changed);
      const truth = shared / (2 * 996 - shared);
      const words = new Uint32Array([
        ...signatureOf(original.join(' ')).signature,
        ...signatureOf(edited.join('\n\t')).signature,
      ]);
      const margin = 4 * Math.sqrt((truth * (1 - truth)) / SIGNATURE_WORDS);
      expect(Math.abs(estimateSimilarity(words, 0, SIGNATURE_WORDS) - truth)).toBeLessThanOrEqual(margin);
    }
  });

  it('have no row for binary and short files', async () => {
    writeFileSync(join(scratch, 'short.txt'), 'a b c d e f');
    writeFileSync(
      join(scratch, 'binary'),
      Buffer.concat([Buffer.from('\0'), Buffer.from(proseOf('b', 300).join(' '))]),
    );
    writeFileSync(join(scratch, 'long.txt'), proseOf('l', 300).join(' '));
    const list = await listOf(['binary', 'long.txt', 'short.txt'].map((path) => ({ path, size: 1 })));
    const parameters = { folder: scratch, shard: 0, list };
    expect(await signature(parameters, createContext('signature', scratch))).toMatchObject({ files: 1, failed: 0 });
  });
});

describe('the search for near pairs', () => {
  const noWait = async () => undefined;

  it('finds what comparing all with all finds', async () => {
    const base = proseOf('word', 1000);
    const texts = Array.from({ length: 24 }, (_, index) =>
      base.map((word, at) => (at < (index % 8) * 12 ? `x${Math.floor(index / 8)}${word}` : word)).join(' '),
    );
    const words = new Uint32Array(texts.flatMap((text) => [...signatureOf(text).signature]));
    const expected = new Set<string>();
    for (let first = 0; first < texts.length; first += 1) {
      for (let second = first + 1; second < texts.length; second += 1) {
        const similarity = estimateSimilarity(words, first * SIGNATURE_WORDS, second * SIGNATURE_WORDS);
        if (similarity >= 0.9) expected.add(`${first}-${second}`);
      }
    }
    const search = await findSimilarPairs(words, texts.length, 0.9, noWait);
    expect(expected.size).toBeGreaterThan(20);
    expect(new Set(search.pairs.map(({ first, second }) => `${first}-${second}`))).toEqual(expected);
  });

  it('stays linear in a crowd of look-alikes, and says that it cut', async () => {
    const one = signatureOf(proseOf('same', 100).join(' ')).signature;
    const count = 3_000;
    const words = new Uint32Array(count * SIGNATURE_WORDS);
    for (let index = 0; index < count; index += 1) words.set(one, index * SIGNATURE_WORDS);
    const search = await findSimilarPairs(words, count, 0.85, noWait);
    expect(search.compared).toBeLessThanOrEqual(32 * count);
    expect(search.cutBuckets).toBeGreaterThan(0);
  });
});

describe('a shard task', () => {
  it('samples a file above the block limit and says so', async () => {
    const block = 4 * 1024 * 1024;
    writeFileSync(join(scratch, 'big.log'), 'the same line again and again\n'.repeat(Math.ceil((3 * block) / 30)));
    const list = await listOf([{ path: 'big.log', size: 3 * block }]);
    const context = createContext('compress', scratch);
    const parameters = { folder: scratch, shard: 0, list, gzip_level: 1, brotli_quality: 1 };
    const sampled = await compress({ ...parameters, max_blocks: 1 }, context);
    const whole = await compress({ ...parameters, max_blocks: 8 }, context);
    const [sample] = readRows(artifactSchema.parse(sampled.rows), compressRowSchema);
    const [full] = readRows(artifactSchema.parse(whole.rows), compressRowSchema);
    expect([sample?.sampled, full?.sampled]).toEqual([true, false]);
    expect(Math.abs((sample?.gzip ?? 0) - (full?.gzip ?? 0))).toBeLessThan((full?.gzip ?? 0) / 10);
  });

  it('does not follow a symlink that took the place of a file', async () => {
    writeFileSync(join(scratch, 'secret'), 'secret');
    symlinkSync('secret', join(scratch, 'file'));
    const list = await listOf([{ path: 'file', size: 6 }]);
    const output = await digest({ folder: scratch, shard: 0, list }, createContext('digest', scratch));
    expect(output).toMatchObject({ files: 0, failed: 1 });
  });

  it('ends within a file when it is cancelled', async () => {
    writeFileSync(join(scratch, 'a.txt'), 'x '.repeat(3_000_000));
    const list = await listOf([{ path: 'a.txt', size: 6_000_000 }]);
    for (const action of [digest, compress, signature]) {
      const context = createContext('shard', scratch, { cancelAfter: 2 });
      await expect(action({ folder: scratch, shard: 0, list }, context)).rejects.toMatchObject({
        code: 'TASK_CANCELLED',
      });
    }
  });

  it('refuses a list that was changed after it was written', async () => {
    const list = await listOf([{ path: 'a', size: 1 }]);
    writeFileSync(list.path, '{"path":"../../etc/passwd","size":1}\n');
    const attempt = digest({ folder: scratch, shard: 0, list }, createContext('digest', scratch));
    await expect(attempt).rejects.toMatchObject({ code: 'ARTIFACT_CHANGED', retryable: false });
  });

  it('refuses a list that is gone or holds something else', async () => {
    const gone = await listOf([{ path: 'a', size: 1 }]);
    rmSync(gone.path);
    const context = createContext('digest', join(scratch, 'artifacts'));
    await expect(digest({ folder: scratch, shard: 0, list: gone }, context)).rejects.toMatchObject({
      code: 'ARTIFACT_UNREADABLE',
    });
    const other = await writeRows(context, 'other', [{ path: 'a', size: -1 }]);
    await expect(digest({ folder: scratch, shard: 0, list: other }, context)).rejects.toMatchObject({
      code: 'ROW_INVALID',
    });
  });
});
