import { isIP } from "node:net";
import { type Address, parseAddress, sameAddress } from "../../lib/address.js";
import { inspectSocket } from "../../linux/socket.js";
import type { InheritedFd } from "../../systemd/listen-fds.js";
import type { WantedAddress } from "./listen-arguments.js";

/** A listening socket that was passed. */
export interface Passed extends InheritedFd {
  readonly address: Address;
}

/** Those of what was passed on which a `net.Server` can listen, each with its own address. */
export function findListeners(inherited: readonly InheritedFd[]): Passed[] {
  return inherited.flatMap((one) => {
    const facts = inspectSocket(one.fd);
    if (facts?.type !== "stream" || !facts.listening) return [];
    const address = parseAddress(facts.address);
    return address.ok ? [{ ...one, address: address.value }] : [];
  });
}

/**
 * The listener that an app means: of that path or port. Where its host and the listener's are both given and differ, it
 * is not that one, but a wildcard, a host name and any loopback address mean whatever address the port has here.
 */
export function findListener(listeners: readonly Passed[], wish: WantedAddress): Passed | undefined {
  return (
    listeners.find(({ address }) => isExactly(address, wish)) ??
    listeners.find(({ address }) => couldBe(address, wish))
  );
}

function isExactly(address: Address, wish: WantedAddress): boolean {
  if (address.kind === "unix") return wish.kind === "path" && wish.path === address.path;
  if (wish.kind !== "port" || wish.port !== address.port || wish.host === undefined) return false;
  const family = isIP(wish.host);
  if (family !== 4 && family !== 6) return false;
  return sameAddress({ kind: "tcp", family, host: wish.host, port: wish.port }, address);
}

function couldBe(address: Address, wish: WantedAddress): boolean {
  if (address.kind === "unix" || wish.kind !== "port" || wish.port !== address.port) return false;
  const { host } = wish;
  if (host === undefined || isWildcard(host) || isWildcard(address.host)) return true;
  // Fastify, asked for localhost, listens on each of its addresses; the config says which of them are served.
  if (host === "localhost" || isLoopback(host)) return isLoopback(address.host);
  return isIP(host) === 0;
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
