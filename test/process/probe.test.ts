import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../harness/process/accounts.js";
import { Rig } from "../harness/process/rig.js";
import { judgedTables, untilProof } from "../harness/process/trials.js";

/*
 * A listener at port 0 is each generation's own: whoever asks there asks the new workers alone, plain ones too.
 */

const own = '[listeners.http]\n[listeners.probe]\naddress = "127.0.0.1:0"\n';
const verify = 'verify = { http = "/healthz", timeout = "20s" }\n';

test("plain workers are verified at a listener of their own: a version that answers 500 is not committed", async () => {
  await using rig = new Rig({ workers: 2, config: `${verify}${own}` });
  await rig.manager.startReady();
  await using load = rig.load();
  rig.release({ version: "bad", health: 500 });
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "verify-failed");
  assert.match(failure.message, /GET \/healthz at the listener probe was answered with status 500/);
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  // Plain ones accept from the moment they are ready, so some client may have met it; it was not left to serve.
  assert.equal((await rig.ask()).version, "1");
  await balance(rig);
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  await balance(rig);
});

test("HOLDFAST_PROBE tells a ready command and the workers where only the new ones answer", async () => {
  await using rig = new Rig();
  const asked = join(rig.directory, "asked");
  const ask = `"use strict"; fetch("http://" + process.env.HOLDFAST_PROBE + "/healthz").then(async (answer) => {
    require("fs").appendFileSync(${JSON.stringify(asked)}, (await answer.json()).version + " ");
    process.exit(answer.ok ? 0 : 1); }, () => process.exit(1))`;
  const command = JSON.stringify([process.execPath, "-e", ask]);
  rig.release({ version: "1", boot: "silent" });
  rig.configure(`${own}[ready]\ncommand = ${command}\ntimeout = "20s"\n`);
  await rig.manager.startReady();
  rig.release({ version: "2", boot: "silent" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert.deepEqual(readFileSync(asked, "utf8").trim().split(" "), ["1", "2"]);
  const [pid] = rig.workers();
  const { listeners } = await rig.status();
  const probe = listeners.filter(({ name }) => name === "probe");
  assert.equal(probe.length, 1, "that of generation 1 is closed");
  assert.match(
    readFileSync(`/proc/${pid}/environ`, "utf8"),
    new RegExp(`HOLDFAST_PROBE=${probe[0]?.address}\0`),
  );
});

test("a ready command that asks where the old workers answer, too, is told at the upgrade", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const command = JSON.stringify(["/bin/sh", "-c", `: http://127.0.0.1:${rig.port}/healthz`]);
  rig.configure(`[ready]\ncommand = ${command}\n`);
  const news: string[] = [];
  const following = {
    onAccepted() {},
    onNews: ({ message }: { message: string }) => void news.push(message),
  };
  const signal = AbortSignal.timeout(30_000);
  assert.ok((await rig.control.follow("upgrade", { ...following, signal })).ok);
  assert.match(
    news.join("\n"),
    new RegExp(`ready\\.command asks 127\\.0\\.0\\.1:${rig.port}, where the old workers`),
  );
});

test("a plain version that is not well is left in its trial, asked where only it answers", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  await using load = rig.load();
  rig.release({ version: "2", health: 500 });
  const judge = 'health = { http = "/healthz", every = "100ms", failures = 2 }';
  rig.configure(`${own}${judgedTables({ trial: "20s", judge })}`);
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "trial-failed");
  assert.match(failure.message, /2 health checks in a row failed: .*status 500/);
  assert.equal((await rig.settled()).generations[0]?.id, 1);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a listener of its own stays a generation's over the death of the daemon", async () => {
  await using rig = new Rig({ config: `${verify}${own}` });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  rig.configure(`${verify}${own}${judgedTables({ trial: "0s", probation: "1s" })}`);
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  const address = (): string | undefined =>
    rig.state().listeners.find(({ name }) => name === "probe")?.address;
  const before = address();
  await rig.manager.kill9();
  await rig.manager.startReady();
  await untilProof(rig, "proved", 2);
  assert.equal(address(), before);
  await balance(rig);
});

test("a generation's own listener is not handed on by a config that no longer has it, or its address", async () => {
  await using rig = new Rig({ config: own });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  rig.configure("[listeners.http]\n[listeners.probe]\n");
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "listener-missing");
  assert.match(
    failure.message,
    new RegExp(`start its socket unit, holdfast-${rig.name}-probe\\.socket with `),
  );
  rig.configure("");
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert.deepEqual(
    rig.state().listeners.map(({ name, origin }) => `${name} ${origin}`),
    ["http unit"],
  );
  await balance(rig);
});

test("one that the fd store lost is opened again as the generation's own", async () => {
  await using rig = new Rig({ config: own });
  await rig.manager.startReady();
  await rig.manager.kill9();
  for (const pid of rig.workers()) process.kill(pid, "SIGKILL");
  rig.manager.store.remove("probe");
  await rig.manager.startReady();
  await rig.settled();
  rig.configure("");
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert.deepEqual(
    rig.state().listeners.map(({ name }) => name),
    ["http"],
  );
});
