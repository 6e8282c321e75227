import { Socket as UdpSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { unlinkSync } from "node:fs";
import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import type { Address } from "../../lib/address.js";
import { HoldfastError, type Result } from "../../lib/failure.js";
import { closeFd } from "../../linux/fd.js";
import { type ListenFailure, openListener, usualBacklog } from "../../linux/listener.js";
import { removeFd, storeFds } from "../../systemd/fd-store.js";
import { type NodeServer, namePlace, type Place } from "../carriers/listen.js";
import { boundFdName } from "./stored-fds.js";

interface Unbound {
  readonly listener: string;
  readonly server: NodeServer;
  readonly place: Place;
}

interface OwnListener {
  readonly fdName: string;
  readonly place: Place;
  readonly fd: number;
}

/** Sockets that the service binds itself, since no unit passes them; systemd keeps them over crash and restart. */
export class OwnListeners {
  /** Of an earlier process, by their names in the fd store, until a server claims them. */
  readonly #stored: Map<string, number>;
  readonly #report: (problem: string) => void;
  readonly #bound: OwnListener[] = [];

  constructor(stored: Map<string, number>, report: (problem: string) => void) {
    this.#stored = stored;
    this.#report = report;
  }

  /** The socket for a server; undefined without a place. Throws the failures of `openListener`. */
  async bind({ listener, server, place }: Unbound): Promise<number | undefined> {
    if (namePlace(place) === undefined) return undefined;
    const fdName = boundFdName(listener, place);
    const stored = this.#stored.get(fdName);
    this.#stored.delete(fdName);
    const fd = stored ?? (await bindPlace(server, place));
    this.#bound.push({ fdName, place, fd });
    if (stored === undefined && !storeFds([fd], fdName)) {
      this.#report(`systemd does not keep the socket of ${listener}: its notify socket does not answer`);
    }
    return fd;
  }

  /** Of those that an earlier process has left, what no server has claimed. */
  closeUnclaimed(): void {
    for (const [fdName, fd] of this.#stored) {
      removeFd(fdName);
      closeFd(fd);
    }
    this.#stored.clear();
  }

  /** New clients are refused at once, and no next process finds the sockets. */
  remove(): void {
    for (const { fdName, fd, place } of this.#bound.splice(0)) {
      removeFd(fdName);
      closeFd(fd);
      if (place.path !== undefined) removeFile(place.path);
    }
  }
}

/**
 * A socket for the server at a place, as its own `listen` or `bind` would open it; but a unix socket's file stays when
 * the server is closed, for the next process to accept on.
 */
async function bindPlace(server: NodeServer, { port = 0, host, path }: Place): Promise<number> {
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

function open(address: Address): Result<number, ListenFailure> {
  return openListener(address, { backlog: usualBacklog });
}

function unwrap(opened: Result<number, ListenFailure>): number {
  if (opened.ok) return opened.value;
  throw new HoldfastError(opened.failure.reason, opened.failure.message);
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else was faster, or has made the directory read-only: the next bind replaces it.
  }
}
