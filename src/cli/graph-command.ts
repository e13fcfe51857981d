// Owns `graph`: the task graph of a workflow on stdout, in the notation that was asked for.

import { toDot, toMermaid } from '../dag/graph-notation.ts';
import type { TaskGraph } from '../dag/task-graph.ts';
import { assertNever } from '../domain/runtime-error.ts';
import { GRAPH_FORMATS, type GraphFlags } from './command-tree.ts';
import { usageError } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { settingsOf } from './shell-config.ts';
import { type FoundWorkflow, findWorkflow } from './workflow-source.ts';

type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** Prints the graph; unknown modules do not matter to it. */
export async function graphCommand(shell: Shell, target: string, flags: GraphFlags): Promise<ExitCode> {
  const format = GRAPH_FORMATS.find((known) => known === flags.format);
  if (format === undefined) {
    throw usageError(`--format must be one of ${GRAPH_FORMATS.join(', ')}, not "${flags.format}"`);
  }
  const text = await renderGraph(await findWorkflow(target, settingsOf(flags)), format);
  shell.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return ExitCode.COMPLETED;
}

async function renderGraph({ workflow, definition }: FoundWorkflow, format: GraphFormat): Promise<string> {
  const { graph } = workflow;
  switch (format) {
    case 'mermaid':
      return toMermaid(graph);
    case 'dot':
      return toDot(graph);
    case 'json':
      return JSON.stringify(graphJson(graph), null, 2);
    case 'svg': {
      const { renderGraphSvg } = await import('./graph-svg.ts');
      return renderGraphSvg(graph, {
        title: definition.name,
        subtitleOf: (index) => {
          const step = definition.steps[index];
          return step === undefined ? '' : `${step.module}.${step.action}`;
        },
      });
    }
    default:
      return assertNever(format);
  }
}

/** The same form as WorkflowDAG's toJSON, with the dependencies that references add. */
function graphJson(graph: TaskGraph): { name: string; dependencies: string[] }[] {
  return graph.names.map((name, index) => {
    const row = graph.dependencies.subarray(graph.dependencyOffsets[index], graph.dependencyOffsets[index + 1]);
    return { name, dependencies: Array.from(row, (dependency) => graph.names[dependency] ?? '') };
  });
}
