import type { Carrier } from "./carrier.js";
import type { NodeServer } from "./listen.js";

/** A server that this worker serves on a listener. One server may have two carriers: HTTP and its WebSockets. */
export interface ServedCarrier {
  readonly listener: string;
  readonly carrier: Carrier;
  readonly server: NodeServer;
}
