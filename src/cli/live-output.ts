// Owns the terminal while a run goes on: lines scroll above, one drawing stays beneath and is renewed ten times a second.
// Whatever happens, the terminal is left with its cursor visible and on a line of its own.

import { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import type { RuntimeEvent } from '../domain/events.ts';
import { cutToColumns, toPrintableLine } from './printable-text.ts';
import { eventLine } from './run-event-lines.ts';
import { type GaugeSource, type RunOutput, SHOWN_EVENTS } from './run-output.ts';
import { renderRunView } from './run-view-screen.ts';
import type { RunViewState } from './run-view-state.ts';
import type { ShellStream } from './shell-stream.ts';
import type { Styler } from './text-style.ts';

const FRAME_MS = 100;
/** A workflow with more tasks than this shows failures, retries and logs only: nobody reads thousands of ticks. */
const MOST_SCROLLED_TASKS = 300;
/** Lines that wait for the next frame; when there are more, the frame is drawn at once. */
const MOST_WAITING_LINES = 500;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** The live view. It takes over stdout and stderr (where that is the terminal too) until it is closed. */
export class LiveOutput implements RunOutput {
  readonly wanted = SHOWN_EVENTS;
  readonly #terminal: ShellStream;
  readonly #state: RunViewState;
  readonly #gauges: GaugeSource;
  readonly #style: Styler;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #timer: NodeJS.Timeout;
  readonly #releases: (() => void)[];
  readonly #restore = (): void => this.close();
  #waiting: string[] = [];
  #partial = '';
  #closed = false;

  constructor(terminal: ShellStream, stderr: ShellStream, state: RunViewState, gauges: GaugeSource, style: Styler) {
    this.#terminal = terminal;
    this.#state = state;
    this.#gauges = gauges;
    this.#style = style;
    // log-update hides the cursor on stderr, wherever that leads; this view does it on its own terminal.
    this.#draw = createLogUpdate(drawingStream(terminal), { showCursor: true });
    const foreign = (text: string): void => this.#foreign(text);
    this.#releases = [terminal.capture(foreign), ...(stderr.isTerminal ? [stderr.capture(foreign)] : [])];
    process.once('exit', this.#restore);
    terminal.write(HIDE_CURSOR);
    this.#timer = setInterval(() => this.#frame(), FRAME_MS);
    this.#timer.unref();
  }

  onEvent(event: RuntimeEvent, before: RunViewState): void {
    const quiet = before.totalTasks > MOST_SCROLLED_TASKS && event.type === 'task.completed';
    const line = quiet ? undefined : eventLine(event, before);
    if (line !== undefined) this.#scroll(`${this.#style(line.style, line.mark)} ${this.#cut(line.text)}`);
  }

  notice(text: string): void {
    this.#scroll(this.#style('warning', this.#cut(`! ${text}`)));
    this.#frame();
  }

  close(): void {
    if (this.#closed) return;
    if (this.#partial !== '') this.#scroll(this.#cut(toPrintableLine(this.#partial)));
    this.#closed = true;
    clearInterval(this.#timer);
    process.removeListener('exit', this.#restore);
    for (const release of this.#releases) release();
    this.#draw.clear();
    this.#flush();
    this.#terminal.write(SHOW_CURSOR);
  }

  #frame(): void {
    if (this.#closed) return;
    this.#flush();
    const { columns, rows } = this.#terminal;
    const lines = renderRunView(this.#state, this.#gauges(), { columns, rows, nowMs: Date.now() }, this.#style);
    this.#draw(lines.join('\n'));
  }

  #scroll(line: string): void {
    this.#waiting.push(line);
    if (this.#waiting.length >= MOST_WAITING_LINES) this.#frame();
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.join('\n');
    this.#waiting = [];
    if (this.#closed) this.#terminal.line(text);
    else this.#draw.persist(text);
  }

  /** What task bodies print scrolls by like a log, line by line. */
  #foreign(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#scroll(this.#cut(toPrintableLine(line)));
  }

  /** A scrolled line stays what it is; the terminal may break it, but endless ones are cut. */
  #cut(text: string): string {
    return cutToColumns(text, Math.max(this.#terminal.columns * 3, 240));
  }
}

/** The terminal as log-update wants it, past the capture of everybody else's writes. */
function drawingStream(terminal: ShellStream): Writable {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      terminal.write(typeof chunk === 'string' ? chunk : chunk.toString());
      done();
    },
  });
  Object.defineProperties(stream, {
    isTTY: { value: true },
    columns: { get: () => terminal.columns },
    rows: { get: () => terminal.rows },
  });
  return stream;
}
