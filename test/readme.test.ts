// Runs the README's tour: every command of its `sh` blocks, in this checkout, as a reader would type it.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}/README.md`, 'utf8');
const commands = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.trim().split('\n'));

// What the tour makes in the checkout; git ignores it.
function removeProject(): void {
  rmSync(`${root}/projects/sales`, { recursive: true, force: true });
}

describe('the README', () => {
  beforeAll(removeProject);
  afterAll(removeProject);

  it('has a tour', () => {
    expect(commands.length).toBeGreaterThan(5);
  });

  it.each(commands)('%s', (command) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: root, encoding: 'utf8' });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toBe('');
  });

  it('links only to files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !link.includes('://') && !existsSync(`${root}/${link}`))).toEqual([]);
  });
});
