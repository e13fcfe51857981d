// Sample to analyse: what each product costs.

const PRICES = new Map([
  ['lamp', 24.5],
  ['chair', 89],
  ['desk', 249],
]);

export function priceOf(product: string): number {
  const price = PRICES.get(product);
  if (price === undefined) {
    const known = [...PRICES.keys()].sort().join(', ');
    throw new Error(`unknown product ${product}; known are ${known}`);
  }
  return price;
}
