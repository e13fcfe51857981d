// Chooses the learning rate from the folds, and measures the model on examples that it has never seen.

import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';
import { type Example, type Model, predict } from '../src/logistic-regression.ts';

interface SelectParameters {
  /** What each fold came to. */
  folds: { fold: number; scores: { learningRate: number; accuracy: number }[] }[];
}

/** Chooses the learning rate with the best mean accuracy over the folds; the smaller one of two equals. */
export function select({ folds }: SelectParameters, context: TaskContext) {
  const groups = Map.groupBy(
    folds.flatMap(({ scores }) => scores),
    ({ learningRate }) => learningRate,
  );
  const means = [...groups].map(([learningRate, scores]) => ({
    learningRate,
    accuracy: round(scores.reduce((sum, score) => sum + score.accuracy, 0) / scores.length),
  }));
  const [best] = means.toSorted((a, b) => b.accuracy - a.accuracy || a.learningRate - b.learningRate);
  if (best === undefined) throw new Error('no fold has a score; give learning rates to try');
  context.log('info', `learning rate ${best.learningRate} is best: ${best.accuracy} over ${folds.length} folds`);
  return { learningRate: best.learningRate, accuracy: best.accuracy, means };
}

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface EvaluateParameters extends ProjectParameters {
  /** File of the model. */
  model: string;
  /** Examples that were kept apart. */
  test: string;
  /** Mean accuracy over the folds, to compare with. */
  expected: number;
  /** File to write. */
  output: string;
}

/** Measures the model on the examples kept apart, and writes the report. */
export async function evaluate(
  { root = '.', model, test, expected, output }: EvaluateParameters,
  context: TaskContext,
) {
  const learned: Model & { features: string[] } = JSON.parse(await readFile(resolve(root, model), 'utf8'));
  const examples: Example[] = JSON.parse(await readFile(resolve(root, test), 'utf8'));
  const counts = { truePositive: 0, falsePositive: 0, trueNegative: 0, falseNegative: 0 };
  for (const { features, label } of examples) {
    context.signal.throwIfAborted();
    const said = predict(learned, features) >= 0.5;
    if (label === 1) counts[said ? 'truePositive' : 'falseNegative']++;
    else counts[said ? 'falsePositive' : 'trueNegative']++;
  }
  const { truePositive, falsePositive, trueNegative, falseNegative } = counts;
  const measures = {
    accuracy: round((truePositive + trueNegative) / examples.length),
    precision: round(truePositive / Math.max(1, truePositive + falsePositive)),
    recall: round(truePositive / Math.max(1, truePositive + falseNegative)),
  };
  const weights = learned.features.map((feature, at) => `| ${feature} | ${round(learned.weights[at] ?? 0)} |\n`);
  const lines = [
    `# Evaluation\n\nOn ${examples.length} examples that were kept apart; ${expected} was the mean accuracy over the folds.\n\n`,
    ...Object.entries({ ...measures, ...counts }).map(([name, value]) => `- ${name}: ${value}\n`),
    '\n| Feature | Weight |\n| --- | --- |\n',
    ...weights,
  ];
  await mkdir(dirname(resolve(root, output)), { recursive: true });
  await writeFile(resolve(root, output), lines.join(''));
  context.log('info', `accuracy ${measures.accuracy}; see ${output}`);
  return { ...measures, ...counts, output };
}

interface AcceptParameters extends ProjectParameters {
  /** File of the model. */
  model: string;
  /** Its accuracy on the examples kept apart. */
  accuracy: number;
  /** File to write. */
  output: string;
}

/** Puts the model where programs look for it. */
export async function accept({ root = '.', model, accuracy, output }: AcceptParameters, context: TaskContext) {
  await copyFile(resolve(root, model), resolve(root, output));
  context.log('info', `accepted the model with accuracy ${accuracy}: ${output}`);
  return { output };
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
