import assert from "node:assert/strict";
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

/** A port that was free a moment ago. */
export function freePort(): number {
  const fd = openAtFreePort();
  const port = portOf(fd);
  closeFd(fd);
  return port;
}

export function portOf(fd: number): number {
  return Number(inspectSocket(fd)?.address.split(":").at(-1));
}
