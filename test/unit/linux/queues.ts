import assert from "node:assert/strict";
import { constants } from "node:os";
import type { TestContext } from "node:test";
import type { Address } from "../../../src/lib/address.js";
import { connectTo } from "../../../src/linux/connect-to.js";
import { closeFd, isOpen } from "../../../src/linux/fd.js";
import { libc } from "../../../src/linux/ffi.js";
import { openListener } from "../../../src/linux/listener.js";

const accept4 = libc<[fd: number, address: null, length: null, flags: number]>(
  "int accept4(int, void *, void *, int)",
);
const SOCK_CLOEXEC = 0o2000000;

export const loopback: Address = { kind: "tcp", family: 4, host: "127.0.0.1", port: 0 };

/** A listener that nobody accepts from. */
export function openQueue(t: TestContext, address: Address, backlog = 64): number {
  const opened = openListener(address, { backlog });
  assert.ok(opened.ok, opened.ok ? "" : opened.failure.message);
  t.after(() => closeFd(opened.value));
  return opened.value;
}

/** Clients that connect, as many as there is room for, and stay. */
export function connectClients(t: TestContext, listener: number, count: number): number[] {
  const clients: number[] = [];
  for (let made = 0; made < count; made += 1) {
    const connected = connectTo(listener);
    if (!connected.ok) break;
    clients.push(connected.value);
  }
  t.after(() => clients.filter(isOpen).forEach(closeFd));
  return clients;
}

/** Takes the first of the queue, and keeps it; undefined when nobody waits. */
export function acceptOne(t: TestContext, listener: number): number | undefined {
  const accepted = accept4(listener, null, null, SOCK_CLOEXEC);
  if (accepted === -constants.errno.EAGAIN) return undefined;
  assert.ok(accepted >= 0);
  t.after(() => {
    if (isOpen(accepted)) closeFd(accepted);
  });
  return accepted;
}
