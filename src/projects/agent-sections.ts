// Owns what the PAI documents tell an AI agent of a project: which tool does what to it, what comes back, and where the
// limits are. Says of each tool only what holds for this project's workflows.

import { codeBlock, codeCell, codeSpan, markdownTable } from './markdown-text.ts';
import type { TaskModule } from './project-facts.ts';
import { WORKFLOW_FOLDER } from './project-store.ts';
import type { WorkflowOutline } from './workflow-outline.ts';
import { requiredNames, seconds, shortList } from './workflow-sections.ts';

const MAX_CALLS = 50;
const COMMAND = { module: 'core', action: 'command' } as const;

type Tool = readonly [name: string, use: string];

const WORKFLOW_TOOLS: readonly Tool[] = [
  ['list_workflows', 'See which workflows are loaded.'],
  ['get_workflow_graph', 'See the steps of a workflow and what each of them waits for.'],
  ['simulate_workflow', 'Estimate how long a run takes, without running anything.'],
  ['execute_workflow', 'Run a workflow; the answer has the outputs of its steps, or their errors.'],
  ['get_run', 'Look at a run: status, tasks, outputs.'],
  ['list_runs', 'Find earlier runs.'],
  ['explain_waiting', 'Find out why a run, or a step of it, waits.'],
  ['cancel_run', 'Stop a run.'],
  ['rerun_from_failed', 'Repeat a failed run; steps that have completed are not run again.'],
];

const TASK_TOOL: Tool = ['execute_task', 'Run one action of a task module by itself.'];
const WRITING_TOOL: Tool = [
  'create_workflow',
  `Add a workflow: it is checked, written to ${codeSpan(WORKFLOW_FOLDER)}, and can be run at once.`,
];

/** What a document's tools act on. */
export interface ToolScope {
  readonly workflows: readonly WorkflowOutline[];
  readonly modules: readonly TaskModule[];
  /** Whether it is the project's own folder. */
  readonly isRoot: boolean;
}

/** Tools that have something to act on. Never empty: a document that tells what can be done must not end without it. */
export function toolTable({ workflows, modules, isRoot }: ToolScope): string {
  const tools = [
    ...(workflows.length > 0 ? WORKFLOW_TOOLS : []),
    ...(modules.length > 0 ? [TASK_TOOL] : []),
    ...(isRoot ? [WRITING_TOOL] : []),
  ];
  if (tools.length === 0)
    return 'No tool acts on this folder by itself; the tools of the project are told in its own folder.';
  return markdownTable(
    ['Tool', 'What for'],
    tools.map(([tool, use]) => [codeCell(tool), use]),
  );
}

/** One call of execute_workflow for each workflow. */
export function toolCalls(workflows: readonly WorkflowOutline[]): string {
  if (workflows.length === 0) return '';
  const calls = workflows.slice(0, MAX_CALLS).map(({ definition, parameters }) => {
    const given = Object.fromEntries(requiredNames(parameters).map((name) => [name, '…']));
    return JSON.stringify({ workflow_name: definition.name, parameters: given });
  });
  return codeBlock(calls.join('\n'), 'json');
}

/** What a run gives back. */
export function outputList(workflows: readonly WorkflowOutline[]): string {
  return workflows
    .map(({ definition, lastSteps }) => {
      const noun = lastSteps.length === 1 ? 'the last step is' : 'the last steps are';
      return `- ${codeSpan(definition.name)}: the output of every step that ran, by its name; ${noun} ${shortList(lastSteps.map(codeSpan))}`;
    })
    .join('\n');
}

/** What bounds the runs. */
export function limitList(workflows: readonly WorkflowOutline[]): string {
  return workflows
    .flatMap(({ definition }) => {
      const name = codeSpan(definition.name);
      const { maxParallel, timeoutMs } = definition;
      const commands = definition.steps.filter(
        ({ module, action }) => module === COMMAND.module && action === COMMAND.action,
      );
      const optional = definition.steps.filter(({ required }) => !required);
      return [
        maxParallel === null ? [] : [`- ${name} runs at most ${maxParallel} steps at once`],
        timeoutMs === null ? [] : [`- A run of ${name} ends after ${seconds(timeoutMs)} at the latest`],
        optional.length === 0 ? [] : [`- ${name} completes even if these steps fail: ${names(optional)}`],
        commands.length === 0
          ? []
          : [
              `- ${name} starts programs (${names(commands)}): the server refuses that unless it was started with ${codeSpan('--allow-commands')}, or its configuration allows it`,
            ],
      ].flat();
    })
    .join('\n');
}

function names(steps: readonly { readonly name: string }[]): string {
  return shortList(steps.map(({ name }) => codeSpan(name)));
}
