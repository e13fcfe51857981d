// Sample to analyse: put your own sources in this folder instead.

import { priceOf } from './prices.ts';
import { isInStock, take } from './stock.ts';

export interface Line {
  readonly product: string;
  readonly quantity: number;
}

export function checkout(lines: readonly Line[], country: string, isMember: boolean): number {
  let total = 0;
  for (const { product, quantity } of lines) {
    if (quantity <= 0) continue;
    if (!isInStock(product, quantity)) throw new Error(`not enough of ${product}`);
    total += priceOf(product) * quantity;
    take(product, quantity);
  }
  if (isMember && total > 100) total *= 0.9;
  else if (total > 500) total *= 0.95;
  if (country === 'ch' || country === 'no') total += 20;
  else if (country !== 'de' && total < 50) total += 5;
  return Math.round(total * 100) / 100;
}
