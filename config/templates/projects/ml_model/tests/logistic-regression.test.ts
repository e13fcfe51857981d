// Holds that the model learns what can be learned. Run it with `node --test`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accuracy, type Example, predict, train } from '../src/logistic-regression.ts';

const EXAMPLES: Example[] = Array.from({ length: 40 }, (_, at) => ({
  features: [at, 1],
  label: at < 20 ? 0 : 1,
}));

test('classes that a line separates are told apart', () => {
  const model = train(EXAMPLES, { epochs: 200, learningRate: 1 });
  assert.equal(accuracy(model, EXAMPLES), 1);
  assert.ok(predict(model, [39, 1]) > 0.9);
});

test('the same examples give the same model', () => {
  const options = { epochs: 20, learningRate: 0.1 };
  assert.deepEqual(train(EXAMPLES, options), train(EXAMPLES, options));
});
