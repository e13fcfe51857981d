// Owns the check before a file is written that may be a named pipe: one that nobody reads is refused at once, where opening
// it would wait for ever. What is written to it afterwards waits for its reader, as with any file.

import { closeSync, constants, openSync } from 'node:fs';

/** Made if need be. Only for the look: writes through it would fail while a slow reader leaves no room. */
const LOOK = constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK;

/** Holds a file open, so that it can be opened for writing until the result is called; throws the system's own error. */
export function holdWritable(file: string): () => void {
  const descriptor = openSync(file, LOOK);
  return () => closeSync(descriptor);
}
