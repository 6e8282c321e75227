import { Socket as UdpSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import type { Address } from "../../lib/address.js";
import { HoldfastError, type Result } from "../../lib/failure.js";
import { openListener } from "../../linux/listener.js";
import type { NodeServer, Place } from "../carriers/listen.js";

const backlog = 4096;

/**
 * A socket for the server at a place, as its own `listen` or `bind` would open it; but a unix socket's file stays when
 * the server is closed, for the next process to accept on. Throws the failures of `openListener`.
 */
export async function bindPlace(server: NodeServer, { port = 0, host, path }: Place): Promise<number> {
  if (path !== undefined) return unwrap(open({ kind: "unix", path: resolve(path) }));
  const kind = server instanceof UdpSocket ? "udp" : "tcp";
  if (host !== undefined) {
    const { address } = await lookup(host);
    return unwrap(open({ kind, family: isIPv6(address) ? 6 : 4, host: address, port }));
  }
  const ipv4: Address = { kind, family: 4, host: "0.0.0.0", port };
  // What `udp6` takes, `udp4` cannot: the type is the app's choice, and Node does not tell it.
  if (kind === "udp") return unwrap(open(ipv4));
  const both = open({ kind, family: 6, host: "::", port });
  // A machine without IPv6 has no such address.
  return unwrap(both.ok || both.failure.reason === "address-in-use" ? both : open(ipv4));
}

function open(address: Address): Result<number> {
  return openListener(address, { backlog });
}

function unwrap(opened: Result<number>): number {
  if (opened.ok) return opened.value;
  throw new HoldfastError(opened.failure.reason, opened.failure.message);
}
