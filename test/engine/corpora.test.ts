// Runs workflows that were not written here: real executions (WfInstances), the workflow files of the Python original,
// and a folder full of JSON that is no workflow.

import { copyFileSync, existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWorkflowFile } from '../../src/engine/workflow-files.ts';
import { createTestEngine } from './support.ts';

const CORPORA = '../shared/corpora';
const hasCorpora = existsSync(CORPORA);
const missing = hasCorpora ? '' : ` (skipped: ${CORPORA} is missing)`;
/** Real hours become seconds: 103,000 s of recorded work at this factor are 2 s. */
const TIME_SCALE = 0.00002;

const wfFiles = hasCorpora ? readdirSync(join(CORPORA, 'wf')).filter((name) => name.endsWith('.json')) : ['none'];

describe.skipIf(!hasCorpora)(`recorded executions${missing}`, () => {
  it.each(wfFiles)('%s completes all its tasks, each started after its own dependencies', async (name) => {
    const load = await readWorkflowFile(join(CORPORA, 'wf', name), { timeScale: TIME_SCALE });
    if (load.kind !== 'loaded') throw new Error(JSON.stringify(load.faults));
    const { engine, events } = await createTestEngine();
    const { graph } = load.workflow;
    const execution = await engine.startCompiled(load.workflow).result();
    expect(execution).toMatchObject({ status: 'completed', tasks: { total: graph.size, completed: graph.size } });
    const completed = new Set<string>();
    let started = 0;
    for (const { type, task = '' } of events) {
      if (type === 'task.completed') completed.add(task);
      if (type !== 'task.started') continue;
      started++;
      const index = graph.indexOf(task);
      const needed = graph.dependencies.subarray(graph.dependencyOffsets[index], graph.dependencyOffsets[index + 1]);
      for (const dependency of needed) expect(completed).toContain(graph.names[dependency]);
    }
    expect(started).toBe(graph.size);
  });
});

describe.skipIf(!hasCorpora)(`a folder of JSON that is no workflow${missing}`, () => {
  it('gives one load error a file, each an event, and the good workflow beside them runs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'yardmaster-json-'));
    const source = join(CORPORA, 'json/test_parsing');
    const names = readdirSync(source).filter((name) => name.endsWith('.json'));
    for (const name of names) copyFileSync(join(source, name), join(folder, name));
    writeFileSync(
      join(folder, 'good.json'),
      JSON.stringify({ steps: [{ name: 'a', module: 'core', action: 'noop' }] }),
    );
    const { engine, events } = await createTestEngine({ workflowsDir: folder });
    expect(names).toHaveLength(318);
    expect(engine.workflows.loadErrors.map((error) => error.file)).toHaveLength(318);
    expect(engine.workflows.loadErrors.every((error) => error.faults.length > 0)).toBe(true);
    expect(engine.workflows.listWorkflows()).toEqual(['good']);
    expect((await engine.executeWorkflow('good')).status).toBe('completed');
    expect(events.filter((event) => event.type === 'workflow.load-failed')).toHaveLength(318);
  });
});

describe.skipIf(!hasCorpora)(`the original's workflow files${missing}`, () => {
  it('run their steps in the order of their references when the modules are there', async () => {
    const file = join(CORPORA, 'original-workflows/config/workflows/examples/code-analysis-pipeline.json');
    const load = await readWorkflowFile(file);
    if (load.kind !== 'loaded') throw new Error(JSON.stringify(load.faults));
    const { engine, order } = await createTestEngine();
    engine.registerInlineTask('static_analysis', 'analyze_code_quality', ({ path }) => ({
      path: path ?? null,
      score: 9,
    }));
    engine.registerInlineTask('ai_code_editing', 'generate_code_insights', ({ analysis_data }) => [
      analysis_data ?? null,
    ]);
    engine.registerInlineTask('data_visualization', 'create_analysis_chart', ({ data }) => ({ chart: data ?? null }));
    const execution = await engine.startCompiled(load.workflow).result();
    expect(order('task.started')).toEqual(['analyze_code', 'generate_insights', 'create_visualization']);
    expect(execution.outputs.create_visualization).toEqual({ chart: [{ path: '.', score: 9 }] });
  });
});
