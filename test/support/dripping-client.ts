// Owns a client that begins a request and then sends it drop by drop: what a server must not wait for.

import { connect } from 'node:net';

const DROP_EVERY_MS = 50;

/** Sends a head, then a letter now and then; gives what the server said when it ends the connection. */
export function dripping(port: number, head: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(head));
    const drip = setInterval(() => socket.write('x'), DROP_EVERY_MS);
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(drip);
      resolve(text);
    });
  });
}
