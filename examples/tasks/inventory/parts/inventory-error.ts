// Owns the errors of the inventory tasks. A task module stands on its own: it shares no classes with the runtime, only
// the convention that an error with a `code` (and `retryable`, `details`) crosses the thread border with them.
// Must never import anything of the runtime at run time.

interface InventoryErrorOptions {
  readonly retryable?: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A failure of an inventory task with a code; `retryable` false stops the step's retries. */
export class InventoryError extends Error {
  override readonly name: string = 'InventoryError';
  readonly code: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: InventoryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** The short code of what a system call threw (`EACCES`), or `UNKNOWN`. */
export function systemErrorCode(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return 'UNKNOWN';
}
