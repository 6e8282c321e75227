import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathInCheckout } from "../../harness/container/checkout.js";
import { waitUntil } from "../../harness/container/wait-until.js";
import { freePort } from "../../harness/process/ports.js";
import { temporaryDirectory } from "../../unit/control/rig.js";
import { DirectRig } from "./direct-rig.js";
import { KeptClient } from "./kept-client.js";

const library = new URL("../../../src/worker/index.js", import.meta.url).href;

function isRefused(port: number): Promise<boolean> {
  const accepted = (client: KeptClient): boolean => {
    client.end();
    return false;
  };
  return KeptClient.open(port).then(accepted, () => true);
}

test("a stop answers what is in flight, closes the rest, leaves nothing and exits 0", async () => {
  await using rig = new DirectRig();
  await rig.manager.startReady();
  const busy = await KeptClient.open(rig.port);
  const idle = await KeptClient.open(rig.port);
  await idle.ask();
  const gate = join(rig.directory, "gate");
  const slow = busy.ask(`/held?until=${gate}`);
  rig.manager.signal("SIGTERM");
  await rig.manager.waitFor("a closed port", () => isRefused(rig.port));
  assert.ok(rig.manager.messages.includes("STOPPING=1"));
  writeFileSync(gate, "");
  assert.equal((await slow).kept, false);
  assert.equal((await idle.ask()).kept, false);
  assert.deepEqual(await rig.manager.ended(), { code: 0, signal: null });
  await rig.manager.waitFor("an empty store", () => rig.manager.store.names.length === 0);
});

test("a SIGTERM of which nothing is known stores no connection, and keeps the socket", async () => {
  await using rig = new DirectRig();
  await rig.manager.startReady();
  rig.job(null);
  rig.manager.signal("SIGTERM");
  assert.equal((await rig.manager.ended()).code, 0);
  await rig.manager.waitFor("one socket in the store", () => rig.manager.store.names.length === 1);
});

test("after kill -9 the socket is there: clients wait for the next process", async () => {
  await using rig = new DirectRig();
  await rig.manager.startReady();
  await rig.manager.kill9();
  const waiting = await KeptClient.open(rig.port);
  const answer = waiting.ask();
  await rig.manager.startReady();
  assert.equal((await answer).pid, rig.manager.pid);
  waiting.end();
});

test("a drain ends at its deadline", async () => {
  await using rig = new DirectRig({ environment: { HOLDFAST_DRAIN_TIMEOUT: "300ms" } });
  await rig.manager.startReady();
  const client = await KeptClient.open(rig.port);
  const cut = assert.rejects(client.ask("/never"));
  const other = await KeptClient.open(rig.port);
  await other.ask();
  await rig.endForRestart();
  assert.equal(rig.manager.exit?.code, 0);
  await cut;
  await rig.manager.startReady();
  assert.equal((await other.ask()).pid, rig.manager.pid);
  other.end();
});

test("the watchdog hears from the process, before and after READY", async () => {
  await using rig = new DirectRig({ environment: { WATCHDOG_USEC: "100000" } });
  await rig.manager.startReady();
  const beats = (): number => rig.manager.messages.filter((message) => message === "WATCHDOG=1").length;
  const before = beats();
  await rig.manager.waitFor("two pings", () => beats() >= before + 2);
});

test("without any manager it binds, serves, drains on SIGTERM, and a second one cuts", async (context) => {
  const gate = join(temporaryDirectory(context), "gate");
  const port = freePort();
  const { NOTIFY_SOCKET: _, ...environment } = process.env;
  const child = spawn(process.execPath, [pathInCheckout("test", "apps", "direct", "server.js")], {
    env: { ...environment, HOLDFAST_LIBRARY: library, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const client = await waitUntil("a server", 10_000, () => KeptClient.open(port).catch(() => null));
    await client.ask();
    const stuck = assert.rejects(client.ask("/never"));
    const slow = await KeptClient.open(port);
    const answer = slow.ask(`/held?until=${gate}`);
    child.kill("SIGTERM");
    await waitUntil("a closed port", 10_000, () => isRefused(port));
    writeFileSync(gate, "");
    assert.equal((await answer).kept, false);
    assert.equal(child.exitCode, null);
    child.kill("SIGTERM");
    await once(child, "exit", { signal: AbortSignal.timeout(10_000) });
    assert.equal(child.exitCode, 0);
    await stuck;
  } finally {
    child.kill("SIGKILL");
  }
});

test("silent connections that cannot be kept do not hold up a restart until the drain's deadline", async () => {
  await using rig = new DirectRig({ storeMax: 2, environment: { HOLDFAST_DRAIN_TIMEOUT: "10min" } });
  await rig.manager.startReady();
  const silent = await KeptClient.open(rig.port);
  await silent.ask();
  await rig.endForRestart();
  assert.equal(rig.manager.exit?.code, 0);
  await rig.manager.waitFor("its end", () => silent.closed);
});
