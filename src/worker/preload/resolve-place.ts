import { lookup } from "node:dns";
import { isIP } from "node:net";
import { type Address, parseAddress } from "../../lib/address.js";
import type { WantedAddress } from "./listen-arguments.js";

/** The address on which Node would listen: at once, but for a host name. Undefined where only Node knows. */
export function resolvePlace(wish: WantedAddress, found: (place: Address | undefined) => void): void {
  if (wish.kind === "port" && wish.host !== undefined && isIP(wish.host) === 0) {
    const { host, port } = wish;
    lookup(host, (error, address) => found(error === null ? read(on(address, port)) : undefined));
  } else {
    found(placeOf(wish));
  }
}

function placeOf(wish: WantedAddress): Address | undefined {
  if (wish.kind === "path") return read(`unix:${wish.path}`);
  // Nobody says of a listener that is not in the config whether it takes IPv4 as well.
  return wish.ipv6Only ? undefined : read(on(wish.host ?? "::", wish.port));
}

function on(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function read(text: string): Address | undefined {
  const address = parseAddress(text);
  return address.ok ? address.value : undefined;
}
