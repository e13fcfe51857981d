// Owns the bench of task graphs: what it costs to take tasks in, and to validate, level and rank them.
// Graphs are layered, so that the number of levels and the longest path are known from how they are made.

import { WorkflowDAG } from '../src/dag/workflow-dag.ts';
import { type BenchOptions, type BenchRow, refuseUndone, rowOf } from './measurement.ts';
import { timeStretches } from './stretches.ts';

export const description =
  'Layered graphs of three dependencies a task: building a WorkflowDAG from a list of tasks, and validate() + ' +
  'getExecutionLevels() + criticalPath() on a graph just built.';

interface Task {
  readonly name: string;
  readonly dependencies: readonly string[];
}

interface Size {
  readonly layers: number;
  readonly width: number;
}

const DEPENDENCIES = 3;
const SIZES: readonly Size[] = [
  { layers: 10, width: 100 },
  { layers: 50, width: 200 },
  { layers: 100, width: 1_000 },
];
const TINY_SIZES: readonly Size[] = [{ layers: 4, width: 10 }];

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const size of options.tiny ? TINY_SIZES : SIZES) rows.push(...(await measure(size, options)));
  return rows;
}

export function verify(rows: readonly BenchRow[]): void {
  if (rows.length === 0) throw new Error('the dag bench measured nothing');
  refuseUndone(rows, []);
}

async function measure(size: Size, options: BenchOptions): Promise<BenchRow[]> {
  const tasks = layeredTasks(size);
  const edges = tasks.reduce((sum, task) => sum + task.dependencies.length, 0);
  const label = `${tasks.length.toLocaleString('en')} tasks, ${edges.toLocaleString('en')} edges`;
  let dag = new WorkflowDAG(tasks);
  const rebuild = () => {
    dag = new WorkflowDAG(tasks);
  };
  const built = await timeStretches(options, rebuild);

  const found = { tasks: 0, levels: 0, pathTasks: 0 };
  const analysed = await timeStretches(
    options,
    () => {
      dag.validate();
      const levels = dag.getExecutionLevels();
      found.pathTasks = dag.criticalPath().path.length;
      found.levels = levels.length;
      found.tasks = levels.reduce((sum, level) => sum + level.length, 0);
    },
    rebuild,
  );
  return [
    rowOf(`build, ${label}`, 'ms', built, {
      observed: 'stretch',
      work: { tasks: dag.size },
      expected: { tasks: tasks.length },
    }),
    rowOf(`validate + levels + critical path, ${label}`, 'ms', analysed, {
      observed: 'stretch',
      work: { ...found, edgesInOrder: edgesInOrder(tasks, dag.getExecutionLevels()) },
      expected: { tasks: tasks.length, levels: size.layers, pathTasks: size.layers, edgesInOrder: edges },
    }),
  ];
}

// Each task has one dependency straight above it, and others spread over the same layer by fixed strides: no chance.
function layeredTasks({ layers, width }: Size): Task[] {
  const tasks: Task[] = [];
  for (let layer = 0; layer < layers; layer++) {
    for (let column = 0; column < width; column++) {
      const dependencies: string[] = [];
      for (let k = 0; layer > 0 && k < DEPENDENCIES; k++) {
        dependencies.push(nameOf(layer - 1, (column + k * (1 + (layer % 7))) % width));
      }
      tasks.push({ name: nameOf(layer, column), dependencies });
    }
  }
  return tasks;
}

function nameOf(layer: number, column: number): string {
  return `layer${layer}-task${column}`;
}

// How many edges lead from an earlier level to a later one.
function edgesInOrder(tasks: readonly Task[], levels: readonly (readonly string[])[]): number {
  const levelOf = new Map(levels.flatMap((names, level) => names.map((name) => [name, level] as const)));
  let inOrder = 0;
  for (const { name, dependencies } of tasks) {
    for (const dependency of dependencies) {
      if ((levelOf.get(dependency) ?? Number.POSITIVE_INFINITY) < (levelOf.get(name) ?? -1)) inOrder += 1;
    }
  }
  return inOrder;
}
