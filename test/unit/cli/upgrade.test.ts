import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { FakePort, report } from "../control/fake-port.js";
import { startServer, until } from "../control/rig.js";
import { runCli, startCli } from "./run-cli.js";

test("an upgrade is told step by step and exits 0", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const cli = startCli(["--socket", socket, "upgrade"]);
  await until(() => port.listeners.size === 1 && port.pending.has(12));
  port.tell({
    event: "generation-created",
    message: "generation 9 from /srv/web",
    upgrade: 12,
    generation: 9,
  });
  await until(() => cli.stdout().includes("generation 9 from /srv/web\n"));
  port.tell({ event: "generation-active", message: "generation 9 is active", generation: 9 });
  port.conclude(12);
  const { status, stdout, stderr } = await cli.ended;
  assert.deepEqual([status, stderr], [0, ""]);
  assert.equal(stdout, "generation 9 from /srv/web\ngeneration 9 is active; upgrade took 0.41 s\n");
});

test("a failed upgrade exits 1 and says why, what serves, and where to look", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  port.report_ = { ...report, unit: "web.service" };
  port.onSubmit = () => {
    port.tell({ message: "created", upgrade: 12, generation: 9 });
    port.tell({ message: "ready", generation: 9, pid: 4242 });
    port.conclude(12, { reason: "worker-exited", message: "worker 9.1 exited with status 3" });
  };
  const { status, stderr } = await runCli(["--socket", socket, "upgrade"]);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^holdfast: upgrade to generation 9 failed: worker 9\.1 exited with status 3; still serving generation 8\n/,
  );
  assert.match(stderr, /journalctl -u web\.service -t web\/9$/m);
});

test("--no-wait asks and leaves", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const { status, stdout } = await runCli(["--socket", socket, "rollback", "--no-wait"]);
  assert.deepEqual([status, stdout, port.commands], [0, "upgrade 12 asked for\n", ["rollback"]]);
});

test("--timeout ends the waiting and not the upgrade", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const { status, stderr } = await runCli(["--socket", socket, "upgrade", "--timeout", "2s"]);
  assert.equal(status, 1);
  assert.match(stderr, /not done within 2 s: upgrade 12 goes on/);
  assert.deepEqual(port.commands, ["upgrade"]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends the waiting and not the upgrade`, async (context) => {
    const { socketPath: socket, port } = await startServer(context);
    const cli = startCli(["--socket", socket, "upgrade"]);
    await until(() => port.listeners.size === 1 && port.pending.has(12));
    port.tell({ message: "seen", upgrade: 12 });
    await until(() => cli.stdout().includes("seen"));
    cli.interrupt(signal);
    const { status, stderr } = await cli.ended;
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`interrupted by ${signal}: upgrade 12 goes on`));
  });
}

test("an upgrade is followed from a daemon that dies to the next one", async (context) => {
  const first = await startServer(context);
  const cli = startCli(["--socket", first.socketPath, "upgrade"]);
  await until(() => first.port.listeners.size === 1 && first.port.pending.has(12));
  await first.close();
  await until(() => cli.stdout().includes("the next daemon is asked"));
  const port = new FakePort();
  port.pending.add(12);
  await startServer(context, { socketPath: first.socketPath, port });
  await until(() => port.listeners.size === 1);
  port.conclude(12);
  const { status, stdout } = await cli.ended;
  assert.equal(status, 0);
  assert.match(stdout, /generation 9 is active/);
  assert.deepEqual(port.commands, []);
});

/** Of the unit that is reloaded; it lives until it is killed. */
function startMainProcess(context: TestContext): ChildProcess {
  const main = spawn("sleep", ["60"], { stdio: "ignore" });
  context.after(() => main.kill("SIGKILL"));
  return main;
}

test("a reload goes on with the daemon that a daemon has started in its own place", async (context) => {
  const first = await startServer(context);
  const main = startMainProcess(context);
  const cli = startCli(["--socket", first.socketPath, "upgrade"], { MAINPID: String(main.pid) });
  await until(() => first.port.listeners.size === 1 && first.port.pending.has(12));
  await first.close();
  const port = new FakePort();
  port.pending.add(12);
  await startServer(context, { socketPath: first.socketPath, port });
  await until(() => port.listeners.size === 1);
  port.conclude(12);
  const { status, stdout } = await cli.ended;
  assert.equal(status, 0);
  assert.equal(stdout, "generation 9 is active; upgrade took 0.41 s\n");
});

test("a reload whose main process has died ends at once, so that systemd starts the next daemon", async (context) => {
  const first = await startServer(context);
  const main = startMainProcess(context);
  const cli = startCli(["--socket", first.socketPath, "upgrade"], { MAINPID: String(main.pid) });
  await until(() => first.port.listeners.size === 1 && first.port.pending.has(12));
  // The fd store keeps the socket, where a client waits for whoever comes next.
  await first.close();
  const held = createServer().listen(first.socketPath);
  context.after(() => held.close());
  await once(held, "connection");
  main.kill("SIGKILL");
  const { status, stderr } = await cli.ended;
  assert.equal(status, 1);
  assert.match(stderr, /cannot wait for the end of upgrade 12: the daemon died/);
});

test("a next daemon that never heard of the upgrade is exit 1", async (context) => {
  const first = await startServer(context);
  const cli = startCli(["--socket", first.socketPath, "upgrade"]);
  await until(() => first.port.listeners.size === 1 && first.port.pending.has(12));
  await first.close();
  await startServer(context, { socketPath: first.socketPath });
  const { status, stderr } = await cli.ended;
  assert.equal(status, 1);
  assert.match(stderr, /no upgrade 12 is known/);
});
