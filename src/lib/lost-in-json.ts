/** Names the first part that JSON leaves out or changes; undefined when there is none. The value has no cycles. */
export function findLost(value: unknown): string | undefined {
  const where = findPath(value);
  return where === undefined ? undefined : `the value${where}`;
}

/** From the value down; built on the way back, for large values are looked through while clients wait. */
function findPath(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : ` (${value})`;
  if (typeof value === "function" || typeof value === "symbol") return ` (a ${typeof value})`;
  if (typeof value !== "object" || value === null) return undefined;
  if ("toJSON" in value && typeof value.toJSON === "function") return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return ` (a ${value.constructor.name})`;
  }
  for (const key of Object.keys(value)) {
    const where = findPath(Reflect.get(value, key));
    if (where !== undefined) return `.${key}${where}`;
  }
  return undefined;
}
