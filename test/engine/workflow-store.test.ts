// Workflows that are kept as files: whole or not at all, inside the folder, found by the next engine.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/domain/json-value.ts';
import { WorkflowStore } from '../../src/engine/workflow-store.ts';
import { OrchestrationEngine } from '../../src/index.ts';
import { createTestFolder } from '../support/test-folder.ts';

const workflow = (name: string, message = 'hi'): JsonObject & { name: string } => ({
  name,
  steps: [{ name: 'a', module: 'core', action: 'echo', parameters: { message } }],
});

async function openEngine(workflowsDir: string): Promise<OrchestrationEngine> {
  return OrchestrationEngine.create({ dataDir: ':memory:', maxWorkers: 1, workflowsDir });
}

describe('a saved workflow', () => {
  it('runs at once, and in the next engine on the folder', async () => {
    const folder = join(createTestFolder(), 'not', 'there', 'yet');
    await using engine = await openEngine(folder);
    const { file, definition } = await engine.workflows.saveWorkflow({ ...workflow('greet'), description: 'greets' });
    expect(file).toBe(join(folder, 'greet.json'));
    expect(definition.description).toBe('greets');
    expect(engine.workflows.fileOf('greet')).toBe(file);
    expect((await engine.executeWorkflow('greet')).outputs).toEqual({ a: 'hi' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...workflow('greet'), description: 'greets' });
    await using next = await openEngine(folder);
    expect(next.workflows.listWorkflows()).toEqual(['greet']);
    expect(next.workflows.fileOf('greet')).toBe(file);
  });

  it('of a name that is taken is refused, unless it is to be replaced', async () => {
    const folder = createTestFolder();
    await using engine = await openEngine(folder);
    await engine.workflows.saveWorkflow(workflow('w', 'one'));
    await expect(engine.workflows.saveWorkflow(workflow('w', 'two'))).rejects.toMatchObject({
      code: 'WORKFLOW_EXISTS',
    });
    expect((await engine.executeWorkflow('w')).outputs).toEqual({ a: 'one' });
    await engine.workflows.saveWorkflow(workflow('w', 'two'), { replace: true });
    expect((await engine.executeWorkflow('w')).outputs).toEqual({ a: 'two' });
    expect(readdirSync(folder)).toEqual(['w.json']);
  });

  it('replaces the file it came from, whatever that is called', async () => {
    const folder = createTestFolder();
    writeFileSync(join(folder, 'old-file.json'), JSON.stringify(workflow('w', 'one')));
    await using engine = await openEngine(folder);
    await engine.workflows.saveWorkflow(workflow('w', 'two'), { replace: true });
    expect(readdirSync(folder)).toEqual(['old-file.json']);
    await using next = await openEngine(folder);
    expect((await next.executeWorkflow('w')).outputs).toEqual({ a: 'two' });
  });

  it('is never put over a file that another program wrote meanwhile', async () => {
    const folder = createTestFolder();
    await using engine = await openEngine(folder);
    for (const content of [JSON.stringify(workflow('w', 'theirs')), '{ broken']) {
      writeFileSync(join(folder, 'w.json'), content);
      await expect(engine.workflows.saveWorkflow(workflow('w'))).rejects.toMatchObject({ code: 'WORKFLOW_EXISTS' });
      expect(readFileSync(join(folder, 'w.json'), 'utf8')).toBe(content);
    }
    expect(engine.workflows.listWorkflows()).toEqual([]);
    expect(readdirSync(folder)).toEqual(['w.json']);
  });

  it('finds what another program keeps under its name in a file of any name, and replaces it if told to', async () => {
    const folder = createTestFolder();
    await using engine = await openEngine(folder);
    writeFileSync(join(folder, 'by-hand.json'), JSON.stringify(workflow('w', 'theirs')));
    await expect(engine.workflows.saveWorkflow(workflow('w'))).rejects.toMatchObject({ code: 'WORKFLOW_EXISTS' });
    await engine.workflows.saveWorkflow(workflow('w', 'ours'), { replace: true });
    expect(readdirSync(folder)).toEqual(['by-hand.json']);
    await using next = await openEngine(folder);
    expect((await next.executeWorkflow('w')).outputs).toEqual({ a: 'ours' });
  });

  it('shares a spelling with another one under a name of its own', async () => {
    const folder = createTestFolder();
    await using engine = await openEngine(folder);
    for (const name of ['a/b', 'a:b', 'a-b']) await engine.workflows.saveWorkflow(workflow(name));
    expect(readdirSync(folder).sort()).toEqual(['a-b-2.json', 'a-b-3.json', 'a-b.json']);
    await using next = await openEngine(folder);
    expect(next.workflows.listWorkflows()).toEqual(['a-b', 'a/b', 'a:b']);
  });

  it('with faults is refused with all of them and leaves nothing', async () => {
    const folder = createTestFolder();
    await using engine = await openEngine(folder);
    const bad = {
      name: 'bad',
      steps: [
        { name: 'a', module: 'core' },
        { name: 'a', module: 'core', action: 'noop', dependencies: ['z'] },
      ],
    };
    const refused = await engine.workflows.saveWorkflow(bad).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'WORKFLOW_INVALID', details: { workflow: 'bad' } });
    const faults = JSON.stringify(Reflect.get(Object(refused), 'details'));
    for (const word of ['action', '\\"z\\"', 'steps[1]']) expect(faults).toContain(word.replaceAll('\\"', ''));
    for (const document of [{ steps: [] }, [], 'text', null, { name: '', steps: [] }]) {
      const saving = engine.workflows.saveWorkflow(document as JsonObject);
      await expect(saving).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    }
    const ring: Record<string, unknown> = { name: 'ring' };
    ring.steps = [ring];
    await expect(engine.workflows.saveWorkflow(ring as JsonObject)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is of one writer when many save the name at once', async () => {
    const folder = createTestFolder();
    const stores = Array.from({ length: 8 }, () => new WorkflowStore(folder));
    const outcomes = await Promise.allSettled(
      stores.map((store, writer) => store.save(workflow('w', `of ${writer}`), { replace: false })),
    );
    const won = outcomes.flatMap((outcome, writer) => (outcome.status === 'fulfilled' ? [writer] : []));
    expect(won).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(folder, 'w.json'), 'utf8'))).toEqual(workflow('w', `of ${won[0]}`));
    expect(readdirSync(folder)).toEqual(['w.json']);
  });

  it('of a folder that cannot be written says so', async () => {
    const folder = createTestFolder();
    writeFileSync(join(folder, 'file'), '');
    const store = new WorkflowStore(join(folder, 'file', 'workflows'));
    await expect(store.save(workflow('w'), { replace: false })).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });
});

describe('any name', () => {
  it('is kept inside the folder under a plain file name and read back, or refused', async () => {
    const root = createTestFolder();
    let round = 0;
    const names = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
      fc.constantFrom('../x', '/etc/passwd', '..', '.', 'C:\\x', 'a\0b', '~', 'x'.repeat(200), '__proto__', 'con.json'),
    );
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        const folder = join(root, `round-${round++}`, 'workflows');
        mkdirSync(folder, { recursive: true });
        const store = new WorkflowStore(folder);
        const saved = await store.save(workflow(name), { replace: false }).catch((error: unknown) => {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(?:WORKFLOW_INVALID|ARGUMENT_INVALID)$/) });
        });
        expect(readdirSync(join(folder, '..'))).toEqual(['workflows']);
        if (saved === undefined) {
          expect(readdirSync(folder)).toEqual([]);
          return;
        }
        expect(relative(folder, saved.file)).toMatch(/^[^/\\]+\.json$/);
        expect([...(await new WorkflowStore(folder).load()).files]).toEqual([[name, saved.file]]);
      }),
      { numRuns: 300 },
    );
  });
});
