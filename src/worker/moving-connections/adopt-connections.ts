import { closeFd } from "../../linux/fd.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import type { MovingConnection } from "./freeze-connections.js";
import type { ArrivedConnection } from "./pack-connections.js";

/** With the server that it belongs to here; undefined when nobody serves it, or its server cannot take it in. */
export function findServer(
  served: readonly ServedCarrier[],
  { kind, listener, frozen }: ArrivedConnection,
): MovingConnection | undefined {
  const owner = served.find(
    ({ listener: its, carrier }) => its === listener && carrier.kind === kind && carrier.takesIn !== false,
  );
  return owner && { served: owner, frozen };
}

/** Puts each into its server, or says why that refuses it, which closes it. Returns how many were put in. */
export function adoptConnections(
  connections: readonly MovingConnection[],
  report: (problem: string) => void,
): number {
  let adopted = 0;
  for (const { served, frozen } of connections) {
    try {
      served.carrier.adopt(frozen);
      adopted += 1;
    } catch (error) {
      report(`a connection of ${served.listener} was closed: ${String(error)}`);
    }
  }
  return adopted;
}

/** Closes this process's copies: the connections end, unless another process has its own. */
export function closeCopies(connections: readonly Pick<MovingConnection, "frozen">[]): void {
  for (const { frozen } of connections) closeFd(frozen.fd);
}
