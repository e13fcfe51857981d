// Holds docs/supervision.md to its example: the text is the file, and the file prints what the text says.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const text = readFileSync(`${root}docs/supervision.md`, 'utf8');
const example = 'examples/tour/supervision.ts';

const blockOf = (language: string): string =>
  text.match(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm'))?.[1] ?? '';

describe('docs/supervision.md', () => {
  it('shows the example as it is', () => {
    expect(blockOf('ts')).toBe(readFileSync(`${root}${example}`, 'utf8'));
  });

  it('shows what the example prints', () => {
    const printed = execFileSync(process.execPath, [example], { cwd: root, encoding: 'utf8' });
    expect(printed).toBe(blockOf('text'));
  });
});
