// Owns the install-on-demand behind `npm start` and `npm test`: on a fresh clone the two commands are enough.
// Runs on whatever Node the machine has, before anything is installed, so: plain JavaScript, built-in modules only.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function modifiedMs(path) {
  try {
    return statSync(new URL(`../${path}`, import.meta.url)).mtimeMs;
  } catch {
    return undefined;
  }
}

// npm writes this file at the end of every install, so its age is the age of a complete node_modules.
const installedMs = modifiedMs('node_modules/.package-lock.json');
const lockedMs = modifiedMs('package-lock.json');

if (installedMs === undefined || (lockedMs !== undefined && installedMs < lockedMs)) {
  process.stderr.write('yardmaster: installing dependencies (once, with npm ci)\n');
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('js') ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']];
  const result = spawnSync(command, [...args, '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: command === 'npm' && process.platform === 'win32',
  });
  if (result.status !== 0) {
    process.stderr.write('error INSTALL_FAILED: npm ci did not end well, in this folder; run `npm ci` to see why\n');
    process.exit(result.status ?? 1);
  }
}
