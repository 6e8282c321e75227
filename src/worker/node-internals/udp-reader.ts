import type { Socket } from "node:dgram";

interface Reader {
  recvStop(): unknown;
}

/** A Node that lets no UDP socket stop reading reads until it closes, and nothing is lost either. */
export function stopReading(socket: Socket): void {
  findReader(socket)?.recvStop();
}

/** By the symbol's name, for the property `_handle` of old warns when it is read. */
function findReader(socket: Socket): Reader | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === "state symbol",
  );
  const state: unknown = symbol && Reflect.get(socket, symbol);
  if (typeof state !== "object" || state === null) return undefined;
  const handle: unknown = Reflect.get(state, "handle");
  return typeof handle === "object" && handle !== null && isReader(handle) ? handle : undefined;
}

function isReader(handle: object): handle is Reader {
  return "recvStop" in handle && typeof handle.recvStop === "function";
}
