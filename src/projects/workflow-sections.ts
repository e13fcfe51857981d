// Owns what documents say of workflows, as Markdown: a table of all, their graphs, each in full, the commands that run them.
// Every name, text and expression in it is a person's, and goes through markdown-text.ts.

import type { JsonValue } from '../domain/json-value.ts';
import { PRIORITY_NAMES, TaskPriority } from '../domain/statuses.ts';
import type { StepDefinition } from '../domain/workflow-definition.ts';
import {
  codeBlock,
  codeCell,
  codeSpan,
  escapeMarkdown,
  escapeParagraphs,
  escapeProse,
  joinThings,
  markdownTable,
} from './markdown-text.ts';
import {
  OUTLINE_LIMITS,
  type ProjectWorkflows,
  type RunParameterOutline,
  type WorkflowOutline,
  type WorkflowStepOutline,
} from './workflow-outline.ts';

const MAX_VALUE_LENGTH = 120;
const MAX_TEXT_LENGTH = 500;
const NONE = '–';

/** A table of workflows: name, description, steps, file. */
export function workflowTable(workflows: readonly WorkflowOutline[]): string {
  const rows = workflows.map(({ definition, file }) => [
    codeCell(definition.name),
    escapeProse(shortText(definition.description), codeCell) || NONE,
    String(definition.steps.length),
    codeCell(file),
  ]);
  return markdownTable(['Workflow', 'What it does', 'Steps', 'File'], rows);
}

/** Each workflow's graph under its name. */
export function workflowGraphs(workflows: readonly WorkflowOutline[]): string {
  return joinThings(
    workflows.map((workflow) => [headingOf(workflow), graphOf(workflow)]),
    'workflows',
  );
}

/** Each workflow in full. */
export function workflowDetails(workflows: readonly WorkflowOutline[]): string {
  return joinThings(workflows.map(detailsOf), 'workflows');
}

/** Files that give no workflow, and why. */
export function workflowFaults(faulty: ProjectWorkflows['faulty']): string {
  return faulty
    .map(({ file, reason }) => `- ${codeSpan(file)} gives no workflow: ${escapeMarkdown(reason)}`)
    .join('\n');
}

/** Commands that run the workflows. */
export function runCommands(workflows: readonly WorkflowOutline[]): string {
  if (workflows.length === 0) return '';
  return codeBlock(workflows.map(runCommand).join('\n'), 'sh');
}

/** Resources that steps take or workflows declare. */
export function resourceTable(workflows: readonly WorkflowOutline[]): string {
  const rows = workflows.flatMap(({ definition, steps }) => {
    const declared = new Map(definition.resources.map((resource) => [resource.id, resource]));
    const used = new Set([...declared.keys(), ...steps.flatMap(({ step }) => Object.keys(step.resources))]);
    return [...used].sort().map((id) => {
      const resource = declared.get(id);
      const users = steps.flatMap(({ step }) =>
        Object.hasOwn(step.resources, id) ? [`${codeCell(step.name)} (${step.resources[id]})`] : [],
      );
      return [
        codeCell(id),
        resource === undefined
          ? 'not declared here: the engine must have it'
          : `${resource.type}, ${resource.capacity}`,
        codeCell(definition.name),
        shortList(users),
      ];
    });
  });
  return markdownTable(['Resource', 'Type and capacity', 'Workflow', 'Steps that take it (amount)'], rows);
}

/** What a run can be given: a table of parameters over all workflows. */
export function parameterTable(workflows: readonly WorkflowOutline[]): string {
  const rows = workflows.flatMap(({ definition, parameters }) =>
    parameters.map((parameter) => [codeCell(definition.name), ...parameterCells(parameter)]),
  );
  return markdownTable(['Workflow', 'Parameter', 'Default'], rows);
}

function parameterCells({ name, defaultValue }: RunParameterOutline): string[] {
  return [codeCell(name), defaultValue === undefined ? 'must be given' : codeCell(shortValue(defaultValue))];
}

/** Names of the parameters that a run must be given. */
export function requiredNames(parameters: readonly RunParameterOutline[]): string[] {
  return parameters.filter(({ defaultValue }) => defaultValue === undefined).map(({ name }) => name);
}

/** The start of a text that may be long. */
export function shortText(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}…`;
}

/** A value as JSON on one line, cut where it is long. */
function shortValue(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}…`;
}

function headingOf({ definition }: WorkflowOutline): string {
  return `### ${escapeMarkdown(definition.name)}`;
}

function graphOf({ definition, target, mermaid }: WorkflowOutline): string {
  if (mermaid !== null) return codeBlock(mermaid, 'mermaid');
  const command = codeSpan(`yardmaster graph --format svg ${targetWord(target)}`);
  return `Its ${definition.steps.length} steps are too many to draw here; ${command} draws them.`;
}

function detailsOf(workflow: WorkflowOutline): string[] {
  const { definition, steps, parameters } = workflow;
  const listed = steps.slice(0, OUTLINE_LIMITS.listedSteps);
  const more = steps.length - listed.length;
  return [
    headingOf(workflow),
    escapeParagraphs(definition.description),
    traitsOf(workflow),
    markdownTable(['Run parameter', 'Default'], parameters.map(parameterCells)),
    markdownTable(['Step', 'Action', 'After', 'Takes', 'Rules'], listed.map(stepRow)),
    more > 0 ? `And ${more} more steps.` : '',
    graphOf(workflow),
  ];
}

function traitsOf({ definition, file }: WorkflowOutline): string {
  const { version, mode, maxParallel, timeoutMs } = definition;
  const traits = [
    `- File: ${codeSpan(file)}`,
    version === '' ? '' : `- Version: ${escapeMarkdown(version)}`,
    mode === null ? '' : `- Mode: ${codeSpan(mode)}`,
    maxParallel === null ? '' : `- Steps at once: at most ${maxParallel}`,
    timeoutMs === null ? '' : `- Time limit of a run: ${seconds(timeoutMs)}`,
  ];
  return traits.filter((trait) => trait !== '').join('\n');
}

function stepRow({ step, dependencies }: WorkflowStepOutline): string[] {
  const resources = Object.entries(step.resources).map(([id, amount]) => `${codeCell(id)} (${amount})`);
  return [
    codeCell(step.name),
    codeCell(`${step.module}.${step.action}`),
    shortList(dependencies.map(codeCell)),
    shortList(resources),
    rulesOf(step).join('; ') || NONE,
  ];
}

function rulesOf(step: StepDefinition): string[] {
  const rules: string[] = [];
  const { maxAttempts } = step.retry;
  if (step.runIf !== null) rules.push(`only if ${codeCell(step.runIf)}`);
  if (!step.required) rules.push('may fail');
  if (maxAttempts > 1)
    rules.push(Number.isFinite(maxAttempts) ? `up to ${maxAttempts} attempts` : 'tried again without end');
  if (step.timeoutMs !== null) rules.push(`at most ${seconds(step.timeoutMs)} an attempt`);
  if (step.totalTimeoutMs !== null) rules.push(`at most ${seconds(step.totalTimeoutMs)} in all`);
  if (step.heartbeatTimeoutMs !== null) rules.push(`silent for at most ${seconds(step.heartbeatTimeoutMs)}`);
  if (step.priority !== TaskPriority.NORMAL) rules.push(`priority ${PRIORITY_NAMES[step.priority]}`);
  if (step.concurrency !== null)
    rules.push(`at most ${step.concurrency.limit} at once of ${codeCell(step.concurrency.key)}`);
  return rules;
}

/** The first names of a list, and how many more there are. */
export function shortList(items: readonly string[]): string {
  const shown = items.slice(0, 20);
  const more = items.length - shown.length;
  return shown.length === 0 ? NONE : `${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** A duration in words. */
export function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}

function runCommand({ target, parameters }: WorkflowOutline): string {
  const flags = requiredNames(parameters).map((name) => ` --param ${shellWord(`${name}=…`)}`);
  return `yardmaster run${flags.join('')} ${targetWord(target)}`;
}

// A name that looks like a flag comes after the mark that ends them.
function targetWord(target: string): string {
  return (target.startsWith('-') ? '-- ' : '') + shellWord(target);
}

function shellWord(text: string): string {
  return /^[\w./@%+=:,…-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
