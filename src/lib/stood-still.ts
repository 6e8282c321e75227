/**
 * Whether a queue moved on not at all between two looks at who waits in it: somebody waited, and everybody who did waits still.
 * A length tells less: a queue that is always full, or grows, may be served all the time. A client that gave up counts as
 * served, so a doubtful queue is one that moves.
 */
export function stoodStill(before: ReadonlySet<string>, after: ReadonlySet<string>): boolean {
  return before.size > 0 && [...before].every((client) => after.has(client));
}
