// Owns what an order means: which lines of the raw table can be used, and how revenue adds up by month and region.

import type { Row } from './csv.ts';

export const ORDER_COLUMNS = ['order_id', 'date', 'region', 'product', 'quantity', 'unit_price'] as const;
export const REVENUE_COLUMNS = ['month', 'region', 'orders', 'revenue'] as const;

/** Orders and revenue of one month in one region; revenue in cents, so that sums are exact. */
export interface Total {
  readonly month: string;
  readonly region: string;
  readonly orders: number;
  readonly cents: number;
}

/** Why an order cannot be used, or undefined if it can. */
export function faultOf(order: Row): string | undefined {
  const { date = '', region, quantity = '', unit_price = '' } = order;
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) return `no such day: ${date}`;
  if (!region) return 'no region';
  if (!/^[1-9]\d*$/.test(quantity)) return `no quantity: ${quantity}`;
  if (!/^\d+(?:\.\d{1,2})?$/.test(unit_price)) return `no price: ${unit_price}`;
  return undefined;
}

/** Sound orders added up, in order of month and region. */
export function addUp(orders: readonly Row[]): Total[] {
  return merge(
    orders.map(({ date = '', region = '', quantity = '', unit_price = '' }) => ({
      month: date.slice(0, 7),
      region,
      orders: 1,
      cents: Number(quantity) * Math.round(Number(unit_price) * 100),
    })),
  );
}

/** Totals of the same month and region as one, in order of month and region. */
export function merge(totals: readonly Total[]): Total[] {
  const groups = Map.groupBy(totals, ({ month, region }) => `${month} ${region}`);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, parts]) => parts.reduce(sum));
}

/** A total as a line of the table of revenue. */
export function revenueRow({ month, region, orders, cents }: Total): Row {
  return { month, region, orders: String(orders), revenue: (cents / 100).toFixed(2) };
}

function sum(one: Total, other: Total): Total {
  return { ...one, orders: one.orders + other.orders, cents: one.cents + other.cents };
}
