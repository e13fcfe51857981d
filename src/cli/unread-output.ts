// Owns what becomes of printed text when nobody reads it: so much is kept, the rest is dropped and counted. A thread waits
// with a task's result until what the task printed is taken, so a client that opens stderr and never reads it would hold
// up every task that prints.

import type { ShellStream } from './shell-stream.ts';

const MOST_UNREAD_BYTES = 1024 * 1024;

/** Writes to a stream for as long as somebody reads it; says how much was dropped once somebody does again. */
export function dropUnread(stream: ShellStream): (text: string) => void {
  let dropped = 0;
  return (text) => {
    if (stream.unreadBytes > MOST_UNREAD_BYTES) {
      dropped += text.length;
      return;
    }
    if (dropped > 0) stream.line(`[${dropped} characters of output were dropped: nobody read them]`);
    dropped = 0;
    stream.write(text);
  };
}
