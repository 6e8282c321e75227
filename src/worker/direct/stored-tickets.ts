import { randomBytes } from "node:crypto";
import { fstatSync } from "node:fs";
import { closeFd } from "../../linux/fd.js";
import { fillMemfd, readMemfd } from "../../linux/memfd.js";
import { removeFd, storeFds } from "../../systemd/fd-store.js";
import type { NodeServer } from "../carriers/listen.js";
import { isTlsServer } from "../node-internals/tls-server.js";
import { ticketsFdName } from "./stored-fds.js";

/** How long one secret is used: so long can whoever steals it read recorded TLS 1.2 sessions that were resumed. */
const lifeMs = 24 * 60 * 60 * 1_000;
const secretBytes = 48;

/** A server that may be one with TLS. */
interface Ticketed {
  readonly server: NodeServer;
  shareTickets(secret: Buffer): void;
}

/**
 * What a service without daemon derives its TLS ticket keys from: in a memfd in systemd's fd store and nowhere else, so
 * that clients resume their sessions after a restart and after a crash. Where systemd does not keep it, they make one
 * full handshake more.
 */
export class StoredTickets {
  readonly #left: number[];
  readonly #services: Ticketed[] = [];
  #secret: Buffer | undefined;

  /** Takes over the fds that an earlier process has left. */
  constructor(left: readonly number[]) {
    this.#left = [...left];
  }

  /** Nothing is stored for a service without TLS. */
  share(service: Ticketed): void {
    if (!isTlsServer(service.server)) return;
    this.#services.push(service);
    service.shareTickets(this.#secret ?? this.#begin());
  }

  /** Where nobody needs what an earlier process has left. */
  closeUnused(): void {
    if (this.#secret === undefined && this.#left.length > 0) this.remove();
  }

  /** Nothing is left to the next process. */
  remove(): void {
    this.#left.splice(0).forEach(closeFd);
    removeFd(ticketsFdName);
  }

  #begin(): Buffer {
    const left = this.#left.map(readSecret).find((one) => one !== undefined);
    if (left === undefined) return this.#renew();
    this.#left.splice(0).forEach(closeFd);
    this.#secret = left.secret;
    this.#renewIn(lifeMs - left.ageMs);
    return left.secret;
  }

  /** In place of what is in the store. */
  #renew(): Buffer {
    this.remove();
    const secret = randomBytes(secretBytes);
    const fd = fillMemfd("holdfast-tickets", secret);
    storeFds([fd], ticketsFdName);
    closeFd(fd);
    this.#secret = secret;
    this.#renewIn(lifeMs);
    return secret;
  }

  #renewIn(ms: number): void {
    const renew = (): void => {
      const secret = this.#renew();
      for (const service of this.#services) service.shareTickets(secret);
    };
    setTimeout(renew, ms).unref();
  }
}

/** Undefined for what is none, and for one that is too old. */
function readSecret(fd: number): { readonly secret: Buffer; readonly ageMs: number } | undefined {
  const secret = readMemfd(fd, secretBytes);
  if (secret?.length !== secretBytes) return undefined;
  // A memfd's time is that of its last write. One from the future was made before the clock was set back: how old it is nobody knows.
  const ageMs = Date.now() - Math.trunc(fstatSync(fd).mtimeMs);
  return ageMs >= 0 && ageMs < lifeMs ? { secret, ageMs } : undefined;
}
