// Paths must read back as what they were made of, whatever the member names are.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatJsonPath, parseJsonPath } from '../../src/domain/json-path.ts';

it('writes plain members with dots, indices in brackets, and quotes all other names', () => {
  expect(formatJsonPath(['steps', 2, 'parameters', 'a key', 'x.y'])).toBe('$.steps[2].parameters["a key"]["x.y"]');
  expect(formatJsonPath([])).toBe('$');
});

it('reads back every path it writes', () => {
  const segment = fc.oneof(fc.string(), fc.constantFrom('__proto__', '"', '\\', ']', '"]'), fc.nat());
  fc.assert(
    fc.property(fc.array(segment), (segments) => {
      expect(parseJsonPath(formatJsonPath(segments))).toEqual(segments);
    }),
  );
});
