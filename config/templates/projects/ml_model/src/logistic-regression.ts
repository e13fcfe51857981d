// Owns the model: logistic regression on standardised features, trained by plain gradient steps. No chance is in it, so
// that the same data gives the same model.

/** An example: its features, and whether it is of the class that is looked for. */
export interface Example {
  readonly features: readonly number[];
  readonly label: 0 | 1;
}

/** What was learned; features are standardised by means and deviations before they are weighed. */
export interface Model {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
  readonly weights: readonly number[];
  readonly bias: number;
}

/** How a model is trained; `onEpoch` is called after each pass over the examples and may throw to stop. */
export interface Training {
  readonly epochs: number;
  readonly learningRate: number;
  readonly onEpoch?: (epoch: number) => void;
}

/** Trains a model by gradient descent on the mean logarithmic loss. */
export function train(examples: readonly Example[], { epochs, learningRate, onEpoch }: Training): Model {
  const { means, deviations } = scaleOf(examples);
  const inputs = examples.map(({ features }) => standardize(features, means, deviations));
  const weights = means.map(() => 0);
  let bias = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const slopes = means.map(() => 0);
    let biasSlope = 0;
    for (const [index, { label }] of examples.entries()) {
      const input = inputs[index] ?? [];
      const error = sigmoid(dot(weights, input) + bias) - label;
      for (const [at, value] of input.entries()) slopes[at] = (slopes[at] ?? 0) + error * value;
      biasSlope += error;
    }
    const step = learningRate / examples.length;
    for (const [at, slope] of slopes.entries()) weights[at] = (weights[at] ?? 0) - step * slope;
    bias -= step * biasSlope;
    onEpoch?.(epoch);
  }
  return { means, deviations, weights, bias };
}

/** The probability that features are of the class that is looked for. */
export function predict({ means, deviations, weights, bias }: Model, features: readonly number[]): number {
  return sigmoid(dot(weights, standardize(features, means, deviations)) + bias);
}

/** The share of examples whose more probable class is the right one. */
export function accuracy(model: Model, examples: readonly Example[]): number {
  const right = examples.filter(({ features, label }) => predict(model, features) >= 0.5 === (label === 1));
  return right.length / examples.length;
}

function scaleOf(examples: readonly Example[]) {
  const columns = examples[0]?.features.map((_, at) => examples.map(({ features }) => features[at] ?? 0)) ?? [];
  const means = columns.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const deviations = columns.map((values, at) => {
    const squares = values.reduce((sum, value) => sum + (value - (means[at] ?? 0)) ** 2, 0);
    return Math.sqrt(squares / values.length) || 1;
  });
  return { means, deviations };
}

function standardize(features: readonly number[], means: readonly number[], deviations: readonly number[]): number[] {
  return features.map((value, at) => (value - (means[at] ?? 0)) / (deviations[at] ?? 1));
}

function dot(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
