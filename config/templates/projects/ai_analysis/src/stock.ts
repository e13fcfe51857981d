// Sample to analyse: how much of each product is there.

const PRICES = new Map([
  ['lamp', 24.5],
  ['chair', 89],
  ['desk', 249],
]);

const amounts = new Map([...PRICES.keys()].map((product) => [product, 10]));

export function isInStock(product: string, quantity: number): boolean {
  return (amounts.get(product) ?? 0) >= quantity;
}

export function take(product: string, quantity: number): void {
  amounts.set(product, (amounts.get(product) ?? 0) - quantity);
}
