import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { report } from "../control/fake-port.js";
import { startServer, temporaryDirectory, until } from "../control/rig.js";
import { runCli, startCli } from "./run-cli.js";

test("usage errors exit 2, say why on stderr and nothing on stdout", async () => {
  const { status, stdout, stderr } = await runCli(["upgrad"]);
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /unknown command upgrad; did you mean upgrade\?/);
});

test("no daemon is exit 3 for every command that needs one", async (context) => {
  const socket = join(temporaryDirectory(context), "control.sock");
  for (const command of ["status", "upgrade", "rollback", "reexec", "drain", "stop", "events", "history"]) {
    const { status, stderr } = await runCli(["--socket", socket, command]);
    assert.equal(status, 3, command);
    assert.match(stderr, /not running/);
  }
});

test("status shows what runs", async (context) => {
  const { socketPath: socket } = await startServer(context);
  const { status, stdout, stderr } = await runCli(["--socket", socket, "status"]);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^web: generation 8, 1 worker ready$/m);
  assert.match(stdout, /^8 +active +\S.* +1\.2\.3 +\/srv\/web$/m);
  assert.match(stdout, /^8\.0 +ready +4712 +1 min +33 MB +3 +1 +40 +0 +0 +0 +- +fine$/m);
  assert.match(stdout, /^http +127\.0\.0\.1:8080 +bound +0\/511 +8$/m);
  assert.match(stdout, /^up 1 h$/m);
  assert.match(stdout, /^http +90 +400 +20 +5 +1$/m);
});

test("a degraded service is exit 4 and says why; no worker gets at the terminal", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  port.report_ = { ...report, degraded: "the last upgrade failed: \x1b[2Jboom" };
  const { status, stdout } = await runCli(["--socket", socket, "status"]);
  assert.equal(status, 4);
  assert.match(stdout, /^degraded: the last upgrade failed: \?\[2Jboom$/m);
});

test("status names what the app wrote beside its code, with the line to add", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const written = {
    directory: "/var/lib/holdfast/web/releases/8",
    paths: ["data.db"],
    line: 'shared = ["data.db"]',
  };
  port.report_ = { ...report, written: [written] };
  const { stdout } = await runCli(["--socket", socket, "status"]);
  assert.match(
    stdout,
    /^written beside the code, in .*\/releases\/8: data\.db; .* shared = \["data\.db"\]$/m,
  );
});

test("history has a line for each generation", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const common = { release: "/srv/web", commit: null, origin: null, from: 1_700_000_000_000, account: null };
  const kept = {
    ...common,
    version: "1.3",
    to: null,
    end: null,
    returnable: true,
    rejected: false,
    wayBack: false,
  };
  port.history_ = [
    {
      ...common,
      generation: 7,
      version: "1.2",
      to: 1_700_000_100_000,
      note: "failed: no\nmore",
      end: "failed",
      returnable: false,
      rejected: false,
      wayBack: false,
    },
    { ...kept, generation: 8, end: "proved", note: "proved; superseded", wayBack: true },
    { ...kept, generation: 9, end: "rolled-back", note: "rolled back", rejected: true },
    { ...kept, generation: 10, version: null, note: "active" },
  ];
  const { status, stdout } = await runCli(["--socket", socket, "history"], { TZ: "UTC" });
  assert.equal(status, 0);
  assert.match(stdout, /^7 +1\.2 +2023-11-14 22:13:20 +2023-11-14 22:15:00 +- +- +\/srv\/web +failed: no$/m);
  assert.match(stdout, /^8 +1\.3 +2023-11-14 22:13:20 +- +- +next +\/srv\/web +proved; superseded$/m);
  assert.match(stdout, /^9 +1\.3 +2023-11-14 22:13:20 +- +- +rejected +\/srv\/web +rolled back$/m);
  assert.match(stdout, /^10 +- +2023-11-14 22:13:20 +- +- +yes +\/srv\/web +active$/m);
  const json = await runCli(["--socket", socket, "history", "--json"]);
  assert.deepEqual(JSON.parse(json.stdout), port.history_);
});

test("a rollback goes to the generation that is named", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  await runCli(["--socket", socket, "rollback", "7", "--no-wait"]);
  assert.deepEqual([port.commands, port.to], [["rollback"], 7]);
  for (const word of ["last", "0", "1e3"]) {
    const { status, stderr } = await runCli(["--socket", socket, "rollback", word]);
    assert.equal(status, 2);
    assert.match(stderr, /is not the number of a generation; `holdfast history` lists them/);
  }
  assert.equal(port.commands.length, 1);
});

test("status --json is the report", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const { status, stdout } = await runCli(["--socket", socket, "status", "--json"]);
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout), port.report());
});

test("reexec waits for a daemon with another pid", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const cli = startCli(["--socket", socket, "reexec"]);
  await until(() => cli.stdout().includes("makes way"));
  port.report_ = { ...report, pid: 5000 };
  const { status, stdout } = await cli.ended;
  assert.equal(status, 0);
  assert.match(stdout, /pid 5000\) has taken over/);
});

test("a reexec that brings no other daemon is exit 1", async (context) => {
  const { socketPath: socket } = await startServer(context);
  const { status, stderr } = await runCli(["--socket", socket, "reexec", "--timeout", "300ms"]);
  assert.equal(status, 1);
  assert.match(stderr, /no other daemon answers/);
});

test("stop waits until nobody listens", async (context) => {
  const { socketPath: socket, close } = await startServer(context);
  const cli = startCli(["--socket", socket, "stop"]);
  await until(() => cli.stdout().includes("stopping"));
  await close();
  const { status, stdout } = await cli.ended;
  assert.equal(status, 0);
  assert.match(stdout, /stopped after/);
});

test("drain and stop without waiting exit 0 when the daemon has accepted", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  assert.equal((await runCli(["--socket", socket, "drain"])).status, 0);
  assert.equal((await runCli(["--socket", socket, "stop", "--no-wait"])).status, 0);
  assert.deepEqual(port.commands, ["drain", "stop"]);
});

test("events are followed over the death of a daemon", async (context) => {
  const first = await startServer(context);
  const cli = startCli(["--socket", first.socketPath, "events", "--json"]);
  await until(() => first.port.listeners.size === 1);
  first.port.tell({ message: "one" });
  await until(() => cli.stdout().includes("one"));
  await first.close();
  const second = await startServer(context, { socketPath: first.socketPath });
  await until(() => second.port.listeners.size === 1);
  second.port.tell({ message: "two", level: "warning" });
  await until(() => cli.stdout().includes("two"));
  cli.interrupt("SIGKILL");
  const { stdout } = await cli.ended;
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).message),
    ["one", "two"],
  );
});

test("a user who may not is told so, and the exit status is 5", async (context) => {
  const { socketPath: closed } = await startServer(context, { rightOf: () => undefined });
  const stranger = await runCli(["--socket", closed, "status"]);
  assert.equal(stranger.status, 5);
  assert.match(stranger.stderr, /only root, the user of the service, and the groups/);
  const { socketPath: open } = await startServer(context, { rightOf: () => "look" });
  assert.equal((await runCli(["--socket", open, "status"])).status, 0);
  const viewer = await runCli(["--socket", open, "stop"]);
  assert.equal(viewer.status, 5);
  assert.match(viewer.stderr, /you may look at the service, and not act on it/);
});

test("inside of the unit its own daemon is found without a name, and with it", async (context) => {
  const directory = join(temporaryDirectory(context));
  await startServer(context, { socketPath: join(directory, "control.sock") });
  for (const args of [["version"], ["-n", "web", "version"]]) {
    const { status, stdout } = await runCli(args, { RUNTIME_DIRECTORY: directory });
    assert.equal(status, 0);
    assert.match(stdout, /^holdfast 0\.1\.0\nholdfastd 0\.1\.0 \(web, pid 4711\)\n$/);
  }
});

test("version answers without a daemon", async (context) => {
  const socket = join(temporaryDirectory(context), "control.sock");
  const { status, stdout } = await runCli(["--socket", socket, "version"]);
  assert.deepEqual([status, stdout], [0, "holdfast 0.1.0\n"]);
});

test("reap does nothing, and says nothing, where there is nothing", async () => {
  for (const env of [{}, { EXIT_STATUS: "78" }]) {
    const { status, stdout, stderr } = await runCli(["-n", "no-such-instance", "reap"], env);
    assert.equal(status, 0);
    assert.equal(stderr, "");
    assert.doesNotMatch(stdout, /told to end/);
  }
});
