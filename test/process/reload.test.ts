import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { reloadMarkIn } from "../../src/lib/directories.js";
import { balance } from "../harness/process/accounts.js";
import { beginReload, endReload, upgradesOf } from "../harness/process/begun-reload.js";
import { armFault, disarmFault, wasStruck } from "../harness/process/fault.js";
import { checkUntil } from "../harness/process/held-check.js";
import { Rig } from "../harness/process/rig.js";
import { startCli } from "../unit/cli/run-cli.js";

test("a reload is begun by its signal, and its command is told the end of that one upgrade", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2" });
  beginReload(rig, "100");
  await rig.until("the next generation", ({ generations }) => generations.at(-1)?.id === 2);
  const { generation, failure, asked } = await endReload(rig);
  assert.deepEqual([generation, failure, asked?.by], [2, null, { kind: "reload" }]);
  await rig.settled();
  assert.deepEqual(await upgradesOf(rig), ["1 -", "2 reload"]);
  assert.equal(existsSync(reloadMarkIn(rig.runtimeDirectory)), false);
});

test("the command of a reload that is over before it looks is told how it ended", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  writeFileSync(rig.configFile, "command = [");
  beginReload(rig, "100");
  await rig.until("its end", ({ lastUpgrade }) => lastUpgrade?.failure?.reason === "config-syntax");
  rig.configure();
  assert.equal((await endReload(rig)).failure?.reason, "config-syntax");
  // Of each reload once.
  assert.equal((await endReload(rig)).failure, null);
});

test("a signal that the daemon has not read yet when the command of its reload asks is the reload's all the same", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  beginReload(rig, "100");
  await endReload(rig);
  await rig.settled();
  rig.release({ version: "2" });
  rig.manager.signal("SIGSTOP");
  beginReload(rig, "101");
  const ended = endReload(rig);
  rig.manager.signal("SIGCONT");
  assert.equal((await ended).generation, 3);
  await rig.settled();
  assert.deepEqual(await upgradesOf(rig), ["1 -", "2 reload", "3 reload"]);
});

test("a reload whose signal was lost with the daemon is begun by its command, and not mistaken for the one before", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  beginReload(rig, "100");
  assert.equal((await endReload(rig)).generation, 2);
  await rig.settled();
  rig.manager.signal("SIGSTOP");
  beginReload(rig, "101");
  await rig.manager.kill9();
  await rig.manager.startReady();
  assert.equal((await endReload(rig)).generation, 3);
});

test("a daemon that dies before it has answered a reload's command is not waited for by systemd: the command ends the reload", async () => {
  await using rig = new Rig({ faulty: true });
  await rig.manager.startReady();
  await rig.settled();
  const told = rig.manager.messages.length;
  // It has taken the command's connection by then, and says nothing any more.
  armFault(rig.directory, { at: 1, how: "stop" });
  // The connection breaks before anybody sees that the process has gone: here this one lives on in its place.
  const env = { MAINPID: String(process.pid), NOTIFY_SOCKET: rig.manager.notifyPath };
  const command = startCli(["--socket", join(rig.runtimeDirectory, "control.sock"), "upgrade"], env);
  await rig.manager.waitFor("the daemon to stand still", () => wasStruck(rig.directory));
  await rig.manager.kill9();
  const { status, stderr } = await command.ended;
  assert.notEqual(status, 0, stderr);
  assert.match(stderr, /the daemon broke the connection off/);
  await rig.manager.waitFor("READY=1 of the command", () =>
    rig.manager.messages.slice(told).includes("READY=1"),
  );
  await rig.manager.startReady();
});

test("a reload during an upgrade waits for it, and its command for the one after it", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const gate = `${rig.directory}/gate`;
  rig.configure(checkUntil(gate));
  rig.release({ version: "2" });
  beginReload(rig, "100");
  await rig.until("the first one", ({ upgrade }) => upgrade?.generation === 2);
  const first = endReload(rig);
  await rig.manager.waitFor("its command", () => !existsSync(reloadMarkIn(rig.runtimeDirectory)));
  beginReload(rig, "101");
  await rig.manager.waitFor("the second one", () => rig.state().queued !== null);
  const second = endReload(rig);
  rig.release({ version: "3" });
  rig.openGate(gate);
  assert.equal((await first).generation, 2);
  assert.equal((await second).generation, 3);
  await rig.settled();
  assert.equal((await rig.ask()).version, "3");
});

test("who sends SIGHUP by hand begins no reload: the next one's command asks for an upgrade of its own", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.manager.signal("SIGHUP");
  await rig.until("its end", ({ lastUpgrade }) => lastUpgrade?.generation === 2);
  assert.equal((await endReload(rig)).generation, 3);
  await rig.settled();
  assert.deepEqual(await upgradesOf(rig), ["1 -", "2 signal", "3 reload"]);
});

for (const how of ["die-before", "die-after"] as const) {
  test(`a daemon may ${how.replace("-", " ")} any effect of a reload before its command asks, which is told the end of that one upgrade`, async (t) => {
    await using rig = new Rig({ faulty: true });
    await rig.manager.startReady();
    let at = 1;
    for (; await strikeReload(rig, how, at); at++);
    t.diagnostic(`${at - 1} effects struck`);
  });
}

/** One reload, struck at that effect; false when it has fewer. */
async function strikeReload(rig: Rig, how: "die-before" | "die-after", at: number): Promise<boolean> {
  const before = (await rig.settled()).generations[0]?.id ?? 0;
  armFault(rig.directory, { at, how });
  beginReload(rig, String(at));
  await rig.manager.waitFor("its end, or the daemon's", () => {
    return rig.manager.exit !== undefined || rig.state().outcomes.at(-1)?.generation === before + 1;
  });
  const struck = disarmFault(rig.directory);
  if (struck !== undefined) {
    await rig.manager.ended();
    await rig.manager.startReady();
  }
  const { generation, failure } = await endReload(rig);
  assert.deepEqual([generation, failure], [before + 1, null], `${how} ${at}: ${struck}`);
  const { generations, lastUpgrade } = await rig.settled();
  assert.deepEqual([generations[0]?.id, lastUpgrade?.generation], [before + 1, before + 1]);
  await balance(rig);
  return struck !== undefined;
}
