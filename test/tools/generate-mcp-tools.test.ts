// Owns the check that the table of tools in docs/mcp.md is what the tools say.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withToolTable } from '../../tools/generate-mcp-tools.ts';

it('docs/mcp.md is up to date (else run: node tools/generate-mcp-tools.ts)', () => {
  const document = readFileSync(new URL('../../docs/mcp.md', import.meta.url), 'utf8');
  expect(document).toBe(withToolTable(document));
});
