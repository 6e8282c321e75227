import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Address } from "../../../src/lib/address.js";
import { closeFd } from "../../../src/linux/fd.js";
import { openListener } from "../../../src/linux/listener.js";
import { inspectSocket } from "../../../src/linux/socket.js";

/** A listening socket, as the manager has it; the caller closes it. */
export function openAt(address: Address): number {
  const opened = openListener(address, { backlog: 4096 });
  assert.ok(opened.ok, opened.ok ? "" : opened.failure.message);
  return opened.value;
}

export function openAtFreePort(): number {
  return openAt({ kind: "tcp", family: 4, host: "127.0.0.1", port: 0 });
}

const least = 10_000;
const given = new Set<number>();

/** A free port that stays so until it is used: the kernel gives none of these to whoever asks for any, as other tests do all the time. */
export function freePort(): number {
  const [lowest] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/).map(Number);
  const end = lowest !== undefined && lowest > 2 * least ? lowest : 3 * least;
  for (;;) {
    const port = randomInt(least, end);
    if (given.has(port)) continue;
    const opened = openListener({ kind: "tcp", family: 4, host: "127.0.0.1", port }, { backlog: 1 });
    if (!opened.ok) continue;
    closeFd(opened.value);
    given.add(port);
    return port;
  }
}

export function portOf(fd: number): number {
  return Number(inspectSocket(fd)?.address.split(":").at(-1));
}
