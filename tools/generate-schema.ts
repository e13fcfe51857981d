// Owns config/workflow.schema.json: writes the JSON Schema that the zod schema of workflow files stands for.
// Run `node tools/generate-schema.ts` after a change of src/domain/workflow-schema.ts; a test holds the two together.

import { writeFileSync } from 'node:fs';
import { workflowJsonSchema } from '../src/domain/workflow-schema.ts';

const target = new URL('../config/workflow.schema.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(workflowJsonSchema(), null, 2)}\n`);
