// Owns the runs that pictures are taken of: real ones, in a data folder of their own that is gone afterwards, by the shell's
// own commands. One workflow has something of everything: retries, a thread that has to be ended, skipped steps, waiting.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ShellStream } from '../../src/cli/shell-stream.ts';
import { TerminalScreen } from './terminal-screen.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'bin/yardmaster.mjs');
const TOUR_TASKS = join(ROOT, 'examples/tour/tasks');
const RUNNING = /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /;

const count = (name: string, from: number, to: number, rest: object = {}) => ({
  name,
  module: 'primes',
  action: 'count',
  parameters: { from, to },
  ...rest,
});

/** A night's work that does not go quite as it should. */
const NIGHTLY = {
  name: 'nightly-media',
  steps: [
    count('fetch', 0, 2_500_000),
    count('decode-video', 2_500_000, 4_500_000, { dependencies: ['fetch'], resources: { decoder: 1 } }),
    count('decode-audio', 4_500_000, 5_300_000, { dependencies: ['fetch'], resources: { decoder: 1 } }),
    {
      name: 'fetch-captions',
      module: 'core',
      action: 'fail',
      parameters: { message: 'the caption server answered 503', times: 2 },
      dependencies: ['fetch'],
      max_retries: 3,
      retry: { initial_interval: 0.4, backoff: 2, jitter: false },
    },
    count('thumbnails', 5_300_000, 6_000_000, { dependencies: ['decode-video'] }),
    {
      name: 'transcribe',
      module: 'primes',
      action: 'forever',
      timeout: 0.6,
      max_retries: 1,
      retry: { initial_interval: 0.2 },
      dependencies: ['decode-audio'],
    },
    count('waveform', 6_000_000, 6_600_000, { dependencies: ['decode-audio'] }),
    {
      name: 'weekly-index',
      module: 'core',
      action: 'noop',
      run_if: 'params.weekday == "Sun"',
      dependencies: ['fetch'],
    },
    { name: 'subtitles', module: 'core', action: 'noop', dependencies: ['transcribe', 'fetch-captions'] },
    count('preview', 6_600_000, 7_300_000, { dependencies: ['thumbnails', 'waveform'] }),
    { name: 'publish', module: 'core', action: 'noop', dependencies: ['preview', 'subtitles'] },
  ],
  parameters: { weekday: 'Mon' },
  resources: [{ id: 'decoder', type: 'compute', capacity: 1 }],
};

/** A folder for runs; dispose it. */
export class PictureFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'yardmaster-pictures-'));
  readonly nightly: string;

  constructor() {
    mkdirSync(join(this.path, 'workflows'));
    this.nightly = join(this.path, 'workflows', 'nightly-media.json');
    writeFileSync(this.nightly, JSON.stringify(NIGHTLY, null, 2));
  }

  get dataDir(): string {
    return join(this.path, 'data');
  }

  /** Flags that lead a command into this folder. */
  get flags(): string[] {
    return ['--data-dir', this.dataDir, '--tasks', TOUR_TASKS, '--tasks', join(ROOT, 'examples/tasks')];
  }

  /** What a command printed; one that failed as a run does is as good as one that did not. */
  async print(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, stdout, stderr } = await ended(this.start(args, environment));
    if (code === 0 || code === 1) return stdout;
    throw new Error(`yardmaster ${args.join(' ')} ended with ${code}: ${stderr}`);
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { ...process.env, NO_COLOR: '', ...environment };
    return spawn(process.execPath, [BIN, ...args, ...this.flags], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** The same in colour, as a terminal would show it. */
  async show(args: readonly string[]): Promise<TerminalScreen> {
    const screen = new TerminalScreen();
    screen.write(await this.print(args, { FORCE_COLOR: '1' }));
    return screen;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

async function ended(child: ReturnType<PictureFolder['start']>) {
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout, stderr };
}

/** A terminal that remembers the moment at which the most tasks were seen to run, the later of equals. */
class WatchedTerminal extends Writable {
  readonly isTTY = true;
  readonly columns = 110;
  readonly rows = 24;
  readonly #screen = new TerminalScreen();
  best: ReturnType<TerminalScreen['rows']> = [];
  #most = 0;

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#screen.write(chunk.toString());
    const running = this.#screen.lines().filter((line) => RUNNING.test(line)).length;
    if (running >= this.#most && running > 0) {
      this.#most = running;
      this.best = this.#screen.rows().slice(-this.rows + 2);
    }
    done();
  }
}

/** One moment of the live view of a workflow of this checkout, run in this process. */
export async function liveView(folder: PictureFolder, workflow: string): Promise<ReturnType<TerminalScreen['rows']>> {
  const { runCommand } = await import('../../src/cli/run-command.ts');
  const terminal = new WatchedTerminal();
  const shell = {
    stdout: new ShellStream(terminal),
    stderr: new ShellStream(new WatchedTerminal()),
    environment: { FORCE_COLOR: '1', TERM: 'xterm-256color' },
    debug: false,
  };
  await runCommand(shell, workflow, {
    dataDir: folder.dataDir,
    tasks: [join(ROOT, 'examples/tasks')],
    param: [['out', join(folder.path, 'inventory')]],
    workers: 4,
  });
  return terminal.best;
}
