// Holds what an order means. Run it with `node --test`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCsv, parseCsv } from '../pipelines/csv.ts';
import { addUp, faultOf, merge } from '../pipelines/revenue.ts';

const ORDER = {
  order_id: '1',
  date: '2025-01-31',
  region: 'north',
  product: 'lamp',
  quantity: '2',
  unit_price: '0.10',
};

test('a table reads back as it was written', () => {
  const rows = [
    { a: 'plain', b: 'with "quotes", a comma and\na line end' },
    { a: '', b: 'x' },
  ];
  assert.deepEqual(parseCsv(formatCsv(['a', 'b'], rows)), rows);
});

test('an order with a fault says which', () => {
  assert.equal(faultOf(ORDER), undefined);
  assert.equal(faultOf({ ...ORDER, date: '2025-02-30' }), 'no such day: 2025-02-30');
  assert.equal(faultOf({ ...ORDER, quantity: 'two' }), 'no quantity: two');
});

test('totals of parts are those of the whole', () => {
  const orders = [ORDER, { ...ORDER, region: 'east' }, { ...ORDER, quantity: '3' }];
  assert.deepEqual(merge([...addUp(orders.slice(0, 1)), ...addUp(orders.slice(1))]), addUp(orders));
  assert.equal(addUp(orders)[1]?.cents, 50);
});
