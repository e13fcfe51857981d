// Owns the proof that docs/errors.md is what the generator makes of today's table of error codes.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errorTable } from '../../tools/generate-error-table.ts';

it('docs/errors.md is up to date (else run: node tools/generate-error-table.ts)', () => {
  expect(readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')).toBe(errorTable());
});
