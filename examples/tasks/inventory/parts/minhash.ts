// Owns MinHash signatures over token shingles: the estimated Jaccard similarity of two files' shingle sets is the share
// of equal signature words. Source: A. Broder, "On the resemblance and containment of documents", 1997.
// Pure and deterministic: the hash functions come from a fixed seed. Must never read a file.

/** Words of a signature; the standard error of an estimate at similarity 0.85 is 0.03. */
export const SIGNATURE_WORDS = 128;
/** Tokens of a shingle. */
export const SHINGLE_TOKENS = 5;

const SEED = 0x59415244;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const ROLL_BASE = 0x2c9277b5;

const BLANK = 0;
const WORD = 1;
const PUNCTUATION = 2;

const BYTE_CLASSES = classifyBytes();
const MULTIPLIERS = hashConstants(SEED, 1);
const OFFSETS = hashConstants(SEED ^ 0x5bd1e995, 0);
const ROLL_OUT = rollOutFactor();

/**
 * A signature under construction, fed block by block. Tokens are runs of letters, digits, `_`, `$` and non-ASCII bytes,
 * and single punctuation marks; blanks only separate, so that reformatting changes little.
 */
export class MinHash {
  readonly signature: Uint32Array = new Uint32Array(SIGNATURE_WORDS).fill(0xffffffff);
  readonly #window = new Int32Array(SHINGLE_TOKENS);
  #tokens = 0;
  #rolling = 0;
  #word = FNV_OFFSET;
  #inWord = false;

  /** Shingles seen, repetitions included. */
  get shingles(): number {
    return Math.max(0, this.#tokens - SHINGLE_TOKENS + 1);
  }

  add(block: Uint8Array): void {
    let word = this.#word;
    let inWord = this.#inWord;
    for (let index = 0; index < block.length; index += 1) {
      const byte = block[index] ?? 0;
      const kind = BYTE_CLASSES[byte];
      if (kind === WORD) {
        word = Math.imul(word ^ byte, FNV_PRIME);
        inWord = true;
        continue;
      }
      if (inWord) this.#addToken(word);
      word = FNV_OFFSET;
      inWord = false;
      if (kind === PUNCTUATION) this.#addToken(byte);
    }
    this.#word = word;
    this.#inWord = inWord;
  }

  /** Ends the last word; call once after the last block. */
  finish(): void {
    if (this.#inWord) this.#addToken(this.#word);
    this.#inWord = false;
    this.#word = FNV_OFFSET;
  }

  // The shingle's hash rolls: the oldest token leaves, the new one enters (all modulo 2^32, hence exact).
  #addToken(token: number): void {
    const slot = this.#tokens % SHINGLE_TOKENS;
    const leaving = this.#window[slot] ?? 0;
    this.#window[slot] = token;
    this.#tokens += 1;
    this.#rolling = (Math.imul(this.#rolling - Math.imul(leaving, ROLL_OUT), ROLL_BASE) + token) | 0;
    if (this.#tokens >= SHINGLE_TOKENS) lowerWords(this.signature, avalanche(this.#rolling));
  }
}

/** The estimated Jaccard similarity of two signatures that lie at word offsets of one array. */
export function estimateSimilarity(words: Uint32Array, first: number, second: number): number {
  let equal = 0;
  for (let index = 0; index < SIGNATURE_WORDS; index += 1) {
    if (words[first + index] === words[second + index]) equal += 1;
  }
  return equal / SIGNATURE_WORDS;
}

/** A signature as text, the same on every machine. */
export function encodeSignature(signature: Uint32Array): string {
  const bytes = Buffer.alloc(SIGNATURE_WORDS * 4);
  signature.forEach((word, index) => {
    bytes.writeUInt32LE(word, index * 4);
  });
  return bytes.toString('base64');
}

/** Puts an encoded signature at a word offset; false when the text is not one. */
export function decodeSignature(text: string, into: Uint32Array, offset: number): boolean {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== SIGNATURE_WORDS * 4) return false;
  for (let index = 0; index < SIGNATURE_WORDS; index += 1) into[offset + index] = bytes.readUInt32LE(index * 4);
  return true;
}

// The hot loop of the whole module: 128 linear permutations (odd multiplier, modulo 2^32) of an already mixed value.
function lowerWords(signature: Uint32Array, shingle: number): void {
  for (let index = 0; index < SIGNATURE_WORDS; index += 1) {
    const value = (Math.imul(MULTIPLIERS[index] ?? 1, shingle) + (OFFSETS[index] ?? 0)) >>> 0;
    if (value < (signature[index] ?? 0)) signature[index] = value;
  }
}

// MurmurHash3's finalizer (A. Appleby, public domain): every input bit reaches every output bit.
function avalanche(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function hashConstants(seed: number, lowBit: 0 | 1): Int32Array {
  const constants = new Int32Array(SIGNATURE_WORDS);
  for (let index = 0; index < SIGNATURE_WORDS; index += 1) {
    constants[index] = avalanche(seed + Math.imul(index + 1, 0x9e3779b9)) | lowBit;
  }
  return constants;
}

function rollOutFactor(): number {
  let factor = 1;
  for (let step = 1; step < SHINGLE_TOKENS; step += 1) factor = Math.imul(factor, ROLL_BASE);
  return factor;
}

function classifyBytes(): Uint8Array {
  const classes = new Uint8Array(256).fill(PUNCTUATION);
  for (let byte = 0; byte <= 0x20; byte += 1) classes[byte] = BLANK;
  for (let byte = 0x80; byte <= 0xff; byte += 1) classes[byte] = WORD;
  for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$') {
    classes[character.charCodeAt(0)] = WORD;
  }
  return classes;
}
