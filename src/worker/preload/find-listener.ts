import { isIP } from "node:net";
import { type Address, sameAddress } from "../../lib/address.js";
import type { WantedAddress } from "./listen-arguments.js";

/**
 * The listener that an app means: of that path or port. Where its host and the listener's are both given and differ, it
 * is not that one, but a wildcard, a host name and any loopback address mean whatever address the port has here.
 */
export function findListener<L extends { readonly address: Address }>(
  listeners: readonly L[],
  wish: WantedAddress,
): L | undefined {
  return (
    listeners.find(({ address }) => isExactly(address, wish)) ??
    listeners.find(({ address }) => couldBe(address, wish))
  );
}

/** Whether Node itself could have only one of the two, both of which this listener stands for. */
export function collide(address: Address, one: WantedAddress, other: WantedAddress): boolean {
  if (address.kind === "unix" || one.kind === "path" || other.kind === "path") return true;
  const [first, second] = [one, other].map(({ host }) => (isNamed(host) ? address.host : (host ?? "::")));
  return (
    first === undefined || second === undefined || isWildcard(first) || isWildcard(second) || first === second
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
  const { host, ipv6Only } = wish;
  if (ipv6Only && address.family === 4) return false;
  if (host === undefined || isWildcard(host) || isWildcard(address.host)) return true;
  // Fastify, asked for localhost, listens on each of its addresses; the config says which of them are served.
  if (host === "localhost" || isLoopback(host)) return isLoopback(address.host);
  return isNamed(host);
}

function isNamed(host: string | undefined): boolean {
  return host !== undefined && isIP(host) === 0;
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
