import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Connection, type Ending } from "../harness/load/connection.js";
import { deployFlawed, type Flaws } from "../harness/process/flawed-app.js";
import { freePort } from "../harness/process/ports.js";
import { Rig } from "../harness/process/rig.js";

/*
 * The apps that other tests need to be bad: each is ready, and bad only afterwards, in the way it is told.
 */

function ask(port: number, timeoutMs = 15_000): Promise<Ending> {
  const connection = new Connection(`127.0.0.1:${port}`, () => {});
  return connection.request("/", { close: true, timeoutMs });
}

async function statusesOf(port: number, requests: number): Promise<string[]> {
  const told: string[] = [];
  for (let sent = 0; sent < requests; sent += 1) {
    const ending = await ask(port);
    told.push(ending.outcome === "ok" ? ending.response.version : ending.why);
  }
  return told;
}

/** How many connections wait in the backlog of a listener. ss(8): the Recv-Q of a listening socket. */
function waitingAt(port: number): number {
  const line = execFileSync("ss", ["-Hltn", `sport = :${port}`], { encoding: "utf8" });
  return Number(line.trim().split(/\s+/)[1]);
}

for (const app of ["plain.js", "native.mjs"] as const) {
  const startWith = async (rig: Rig, flaws: Flaws): Promise<string> => {
    const release = deployFlawed(rig, app, "v1", flaws);
    await rig.manager.startReady();
    await rig.settled();
    return release;
  };

  test(`${app} without a flaw answers, and is ready before it turns bad`, async () => {
    await using rig = new Rig({ inPlace: true });
    const release = await startWith(rig, {});
    assert.deepEqual(await statusesOf(rig.port, 3), ["v1", "v1", "v1"]);
    writeFileSync(join(release, "fails"), "1");
    assert.deepEqual(await statusesOf(rig.port, 2), ["status 500", "status 500"]);
  });

  test(`${app} that never accepts is ready, and its clients wait in the backlog`, async () => {
    await using rig = new Rig();
    await startWith(rig, { "never-accepts": "" });
    const client = connect(rig.port, "127.0.0.1");
    await rig.manager.waitFor("a client in the backlog", () => waitingAt(rig.port) === 1);
    client.destroy();
  });

  test(`${app} that listens on another port is ready, and answers there`, async () => {
    await using rig = new Rig();
    const other = freePort();
    await startWith(rig, { "other-port": other });
    assert.deepEqual(await statusesOf(other, 1), ["v1"]);
    const client = connect(rig.port, "127.0.0.1");
    await rig.manager.waitFor("a client in the backlog", () => waitingAt(rig.port) === 1);
    client.destroy();
  });

  test(`${app} that fails a share of its requests fails every so many`, async () => {
    await using rig = new Rig();
    await startWith(rig, { fails: 0.5 });
    assert.deepEqual(await statusesOf(rig.port, 4), ["v1", "status 500", "v1", "status 500"]);
  });

  test(`${app} that dies at its third request answers two`, async () => {
    await using rig = new Rig();
    await startWith(rig, { "dies-at": 3 });
    const [worker] = rig.workers();
    const [first, second, third] = [await ask(rig.port), await ask(rig.port), await ask(rig.port)];
    assert.deepEqual([first.outcome, second.outcome], ["ok", "ok"]);
    assert.notEqual(third.outcome, "ok");
    await rig.manager.waitFor("its end", () => worker !== undefined && !rig.workers().includes(worker));
  });

  test(`${app} that is slow does not answer in time`, async () => {
    await using rig = new Rig();
    await startWith(rig, { "slow-ms": 60_000 });
    assert.equal((await ask(rig.port, 500)).outcome, "timedOut");
  });
}
