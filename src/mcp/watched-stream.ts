// Owns the bounds of one answer's stream on its way to the client: what the client has not read is kept up to a limit, then
// the stream ends, and a client that hangs up is noticed at once. News come whether or not anybody reads them.

/** Bytes that wait for the client when there are more; one message may be longer. */
export const MOST_UNREAD_BYTES = 4 * 1024 * 1024;

/**
 * The same bytes; `over` is told, once or more, when the stream has been read or was given up. A client that hangs up is
 * noticed at once, not with the next byte for it: until then its stream would count as open, and refuse the one it comes
 * back with.
 */
export function watchedStream(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  over: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const giveUp = (): void => {
    over();
    // Ends the reading below too.
    void reader.cancel().catch(() => {});
  };
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp, { once: true });
  const pass = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if ((controller.desiredSize ?? 0) <= 0) throw new Error('the client does not read its stream');
        controller.enqueue(value);
      }
      over();
      controller.close();
    } catch (error) {
      giveUp();
      controller.error(error);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  };
  return new ReadableStream(
    { start: (controller) => void pass(controller), cancel: giveUp },
    { highWaterMark: MOST_UNREAD_BYTES, size: (chunk) => chunk?.byteLength ?? 0 },
  );
}
