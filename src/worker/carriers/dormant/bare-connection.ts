import type { Frozen, Meta } from "../carrier.js";

const nothing = Buffer.alloc(0);

/** A connection all of whose bytes are with the kernel. */
export function bareConnection(fd: number, meta: Meta): Frozen {
  return { fd, meta, input: nothing, output: nothing };
}

/** Whether it is one. */
export function isBare({ input, output }: Frozen): boolean {
  return input.length + output.length === 0;
}
