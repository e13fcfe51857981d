// Splits the data, tries each learning rate on each fold, and trains the model that is kept.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';
import { accuracy, type Example, train } from '../src/logistic-regression.ts';
import { shuffle } from '../src/shuffle.ts';

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface SplitParameters extends ProjectParameters {
  /** Table of numbers with a header. */
  input: string;
  /** Column to be predicted, of 0 and 1; the others are features. */
  label: string;
  /** Part of the examples that is kept apart for the evaluation. */
  test_share: number;
  /** Whole number that the order of the examples follows from. */
  seed: number;
  /** Folder for the two parts. */
  into: string;
}

/** Shuffles the examples and splits them into those to train with and those kept apart. */
export async function split(parameters: SplitParameters, context: TaskContext) {
  const { root = '.', input, label, test_share, seed, into } = parameters;
  const text = await readFile(resolve(root, input), { encoding: 'utf8', signal: context.signal });
  const [header = [], ...rows] = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  const labelAt = header.indexOf(label);
  if (labelAt < 0) throw new Error(`${input} has no column ${label}; it has ${header.join(', ')}`);
  const examples = rows.map((row, index): Example => {
    const features = row.filter((_, at) => at !== labelAt).map(Number);
    if (row.length !== header.length || features.some(Number.isNaN)) {
      throw new Error(`line ${index + 2} of ${input} is not ${header.length} numbers; correct it`);
    }
    return { features, label: Number(row[labelAt]) === 1 ? 1 : 0 };
  });
  shuffle(examples, seed);
  const kept = Math.round(examples.length * test_share);
  const files = { test: `${into}/test.json`, train: `${into}/train.json` };
  await mkdir(resolve(root, into), { recursive: true });
  await writeFile(resolve(root, files.test), JSON.stringify(examples.slice(0, kept)));
  await writeFile(resolve(root, files.train), JSON.stringify(examples.slice(kept)));
  context.log('info', `${examples.length - kept} examples to train with, ${kept} kept apart`);
  return { ...files, features: header.filter((_, at) => at !== labelAt), examples: examples.length };
}

interface FoldParameters extends ProjectParameters {
  /** Examples to train with. */
  input: string;
  /** Which fold is left out, from 1. */
  fold: number;
  /** How many folds there are. */
  folds: number;
  /** Passes over the examples. */
  epochs: number;
  /** Learning rates to try. */
  learning_rates: number[];
}

/** Trains without one fold and measures the accuracy on it, for each learning rate. */
export async function tryFold(parameters: FoldParameters, context: TaskContext) {
  const { root = '.', input, fold, folds, epochs, learning_rates } = parameters;
  const examples = await readExamples(resolve(root, input));
  const left = examples.filter((_, index) => index % folds === fold - 1);
  const rest = examples.filter((_, index) => index % folds !== fold - 1);
  const scores = learning_rates.map((learningRate, index) => {
    const onEpoch = progressOf(context, epochs * learning_rates.length, index * epochs);
    const model = train(rest, { epochs, learningRate, onEpoch });
    return { learningRate, accuracy: accuracy(model, left) };
  });
  return { fold, scores };
}

interface TrainParameters extends ProjectParameters {
  /** File of the examples to train with. */
  input: string;
  /** Names of the features, in their order. */
  features: string[];
  /** Passes over the examples. */
  epochs: number;
  /** Length of a step down the slope. */
  learning_rate: number;
  /** File for the model. */
  output: string;
}

/** Trains the model on all examples but those kept apart, and writes it. */
export async function trainModel(parameters: TrainParameters, context: TaskContext) {
  const { root = '.', input, features, epochs, learning_rate, output } = parameters;
  const examples = await readExamples(resolve(root, input));
  const onEpoch = progressOf(context, epochs, 0);
  const model = train(examples, { epochs, learningRate: learning_rate, onEpoch });
  await mkdir(dirname(resolve(root, output)), { recursive: true });
  await writeFile(resolve(root, output), `${JSON.stringify({ features, ...model }, null, 2)}\n`);
  context.log('info', `wrote the model to ${output}`);
  return { output, trained: examples.length };
}

function progressOf(context: TaskContext, total: number, done: number): (epoch: number) => void {
  return (epoch) => {
    context.signal.throwIfAborted();
    if (epoch % 50 === 0) context.progress((done + epoch) / total, `epoch ${epoch}`);
  };
}

async function readExamples(file: string): Promise<Example[]> {
  return JSON.parse(await readFile(file, 'utf8'));
}
