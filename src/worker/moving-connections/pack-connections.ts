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
