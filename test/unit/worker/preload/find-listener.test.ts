import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../../../../src/lib/address.js";
import { findListener } from "../../../../src/worker/preload/find-listener.js";
import { readListenArguments } from "../../../../src/worker/preload/listen-arguments.js";
import type { PassedListener } from "../../../../src/worker/preload/passed-listeners.js";

function pass(...addresses: readonly string[]): PassedListener[] {
  return addresses.flatMap((text, index) => {
    const address = parseAddress(text);
    return address.ok ? [{ fd: 3 + index, name: text, address: address.value }] : [];
  });
}

function choose(passed: readonly PassedListener[], ...args: readonly unknown[]): string | undefined {
  const wish = readListenArguments(args);
  return wish === undefined || wish.kind === "fd" ? undefined : findListener(passed, wish)?.name;
}

test("a port alone means the listener of that port, wherever it listens", () => {
  const passed = pass("127.0.0.1:8080", "10.0.0.5:9090", "[::]:443");
  assert.equal(choose(passed, 8080), "127.0.0.1:8080");
  assert.equal(choose(passed, "9090"), "10.0.0.5:9090");
  assert.equal(choose(passed, 443, "0.0.0.0"), "[::]:443");
  assert.equal(choose(passed, 443, "10.0.0.5"), "[::]:443");
  assert.equal(choose(passed, 9090, "app.example"), "10.0.0.5:9090");
  assert.equal(choose(passed, 3000), undefined);
});

test("where two listeners have the port, the host decides", () => {
  const passed = pass("[::1]:8080", "127.0.0.1:8080", "10.0.0.5:8080");
  assert.equal(choose(passed, 8080, "127.0.0.1"), "127.0.0.1:8080");
  assert.equal(choose(passed, 8080, "0:0:0:0:0:0:0:1"), "[::1]:8080");
  assert.equal(choose(passed, 8080, "10.0.0.5"), "10.0.0.5:8080");
});

test("all loopback addresses are one; other hosts that differ are not", () => {
  const passed = pass("127.0.0.1:8080", "10.0.0.5:9090");
  assert.equal(choose(passed, 8080, "localhost"), "127.0.0.1:8080");
  assert.equal(choose(passed, 8080, "::1"), "127.0.0.1:8080");
  assert.equal(choose(passed, 9090, "10.0.0.6"), undefined);
  assert.equal(choose(passed, 9090, "127.0.0.1"), undefined);
});

test("a path means the unix socket of that path", () => {
  const passed = pass("unix:/run/app.sock", "unix:@app", "127.0.0.1:8080");
  assert.equal(choose(passed, "/run/app.sock"), "unix:/run/app.sock");
  assert.equal(choose(passed, { path: "\0app" }), "unix:@app");
  assert.equal(choose(passed, "/run/other.sock"), undefined);
});
