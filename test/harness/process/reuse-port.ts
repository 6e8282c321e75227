import { orThrow } from "../../../src/linux/ffi.js";
import { AF_INET, packSocketAddress } from "../../../src/linux/socket-address.js";
import { bind, listen, openSocket, SOCK_STREAM, turnOn } from "../../../src/linux/socket-calls.js";
import { portOf } from "./ports.js";
import type { UnitSocket } from "./service-manager.js";

const SO_REUSEPORT = 15;

/** So many sockets of one name on one free port of 127.0.0.1, between which the kernel shares out the connections. socket(7). */
export function openReusePort(
  name: string,
  count: number,
): { readonly sockets: UnitSocket[]; readonly port: number } {
  let port = 0;
  const sockets = Array.from({ length: count }, () => {
    const fd = openSocket(AF_INET, SOCK_STREAM);
    turnOn(fd, SO_REUSEPORT);
    const address = packSocketAddress({ kind: "tcp", family: 4, host: "127.0.0.1", port });
    orThrow("bind", bind(fd, address, address.length));
    orThrow("listen", listen(fd, 4096));
    port = portOf(fd);
    return { name, fd };
  });
  return { sockets, port };
}
