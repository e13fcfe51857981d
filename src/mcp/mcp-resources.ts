// Owns what can be read over the protocol besides calling tools: runs with their logs and outputs, workflows with their
// graphs, projects, the standing of the engine. Reading changes nothing.

import { readFile } from 'node:fs/promises';
import { toMermaid } from '../dag/graph-notation.ts';
import type { RunRecord } from '../engine/run-archive.ts';
import { logBookOf } from '../inspect/log-book.ts';
import type { ServedResource } from './mcp-server.ts';
import type { McpHost } from './mcp-tool.ts';
import { projectUri, RUNS_URI, runUri, STATUS_URI, workflowUri } from './resource-uris.ts';
import { runDocument, stepOutput } from './run-document.ts';

const JSON_TYPE = 'application/json';
const MERMAID_TYPE = 'text/vnd.mermaid';
/** Newest runs in the list of resources, and in the list of runs itself. */
const LISTED_RUNS = 50;
const MOST_RUNS = 200;
const MOST_LISTED = 500;
/** Newest runs that a completion looks through. */
const COMPLETED_FROM = 1_000;
const LARGEST_FILE = 4 * 1024 * 1024;

type Host = () => Promise<McpHost>;

/** All resources over what the tools act on. */
export function yardmasterResources(host: Host): ServedResource[] {
  return [
    statusResource(host),
    ...runResources(host),
    ...runPartResources(host),
    ...workflowResources(host),
    projectResource(host),
  ];
}

function statusResource(host: Host): ServedResource {
  return {
    name: 'status',
    title: 'Engine status',
    description: 'Health, counts of runs and tasks, capacity, threads, as of now.',
    uri: STATUS_URI,
    mimeType: JSON_TYPE,
    read: async (uri) => {
      const { engine } = await host();
      return json(uri, { health: engine.getHealthStatus(), system: engine.getSystemStatus() });
    },
  };
}

function runResources(host: Host): ServedResource[] {
  return [
    {
      name: 'runs',
      title: 'Runs',
      description: `The newest ${MOST_RUNS} runs of workflows on record, newest first.`,
      uri: RUNS_URI,
      mimeType: JSON_TYPE,
      read: async (uri) => {
        const { engine } = await host();
        return json(uri, { runs: engine.listRuns({ kind: 'workflow', limit: MOST_RUNS }).map(runRow) });
      },
    },
    {
      name: 'run',
      title: 'Run',
      description: 'Standing of a run, its tasks with attempts, errors and outputs, and what they wait for.',
      uri: `${RUNS_URI}/{id}`,
      mimeType: JSON_TYPE,
      complete: { id: runIds(host) },
      list: async () => {
        const { engine } = await host();
        return engine.listRuns({ kind: 'workflow', limit: LISTED_RUNS }).map(({ runId, workflow, status }) => ({
          uri: runUri(runId),
          name: runId,
          title: `Run ${runId}`,
          description: `${status} run of ${workflow}`,
        }));
      },
      read: async (uri, { id = '' }) => {
        const { engine } = await host();
        const history = engine.getRunHistory(id);
        return history === undefined ? undefined : json(uri, runDocument(engine, history));
      },
    },
  ];
}

function runPartResources(host: Host): ServedResource[] {
  return [
    {
      name: 'run-logs',
      title: 'Log of a run',
      description: 'What the tasks of a run logged since this server started, its newest lines; logs are not recorded.',
      uri: `${RUNS_URI}/{id}/logs`,
      mimeType: JSON_TYPE,
      complete: { id: runIds(host) },
      read: async (uri, { id = '' }) => {
        const { engine } = await host();
        if (engine.getRunHistory(id) === undefined) return undefined;
        return json(uri, { run_id: id, ...logBookOf(engine).read(id) });
      },
    },
    {
      name: 'step-output',
      title: 'Output of a step',
      description: 'The whole output of one step of a run that completed.',
      uri: `${RUNS_URI}/{id}/outputs/{step}`,
      mimeType: JSON_TYPE,
      complete: { id: runIds(host) },
      read: async (uri, { id = '', step = '' }) => {
        const text = stepOutput((await host()).engine, id, step);
        return text === undefined ? undefined : [{ uri, mimeType: JSON_TYPE, text }];
      },
    },
  ];
}

function runIds(host: Host) {
  return async (start: string): Promise<string[]> => {
    const { engine } = await host();
    const ids = engine.listRuns({ limit: COMPLETED_FROM }).map(({ runId }) => runId);
    return ids.filter((id) => id.startsWith(start));
  };
}

function workflowResources(host: Host): ServedResource[] {
  const names = async (start: string) => {
    const { engine } = await host();
    return engine.workflows.listWorkflows().filter((name) => name.startsWith(start));
  };
  const base = {
    title: 'Workflow',
    complete: { name: names },
    uri: workflowUri('').concat('{name}'),
  };
  return [
    {
      ...base,
      name: 'workflow',
      description: 'A workflow as its file has it and as the engine runs it (times in ms), and its graph as Mermaid.',
      mimeType: JSON_TYPE,
      list: async () => {
        const all = await names('');
        return all.slice(0, MOST_LISTED).map((name) => ({ uri: workflowUri(name), name, title: `Workflow ${name}` }));
      },
      read: async (uri, { name = '' }) => {
        const { engine } = await host();
        const definition = engine.workflows.getWorkflow(name);
        if (definition === undefined) return undefined;
        const file = engine.workflows.fileOf(name);
        const graph = toMermaid(engine.workflows.getCompiled(name).graph);
        const document = file === undefined ? null : await documentIn(file);
        return [
          ...json(uri, { name, file: file ?? null, document, definition }),
          { uri: `${uri}/graph`, mimeType: MERMAID_TYPE, text: graph },
        ];
      },
    },
    {
      ...base,
      name: 'workflow-graph',
      title: 'Graph of a workflow',
      description: 'The steps of a workflow and what depends on what, as Mermaid.',
      uri: `${base.uri}/graph`,
      mimeType: MERMAID_TYPE,
      read: async (uri, { name = '' }) => {
        const { workflows } = (await host()).engine;
        if (workflows.getWorkflow(name) === undefined) return undefined;
        return [{ uri, mimeType: MERMAID_TYPE, text: toMermaid(workflows.getCompiled(name).graph) }];
      },
    },
  ];
}

function projectResource(host: Host): ServedResource {
  const list = async () => (await host()).projects.listProjects();
  return {
    name: 'project',
    title: 'Project',
    description: 'The record of a project: type, status, folder, workflows, configuration, history.',
    uri: projectUri('').concat('{name}'),
    mimeType: JSON_TYPE,
    complete: {
      name: async (start) => (await list()).map(({ name }) => name).filter((name) => name.startsWith(start)),
    },
    list: async () =>
      (await list()).slice(0, MOST_LISTED).map(({ name, type, status }) => ({
        uri: projectUri(name),
        name,
        title: `Project ${name}`,
        description: `${status} project of type ${type}`,
      })),
    read: async (uri, { name = '' }) => {
      const project = await (await host()).projects.getProject(name);
      return project === undefined ? undefined : json(uri, project);
    },
  };
}

function runRow({ runId, workflow, status, parked, steps, createdAtMs, startedAtMs, endedAtMs, rerunOf }: RunRecord) {
  return {
    run_id: runId,
    workflow_name: workflow,
    status: parked === null ? status : 'parked',
    steps,
    created_at: new Date(createdAtMs).toISOString(),
    started_at: startedAtMs === null ? null : new Date(startedAtMs).toISOString(),
    ended_at: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
    rerun_of: rerunOf,
    resource: runUri(runId),
  };
}

// Somebody may have changed or removed the file since; then the definition alone says what runs.
async function documentIn(file: string): Promise<unknown> {
  try {
    const text = await readFile(file, 'utf8');
    return text.length > LARGEST_FILE ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function json(uri: string, content: object) {
  return [{ uri, mimeType: JSON_TYPE, text: JSON.stringify(content, null, 1) }];
}
