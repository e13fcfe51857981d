#!/usr/bin/env node
// Owns the start of the `yardmaster` command on whatever Node it is called with: an old one is replaced by the Node that
// came with the dependencies, then the command line itself is loaded. Plain JavaScript, built-in modules, nothing newer
// than Node 14, or the old Node could not read it. It must never print to stdout: that belongs to the command.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST = '22.18';
/** Set for the Node that takes over, so that a wrong one ends in an error and not in a chain of processes. */
const HANDED_OVER = 'YARDMASTER_HANDED_OVER';
const here = dirname(fileURLToPath(import.meta.url));

if (canRunTypeScript(process.versions.node)) {
  delete process.env[HANDED_OVER];
  await runCommandLine();
} else {
  handOver(process.env[HANDED_OVER] === undefined ? findNode(here) : undefined);
}

/** Node runs .ts files by itself from 22.18 in the 22 line, from 23.6 in the 23 line, and from there on. */
function canRunTypeScript(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

async function runCommandLine() {
  // Halves the start-up: compiled code of the last call is read from the system's folder for temporary files.
  if (typeof module.enableCompileCache === 'function') module.enableCompileCache();
  const source = new URL('../src/cli/main.ts', import.meta.url);
  const built = new URL('../dist/cli/main.js', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : built.href);
  await main(process.argv.slice(2));
}

/** The Node among the installed packages: in the package's own folder, or in one it was installed beside or beneath. */
function findNode(start) {
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  const packageName = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  for (let folder = start; ; folder = dirname(folder)) {
    for (const path of [join(packageName, 'bin', binary), join('.bin', binary)]) {
      const candidate = join(folder, 'node_modules', path);
      if (existsSync(candidate)) return candidate;
    }
    if (dirname(folder) === folder) return undefined;
  }
}

function handOver(node) {
  if (node === undefined) {
    process.stderr.write(
      `error NODE_TOO_OLD: Node ${process.versions.node} cannot run Yardmaster, in ${process.execPath}; ` +
        `install Node ${OLDEST} or newer, or run \`npm ci\` in the checkout, which brings one along\n`,
    );
    process.exitCode = 2;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, [HANDED_OVER]: '1' },
  });
  // A terminal sends Ctrl-C and its hang-up to this process and to the child: passing it on would deliver it twice, and
  // twice means "stop now". Without a terminal the signal was meant for this process alone, so the child must get it.
  const onTerminal = [0, 1, 2].some((fd) => isTerminal(fd));
  const passOn = (signal) => child.kill(signal);
  const handlers = {
    SIGINT: onTerminal ? () => {} : passOn,
    SIGHUP: onTerminal ? () => {} : passOn,
    SIGTERM: passOn,
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  child.on('error', (error) => {
    process.stderr.write(
      `error NODE_TOO_OLD: cannot start ${node} (${error.message}); install Node ${OLDEST} or newer\n`,
    );
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    for (const [name, handler] of Object.entries(handlers)) process.removeListener(name, handler);
    // Ends as the child ended, so that a shell sees the signal too.
    if (signal !== null) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  });
}

function isTerminal(fd) {
  return [process.stdin, process.stdout, process.stderr][fd].isTTY === true;
}
