// Owns the list of what a model thread can do to its world: the operations on shared words, and the few that stand for
// messages, timers, choices and ends. One operation is one step of the exploration. Holds no behaviour.

/** What a thread posts to the main thread, and what the main thread hears when a thread is gone. Plain JSON. */
export type Message =
  | { readonly type: 'exit'; readonly threadId: number }
  | { readonly type: 'ended'; readonly threadId: number }
  | { readonly type: 'ask'; readonly threadId: number; readonly ticket: number; readonly units: readonly number[] }
  | { readonly type: 'withdraw'; readonly threadId: number; readonly ticket: number };

/** An operation that writes whatever it finds. */
export interface Change {
  readonly kind: 'store' | 'poke' | 'exchange' | 'add' | 'or' | 'and';
  readonly word: number;
  readonly value: number;
}

interface Exchange {
  readonly kind: 'compareExchange';
  readonly word: number;
  readonly expected: number;
  readonly value: number;
}

export type WordOperation =
  | { readonly kind: 'load'; readonly word: number }
  | { readonly kind: 'peek'; readonly word: number }
  | { readonly kind: 'notify'; readonly word: number }
  | Change
  | Exchange
  /** Sleeps while the word has the value; a timed one may give up at any moment. */
  | { readonly kind: 'wait'; readonly word: number; readonly value: number; readonly timed: boolean }
  | { readonly kind: 'waitAsync'; readonly word: number; readonly value: number }
  /** A busy loop that would read the word until it has another value, as one step. */
  | { readonly kind: 'spin'; readonly word: number; readonly value: number };

export type Operation =
  | WordOperation
  /** A moment at which the thread does nothing; between take and give others see what it holds. */
  | { readonly kind: 'hold' }
  /** The history so far matters no more than this digest says: threads that agree in it are one state. */
  | { readonly kind: 'settle'; readonly digest: string }
  | { readonly kind: 'choose'; readonly count: number }
  | { readonly kind: 'post'; readonly message: Message }
  /** The main thread's event loop: one message, one asynchronous wake-up or one timer, whichever comes first. */
  | { readonly kind: 'turn'; readonly timers: readonly number[]; readonly fired: number }
  /** From now on the thread may be gone at any moment. */
  | { readonly kind: 'condemn'; readonly threadId: number };

/** What the main thread's event loop took up. */
export type TurnEvent =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'wake'; readonly wait: number }
  | { readonly kind: 'timer'; readonly timer: number };

/** What an operation gave. */
export type Result = number | string | TurnEvent;

export function isWordOperation(operation: Operation): operation is WordOperation {
  return 'word' in operation;
}

/** Whether the operation leaves the word as it is, whatever it holds. */
export function isRead(
  operation: WordOperation,
): operation is Extract<WordOperation, { readonly kind: 'load' | 'peek' }> {
  return operation.kind === 'load' || operation.kind === 'peek';
}

/** Whether the operation sleeps or wakes: such ones are never taken together with the step before. */
export function isSignal({ kind }: WordOperation): boolean {
  return kind === 'notify' || kind === 'wait' || kind === 'waitAsync' || kind === 'spin';
}

/** What a word holds after the operation, an exchange having found what it expected. */
export function valueAfter({ kind, value }: Change | Exchange, before: number): number {
  switch (kind) {
    case 'store':
    case 'poke':
    case 'exchange':
    case 'compareExchange':
      return value | 0;
    case 'add':
      return (before + value) | 0;
    case 'or':
      return before | value;
    case 'and':
      return before & value;
    default:
      return kind satisfies never;
  }
}
