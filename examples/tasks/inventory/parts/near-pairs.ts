// Owns finding similar signatures without comparing all with all: locality-sensitive hashing by bands, then the estimate
// itself. Source: J. Leskovec, A. Rajaraman, J. Ullman, "Mining of Massive Datasets", ch. 3.4. Pure and deterministic.
// Must never compare more than WINDOW neighbours within a bucket: a tree of look-alikes stays linear.

import { estimateSimilarity, SIGNATURE_WORDS } from './minhash.ts';

/** 16 bands of 8 words: a pair of similarity 0.85 meets in some band with probability 0.994, one of 0.5 with 0.06. */
const BAND_WORDS = 8;
const BANDS = SIGNATURE_WORDS / BAND_WORDS;
/** Members of a bucket that a member is compared with: the ones that follow it. */
const WINDOW = 32;
/** Pairs kept in all. */
const MAX_PAIRS = 200_000;

export interface SimilarPair {
  readonly first: number;
  readonly second: number;
  readonly similarity: number;
}

export interface NearSearch {
  readonly pairs: SimilarPair[];
  readonly compared: number;
  /** Buckets wider than the window or found after the pair limit: some of their pairs were not looked at. */
  readonly cutBuckets: number;
}

/**
 * The pairs of similarity at least `threshold` among `count` signatures laid end to end in `words`.
 * `onBand` is called before each band, so that the caller can stop or report.
 */
export async function findSimilarPairs(
  words: Uint32Array,
  count: number,
  threshold: number,
  onBand: (band: number, bands: number) => Promise<void>,
): Promise<NearSearch> {
  const seen = new Set<number>();
  const pairs: SimilarPair[] = [];
  let cutBuckets = 0;
  for (let band = 0; band < BANDS; band += 1) {
    await onBand(band, BANDS);
    for (const bucket of bucketsOf(words, count, band)) {
      if (bucket.length < 2) continue;
      if (bucket.length > WINDOW + 1 || pairs.length >= MAX_PAIRS) cutBuckets += 1;
      compareBucket(bucket, (first, second) => {
        const key = first * count + second;
        if (pairs.length >= MAX_PAIRS || seen.has(key)) return;
        seen.add(key);
        const similarity = estimateSimilarity(words, first * SIGNATURE_WORDS, second * SIGNATURE_WORDS);
        if (similarity >= threshold) pairs.push({ first, second, similarity });
      });
    }
  }
  return { pairs, compared: seen.size, cutBuckets };
}

function bucketsOf(words: Uint32Array, count: number, band: number): Iterable<number[]> {
  const buckets = new Map<number, number[]>();
  for (let index = 0; index < count; index += 1) {
    let key = 0x811c9dc5;
    const start = index * SIGNATURE_WORDS + band * BAND_WORDS;
    for (let word = start; word < start + BAND_WORDS; word += 1) {
      key = Math.imul(key ^ (words[word] ?? 0), 0x01000193);
      key ^= key >>> 15;
    }
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, [index]);
    else bucket.push(index);
  }
  return buckets.values();
}

function compareBucket(bucket: readonly number[], visit: (first: number, second: number) => void): void {
  bucket.forEach((first, position) => {
    for (const second of bucket.slice(position + 1, position + 1 + WINDOW)) visit(first, second);
  });
}
