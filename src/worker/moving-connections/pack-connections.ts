import type { Item } from "../../channel/peer-messages.js";
import type { Frozen } from "../carriers/carrier.js";
import type { MovingConnection } from "./freeze-connections.js";

/** A connection that has come from another process, before it is known who serves it here. */
export interface ArrivedConnection {
  readonly kind: string;
  readonly listener: string;
  readonly frozen: Frozen;
}

/** What is said of a connection beside its fd and its bytes. */
export function describeConnection({ served: { listener, carrier }, frozen }: MovingConnection): Item {
  const { meta, input, output } = frozen;
  return { kind: carrier.kind, listener, meta, inputBytes: input.length, outputBytes: output.length };
}

/** The same of several; those in a row that are alike, and carry no bytes, are one item. */
export function describeRuns(connections: readonly MovingConnection[]): Item[] {
  const runs: { readonly first: MovingConnection; times: number }[] = [];
  for (const one of connections) {
    const run = runs.at(-1);
    if (run !== undefined && areAlike(run.first, one)) run.times += 1;
    else runs.push({ first: one, times: 1 });
  }
  return runs.map(({ first, times }) => ({ ...describeConnection(first), ...(times > 1 && { times }) }));
}

/** An item for each connection. */
export function expandRuns(items: readonly Item[]): Item[] {
  return items.flatMap((item) => Array.from({ length: item.times ?? 1 }, () => item));
}

/** The carrier has one object for all that it says the same of. */
function areAlike(one: MovingConnection, other: MovingConnection): boolean {
  if (one.served !== other.served || one.frozen.meta !== other.frozen.meta) return false;
  return [one, other].every(({ frozen }) => frozen.input.length + frozen.output.length === 0);
}

/** Bytes that were read and not used, or written and not sent: each connection's input, then its output. */
export function joinBytes(connections: readonly Pick<MovingConnection, "frozen">[]): Buffer {
  return Buffer.concat(connections.flatMap(({ frozen }) => [frozen.input, frozen.output]));
}

/** How many bytes `joinBytes` made of connections that are described like this. */
export function countBytes(descriptions: readonly Item[]): number {
  return descriptions.reduce((sum, { inputBytes, outputBytes }) => sum + inputBytes + outputBytes, 0);
}

/** What was described and joined on the other side, in the same order, but for those without an fd. */
export function unpackConnections<Description extends Item>(
  descriptions: readonly Description[],
  bytes: Buffer,
  findFd: (description: Description, position: number) => number | undefined,
): ArrivedConnection[] {
  const arrived: ArrivedConnection[] = [];
  let rest = bytes;
  descriptions.forEach((description, position) => {
    const { kind, listener, meta, inputBytes, outputBytes } = description;
    const input = rest.subarray(0, inputBytes);
    const output = rest.subarray(inputBytes, inputBytes + outputBytes);
    rest = rest.subarray(inputBytes + outputBytes);
    const fd = findFd(description, position);
    if (fd !== undefined) arrived.push({ kind, listener, frozen: { fd, meta, input, output } });
  });
  return arrived;
}
