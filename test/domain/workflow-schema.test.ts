// The checked-in JSON Schema must be the generated one, and tell people what each field is.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WORKFLOW_FIELDS, workflowJsonSchema } from '../../src/domain/workflow-schema.ts';

const checkedIn: unknown = JSON.parse(
  readFileSync(new URL('../../config/workflow.schema.json', import.meta.url), 'utf8'),
);

function propertiesIn(schema: unknown, found: [string, Record<string, unknown>][] = []) {
  if (typeof schema !== 'object' || schema === null) return found;
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') found.push(...Object.entries(value as Record<string, Record<string, unknown>>));
    propertiesIn(value, found);
  }
  return found;
}

describe('config/workflow.schema.json', () => {
  it('is what `node tools/generate-schema.ts` writes', () => {
    expect(checkedIn).toEqual(JSON.parse(JSON.stringify(workflowJsonSchema())));
  });

  it('describes every field', () => {
    const properties = propertiesIn(checkedIn);
    const fields = Object.values(WORKFLOW_FIELDS).flat();
    expect(properties.map(([name]) => name).sort()).toEqual(fields.sort());
    expect(properties.filter(([, schema]) => typeof schema.description !== 'string')).toEqual([]);
  });

  it('names itself, forbids unknown fields and lets notes stand', () => {
    expect(checkedIn).toMatchObject({
      $id: 'urn:yardmaster:schema:workflow:1',
      additionalProperties: false,
      required: ['steps'],
    });
    const pattern = new RegExp(
      Object.keys((checkedIn as { patternProperties: object }).patternProperties)[0] ?? '',
      'u',
    );
    expect(['$schema', 'x-owner', '_comment'].every((key) => pattern.test(key))).toBe(true);
    expect(['schema', 'X', '__proto__', 'dependancies'].some((key) => pattern.test(key))).toBe(false);
  });
});
