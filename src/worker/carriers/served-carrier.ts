import type { Carrier } from "./carrier.js";
import type { Servable } from "./listen.js";

/** A server that this worker serves on a listener. One server may have two carriers: HTTP and its WebSockets. */
export interface Served {
  readonly listener: string;
  readonly carrier: Carrier;
  readonly server: Servable;
}
