// Owns what may stand in parameters and results: values that JSON can record without losing anything.

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** Results nested deeper than this are refused: no recorder or viewer reads them without overflowing. */
export const MAX_JSON_DEPTH = 1_000;

/**
 * The first place at which a value cannot be recorded as JSON (`$.a[0]: a function`), or undefined if it can.
 * `undefined` at the top is recordable (as null); inside objects an undefined property is dropped as JSON does.
 */
export function findUnrecordable(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') return faultOfScalar(value, '$');
  // A container is on the path from its visit to the entry that leaves it: what is met again in between is a ring.
  const onPath = new Set<object>();
  const pending: { value: object; path: string; depth: number; leave: boolean }[] = [];
  pending.push({ value, path: '$', depth: 0, leave: false });
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (item.leave) {
      onPath.delete(item.value);
      continue;
    }
    const fault = faultOfContainer(item.value);
    if (fault !== undefined) return `${item.path}: ${fault}`;
    if (item.depth >= MAX_JSON_DEPTH) return `${item.path}: nested deeper than ${MAX_JSON_DEPTH} levels`;
    onPath.add(item.value);
    pending.push({ ...item, leave: true });
    for (const [key, child] of Object.entries(item.value)) {
      const path = Array.isArray(item.value) ? `${item.path}[${key}]` : `${item.path}.${key}`;
      if (child === undefined || child === null) continue;
      if (typeof child !== 'object') {
        const scalarFault = faultOfScalar(child, path);
        if (scalarFault !== undefined) return scalarFault;
        continue;
      }
      if (onPath.has(child)) return `${path}: refers back to itself`;
      pending.push({ value: child, path, depth: item.depth + 1, leave: false });
    }
  }
  return undefined;
}

function faultOfScalar(value: unknown, path: string): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path}: ${value} is no JSON number`;
  return `${path}: a ${typeof value}`;
}

function faultOfContainer(value: object): string | undefined {
  if (Array.isArray(value)) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return undefined;
  const name: unknown = value.constructor?.name;
  const what = typeof name === 'string' && name !== '' ? `a ${name}` : 'an object that is not plain';
  return `${what}, which JSON would not give back as it is`;
}
