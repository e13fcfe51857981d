// Owns the errors that every store of the journal raises in the same words.

import { RuntimeError } from '../../domain/runtime-error.ts';

/** Something was asked of a journal after `close`. */
export function closedError(): RuntimeError {
  return new RuntimeError('ENGINE_CLOSED', 'the journal is closed; nothing can append to it or read it any more');
}

/** Someone waits for a fact that was never appended. */
export function unknownSequence(sequence: number, lastSequence: number): RuntimeError {
  return new RuntimeError(
    'ARGUMENT_INVALID',
    `no fact has the number ${sequence}: the journal has come to ${lastSequence}; wait for a number that append gave`,
    { details: { sequence, lastSequence } },
  );
}
