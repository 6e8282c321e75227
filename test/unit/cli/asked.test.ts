import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryEntry } from "../../../src/control/replies.js";
import { FakePort } from "../control/fake-port.js";
import { startServer } from "../control/rig.js";
import { runCli } from "./run-cli.js";

test("an upgrade, a rollback and a commit are asked for in somebody's name, with the words that were given", async (t) => {
  const { socketPath: socket, port } = await startServer(t, {
    peerOf: () => ({ uid: process.getuid?.() ?? 0, gids: [] }),
  });
  const user = { kind: "user", uid: process.getuid?.() };
  for (const command of ["upgrade", "rollback", "commit"]) {
    await runCli(["--socket", socket, command, "--no-wait", "-m", "pricing, größer\nand ä&b=c"]);
    assert.deepEqual(port.asked, { by: user, message: "pricing, größer and ä&b=c" });
    await runCli(["--socket", socket, command, "--no-wait"], { HOLDFAST_MESSAGE: "from CI" });
    assert.deepEqual(port.asked, { by: user, message: "from CI" });
    await runCli(["--socket", socket, command, "--no-wait"]);
    assert.deepEqual(port.asked, { by: user, message: null });
  }
  // As in ExecReload=.
  await runCli(["--socket", socket, "upgrade", "--no-wait"], { MAINPID: "1" });
  assert.deepEqual(port.asked, { by: { kind: "reload" }, message: null });
});

test("history tells who asked for each generation, why, and the commit", async (t) => {
  const port = new FakePort();
  const { socketPath: socket } = await startServer(t, { port });
  const common = {
    release: "/srv/web",
    version: null,
    note: "",
    returnable: false,
    rejected: false,
    wayBack: false,
  };
  const commit = "3f2a1c9d00112233445566778899aabbccddeeff";
  const origins: readonly HistoryEntry["origin"][] = [
    { kind: "start", asked: null },
    { kind: "upgrade", asked: { by: { kind: "user", uid: 0 }, message: "new prices" } },
    { kind: "upgrade", asked: { by: { kind: "reload" }, message: null } },
    { kind: "rollback", asked: null },
    { kind: "restart", asked: null },
    null,
  ];
  port.history_ = origins.map((origin, index) => {
    return {
      ...common,
      generation: index + 1,
      commit,
      origin,
      from: 1_700_000_000_000,
      to: null,
      end: null,
      account: null,
    };
  });
  const { stdout } = await runCli(["--socket", socket, "history"]);
  for (const [index, who] of ["start", "root", "reload", "judge", "restart", "-"].entries()) {
    assert.match(stdout, new RegExp(`^${index + 1} +- +3f2a1c9d00 .* ${who} +- `, "m"));
  }
  assert.match(stdout, /\/srv\/web +new prices$/m);
});
