import type { Item } from "../../channel/peer-messages.js";
import type { Frozen } from "../carriers/carrier.js";
import type { Served } from "../carriers/served-carrier.js";

/** A connection on its way: taken out of its server, and as it is described to a peer. */
export interface Part {
  readonly served: Served;
  readonly frozen: Frozen;
  readonly item: Item;
}

/** Takes connections that can move at this moment out of a server, at most `limit`. */
export function freezeParts(served: Served, limit: number): Part[] {
  const { listener, carrier } = served;
  return carrier.freeze(limit).map((frozen) => {
    const { meta, input, output } = frozen;
    const bytes = { inputBytes: input.length, outputBytes: output.length };
    return { served, frozen, item: { kind: carrier.kind, listener, meta, ...bytes } };
  });
}
