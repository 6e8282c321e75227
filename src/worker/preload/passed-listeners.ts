import { type Address, parseAddress } from "../../lib/address.js";
import { inspectSocket } from "../../linux/socket.js";
import type { InheritedFd } from "../../systemd/listen-fds.js";

/** A listening socket that was passed. */
export interface PassedListener extends InheritedFd {
  readonly address: Address;
}

/** Those of what was passed on which a `net.Server` can listen, each with its own address. */
export function findPassedListeners(inherited: readonly InheritedFd[]): PassedListener[] {
  return inherited.flatMap((one) => {
    const facts = inspectSocket(one.fd);
    if (facts?.type !== "stream" || !facts.listening) return [];
    const address = parseAddress(facts.address);
    return address.ok ? [{ ...one, address: address.value }] : [];
  });
}
