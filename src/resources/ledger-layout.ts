// Owns the byte layout of the capacity ledger: offsets in 32-bit words, widths, who writes and who reads each word.
// Why one file: main thread and task threads see the same bytes and must never disagree about them. Holds no behaviour
// but offset arithmetic; the layout is asserted when the file is loaded.
//
//   header          words 0…31
//   resource r      RESOURCE_BASE + r · RESOURCE_WORDS     (r < MAX_RESOURCES), whole cache lines of its own
//   owner row s     OWNER_BASE + s · OWNER_WORDS           (s < MAX_OWNERS), one row per thread

import { invariant } from '../domain/runtime-error.ts';
import { ResourceType } from '../domain/statuses.ts';

export const LEDGER_MAGIC = 0x594c_4447;
export const LEDGER_VERSION = 2;
/** Resources of one ledger; more are refused with RESOURCE_LIMIT. */
export const MAX_RESOURCES = 256;
/** Threads that can hold capacity at the same time. */
export const MAX_OWNERS = 128;
/** Bytes of a resource id in UTF-8. */
export const MAX_ID_BYTES = 120;

const WORDS_PER_LINE = 16;

/** Header words. Written by the main thread, read by all; WAKE is written by all. */
export const Header = {
  MAGIC: 0,
  VERSION: 1,
  /** 1 = no new grants; never goes back. */
  CLOSED: 2,
  /** Written after the record of the newest resource is complete, so that who reads it may read the record. */
  RESOURCE_COUNT: 3,
  /** Raised, then notified, when a thread freed something that the main thread waits for. On a line of its own. */
  WAKE: WORDS_PER_LINE,
} as const;
const HEADER_WORDS = 2 * WORDS_PER_LINE;

/** Words of a resource record, from its base. */
export const ResourceWord = {
  /** Bits 0…30: units in use; bit 31 (AWAITED): see below. Written by all with compareExchange, AWAITED by main alone. */
  USED: 0,
  /** The most units ever in use. Written by all, upwards only. */
  PEAK: 1,
  /** Units in all. Main writes, all read. */
  CAPACITY: 2,
  /** A LedgerStatus. Main writes, all read. */
  STATUS: 3,
  /** Requests that wait for this resource on the main thread. Main writes, anybody reads. */
  WAITING: 4,
  /** Quota units granted by threads for which no refill is scheduled yet. Threads add, main takes with exchange. */
  UNSETTLED: 5,
  /** From here on written once, before RESOURCE_COUNT counts the record. One unit = NUMERATOR / DENOMINATOR. */
  NUMERATOR: 16,
  DENOMINATOR: 17,
  /** Index into RESOURCE_TYPE_CODES. */
  TYPE: 18,
  /** A LedgerKind. */
  KIND: 19,
  ID_LENGTH: 20,
  /** MAX_ID_BYTES bytes of UTF-8. */
  ID: 32,
} as const;
export const RESOURCE_WORDS = 64;

/** Set in USED while someone waits on the main thread: threads then take nothing, and who gives back raises WAKE. */
export const AWAITED = -0x8000_0000;
export const USED_MASK = 0x7fff_ffff;
/** The largest amount or capacity in units. */
export const MAX_UNITS = 0x7fff_ffff;

/** What STATUS may hold. All but OPEN stop new grants. */
export const LedgerStatus = { OPEN: 0, MAINTENANCE: 1, OFFLINE: 2 } as const;
/** Counting: given back by its holder. Quota: comes back by itself after a period. */
export const LedgerKind = { COUNTING: 0, QUOTA: 1 } as const;
/** Order is part of the layout: append only. */
export const RESOURCE_TYPE_CODES: readonly ResourceType[] = Object.freeze(Object.values(ResourceType));

/** Words of an owner row, from its base. */
export const OwnerWord = {
  /** 0 = free. A thread claims a free row with compareExchange; main frees it after the thread has exited. */
  THREAD_ID: 0,
  /** Raised by main each time the row is freed, so that an old holder can be told from a new one. */
  GENERATION: 1,
  /** Operations begun and ended: odd = inside one. Written by the thread alone, counts on over all lives of the row. */
  GATE: 2,
  /** An OwnerControl. Written by main, but for the thread's claim of the row. */
  CONTROL: 3,
  /** The thread's blocking wait: ticket · ANSWER_STATES + an AnswerState. Rules: owner-answers.ts. */
  ANSWER: 4,
  /** Units per resource that the thread took less those it gave back. Written by the thread alone; may be negative. */
  OWN: 16,
  /** Units per resource that main granted to the thread. Written by main alone. OWN + GRANTED = held, modulo 2^32. */
  GRANTED: 16 + MAX_RESOURCES,
  /** Live allocations per resource. Written by the thread alone. */
  ALLOCATIONS: 16 + 2 * MAX_RESOURCES,
} as const;
export const OWNER_WORDS = 16 + 3 * MAX_RESOURCES;

/** HELD: main counts, wait for a moment. SEALED: the thread is to be ended and begins no further operation. */
export const OwnerControl = { OPEN: 0, HELD: 1, SEALED: 2 } as const;
/**
 * WAITING → GRANTED or REFUSED by main, WAITING → WITHDRAWN by the thread, each by compareExchange: one of them is first,
 * and the other one sees it.
 */
export const AnswerState = { NONE: 0, WAITING: 1, GRANTED: 2, REFUSED: 3, WITHDRAWN: 4 } as const;
export const ANSWER_STATES = 8;
/** Tickets of blocking waits are 1 … this, then 1 again; a thread has one at a time. */
export const MAX_TICKET = 0x0fff_ffff;

export const RESOURCE_BASE = HEADER_WORDS;
export const OWNER_BASE = RESOURCE_BASE + MAX_RESOURCES * RESOURCE_WORDS;
export const LEDGER_WORDS = OWNER_BASE + MAX_OWNERS * OWNER_WORDS;
export const LEDGER_BYTES = LEDGER_WORDS * Int32Array.BYTES_PER_ELEMENT;

/** Word offset of a resource's record. */
export function resourceBase(index: number): number {
  return RESOURCE_BASE + index * RESOURCE_WORDS;
}

/** The answer word of a ticket in a state. */
export function answerWord(ticket: number, state: (typeof AnswerState)[keyof typeof AnswerState]): number {
  return ticket * ANSWER_STATES + state;
}

/** Word offset of an owner row. */
export function ownerBase(slot: number): number {
  return OWNER_BASE + slot * OWNER_WORDS;
}

invariant(Header.WAKE % WORDS_PER_LINE === 0 && Header.WAKE < HEADER_WORDS, 'the wake word starts a cache line');
invariant(RESOURCE_BASE % WORDS_PER_LINE === 0 && RESOURCE_WORDS % WORDS_PER_LINE === 0, 'resources fill whole lines');
invariant(OWNER_BASE % WORDS_PER_LINE === 0 && OWNER_WORDS % WORDS_PER_LINE === 0, 'owner rows fill whole lines');
invariant(MAX_TICKET * ANSWER_STATES + ANSWER_STATES - 1 <= MAX_UNITS, 'the last ticket fits into its word');
invariant(ResourceWord.UNSETTLED < WORDS_PER_LINE, 'words that change lie on the first line of a record');
invariant(ResourceWord.ID_LENGTH < ResourceWord.ID, 'the id does not overlap the facts before it');
invariant((RESOURCE_WORDS - ResourceWord.ID) * 4 >= MAX_ID_BYTES, 'a record has room for the longest id');
invariant((MAX_UNITS | AWAITED) === -1 && (MAX_UNITS & AWAITED) === 0, 'units and the awaited bit do not overlap');
