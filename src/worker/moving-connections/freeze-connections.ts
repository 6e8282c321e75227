import type { Frozen } from "../carriers/carrier.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";

/** A connection on its way: taken out of its server here, or about to be put into one. Nobody reads from it. */
export interface MovingConnection {
  readonly served: ServedCarrier;
  /** Its fd belongs to whoever holds this object. */
  readonly frozen: Frozen;
}

/** Takes connections that can move at this moment out of the servers, at most `limit`. Call it on a clean stack. */
export function freezeConnections(served: Iterable<ServedCarrier>, limit: number): MovingConnection[] {
  const moving: MovingConnection[] = [];
  for (const one of served) {
    if (moving.length >= limit) break;
    for (const frozen of one.carrier.freeze(limit - moving.length)) moving.push({ served: one, frozen });
  }
  return moving;
}
