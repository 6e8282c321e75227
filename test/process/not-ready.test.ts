import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Outcome } from "../../src/model/upgrade-state.js";
import { armFault } from "../harness/process/fault.js";
import { deployFlawed } from "../harness/process/flawed-app.js";
import { isStopped } from "../harness/process/own-processes.js";
import { openAtFreePort } from "../harness/process/ports.js";
import { Rig } from "../harness/process/rig.js";

/*
 * "Not ready" says why.
 */

const quick = '[ready]\ntimeout = "700ms"\n';
const waiting = "setInterval(() => {}, 1_000);";

const cases: readonly (readonly [what: string, code: string, table: string, why: RegExp])[] = [
  [
    "accepts and never says READY=1",
    'require("node:http").createServer().listen({ fd: 3 }).on("error", () => {}); require("node:http").createServer().listen({ fd: 4 });',
    "",
    /worker 2\.0 accepts connections, but has not said READY=1; .*when = "accepts"/,
  ],
  [
    "listens on a port of its own",
    `require("node:http").createServer().listen(0, "127.0.0.1"); ${waiting}`,
    "",
    /worker 2\.0 listens on 127\.0\.0\.1:\d+ itself, and not at the listener http \(127.* and admin \(127.*holdfast\/register/,
  ],
  [
    "accepts nobody",
    waiting,
    'when = "accepts"\n',
    /worker 2\.0 does not accept at the listener http \(127\.0\.0\.1:\d+\) and admin/,
  ],
  [
    "serves one listener and forgets the other",
    'require("node:http").createServer().listen({ fd: 3 });',
    'when = "accepts"\n',
    /worker 2\.0 accepts at the listener admin, but not at http \(127\.0\.0\.1:\d+\)/,
  ],
  [
    "serves, and its ready command always fails",
    'for (const fd of [3, 4]) require("node:http").createServer().listen({ fd });',
    'command = ["/bin/false"]\n',
    /worker 2\.0 runs, and the ready command does not exit with 0/,
  ],
];

/** An upgrade that is late, at which the daemon looks when the app has made that file, however slow the machine is. */
async function upgradeLate(rig: Rig, there: string): Promise<Outcome> {
  armFault(rig.directory, { what: "open-gate", at: 1, how: "stop" });
  const upgrade = rig.upgrade();
  await rig.manager.waitFor("the daemon to stand still", () => isStopped(rig.manager.pid));
  await rig.manager.waitFor("the app", () => existsSync(there));
  rmSync(there);
  rig.manager.signal("SIGCONT");
  return upgrade;
}

test("a version that is not ready in time is told apart by what it does instead", async (t) => {
  await using rig = new Rig({ faulty: true, alsoPassed: [{ name: "admin", fd: openAtFreePort() }] });
  await rig.manager.startReady();
  const there = join(rig.directory, "there");
  const tell = `; setImmediate(() => require("node:fs").writeFileSync(${JSON.stringify(there)}, ""));`;
  const file = join(rig.directory, "app.cjs");
  rig.app = [process.execPath, file];
  for (const [index, [what, code, table, why]] of cases.entries()) {
    await t.test(`one that ${what}`, async () => {
      writeFileSync(file, `${code}${tell}`);
      rig.configure(`${quick}${table}`);
      const { failure } = await upgradeLate(rig, there);
      assert.equal(failure?.reason, "start-timeout");
      const said = failure.message.replaceAll(`worker ${index + 2}.`, "worker 2.");
      assert.match(said, /^1 of 1 worker\(s\) not ready within 0\.7 s: /);
      assert.match(said, why);
    });
  }
  assert.equal((await rig.ask()).generation, 1);
});

test("a native app that leaves a listener unserved is told which", async () => {
  await using rig = new Rig({ faulty: true, alsoPassed: [{ name: "admin", fd: openAtFreePort() }] });
  await rig.manager.startReady();
  const there = join(rig.directory, "there");
  const release = deployFlawed(rig, "native.mjs", "2");
  const app =
    'import { writeFileSync } from "node:fs"; import { createServer } from "node:http"; import { serve } from "holdfast";';
  const tell = `setImmediate(() => writeFileSync(${JSON.stringify(there)}, ""));`;
  // `serve` waits for an answer of the daemon's.
  writeFileSync(join(release, "half.mjs"), `${app} serve(createServer(), { listener: "http" }); ${tell}`);
  rig.app = [process.execPath, "half.mjs"];
  rig.configure(quick);
  const { failure } = await upgradeLate(rig, there);
  assert.match(
    failure?.message ?? "",
    /the app in worker 2\.0 does not serve the listener admin \(127\.0\.0\.1:\d+\)/,
  );
});

test("a command that goes into the background is told so, and what it left there is ended", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const file = join(rig.directory, "app.cjs");
  const server =
    'process.on("SIGTERM", () => process.exit()); require("node:http").createServer().listen({ fd: 3 });';
  const options = '{ detached: true, stdio: ["ignore", "ignore", "ignore", 3] }';
  writeFileSync(
    file,
    `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(server)}], ${options}).unref();`,
  );
  const before = rig.processes();
  rig.app = [process.execPath, file];
  rig.configure();
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "worker-exited");
  assert.match(
    failure.message,
    /^worker 2\.0 exited with status 0 before it was ready: it went on in the background \(node, pid \d+\).* foreground/,
  );
  await rig.manager.waitFor("only the old ones", () => rig.processes().length <= before.length);
  assert.equal((await rig.ask()).generation, 1);
});

test("a command that is done is no server, and is told so", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.app = ["true"];
  rig.configure();
  const { failure } = await rig.upgrade();
  assert.match(failure?.message ?? "", /status 0 before it was ready: the command has come to its end/);
});
