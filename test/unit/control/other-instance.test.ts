import assert from "node:assert/strict";
import { chownSync, existsSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createControlClient } from "../../../src/control/client.js";
import { runCli } from "../cli/run-cli.js";
import { FakePort, report } from "./fake-port.js";
import { startServer, temporaryDirectory } from "./rig.js";

test("what is asked of one instance is not done by another that a link leads to", async (t) => {
  const { port, socketPath } = await startServer(t);
  const socket = join(temporaryDirectory(t), "control.sock");
  symlinkSync(socketPath, socket);
  const asked = await createControlClient({ socketPath: socket, wary: true }).order("drain");
  assert.equal(asked.ok ? "" : asked.failure.reason, "socket-foreign");
  assert.deepEqual(port.commands, []);
  assert.ok(
    (await createControlClient({ socketPath: socket }).order("drain")).ok,
    "a path of one's own may be a link",
  );
});

test("a socket that belongs to another user than its directory is not asked", {
  skip: process.geteuid?.() !== 0 && "needs root to make one",
}, async (t) => {
  const { port, socketPath } = await startServer(t);
  chownSync(socketPath, 4242, 4242);
  const asked = await createControlClient({ socketPath, wary: true }).order("drain");
  assert.equal(asked.ok ? "" : asked.failure.reason, "socket-foreign");
  assert.deepEqual(port.commands, []);
});

test("a daemon does nothing that was meant for another instance, and all that was meant for itself", async (t) => {
  const { port, socketPath } = await startServer(t);
  const asked = await createControlClient({ socketPath, instance: "pay", wary: true }).order("drain");
  assert.equal(asked.ok ? "" : asked.failure.reason, "other-instance");
  assert.deepEqual(port.commands, []);
  assert.ok((await createControlClient({ socketPath, instance: "web", wary: true }).order("drain")).ok);
  assert.deepEqual(port.commands, ["drain"]);
});

test("holdfast -n NAME drains no other instance, whose socket was put in the place of its own", async (t) => {
  const runtime = temporaryDirectory(t);
  const [web, pay] = ["web", "pay"].map((name) => join(runtime, name));
  assert.ok(web !== undefined && pay !== undefined);
  const port = new FakePort();
  port.report_ = { ...report, name: "pay" };
  const { socketPath } = await startServer(t, { name: "pay", port });
  symlinkSync(runtime, web);
  symlinkSync(socketPath, join(runtime, "control.sock"));
  const env = { RUNTIME_DIRECTORY: web };
  const { status, stderr } = await runCli(["-n", "web", "drain"], env);
  assert.equal(status, 1);
  assert.match(stderr, /cannot trust .*: it is a link/);
  // One that was moved there is of another name.
  renameSync(socketPath, join(runtime, "control.sock"));
  assert.ok(!existsSync(socketPath));
  const moved = await runCli(["-n", "web", "drain"], env);
  assert.equal(moved.status, 1);
  assert.match(moved.stderr, /this is pay, and web was asked for/);
  assert.deepEqual(port.commands, []);
});
