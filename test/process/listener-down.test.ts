import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inspectSocket } from "../../src/linux/socket.js";
import { balance } from "../harness/process/accounts.js";
import { freePort, openAt } from "../harness/process/ports.js";
import { ask } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";

/** Waits until an answer comes, and says of which generation. */
async function answered(rig: Rig, port: number): Promise<number> {
  return rig.manager.waitFor("an answer", async () => {
    const answer = await ask({ port }).catch(() => undefined);
    return answer?.generation;
  });
}

test("a worker that shuts its listener down when it is told to go does not take it from the others", async () => {
  const port = freePort();
  await using rig = new Rig({ config: `[listeners.http]\n[listeners.own]\naddress = "127.0.0.1:${port}"\n` });
  for (const version of ["1", "2", "3"]) {
    rig.release({ version, term: "shutdown" });
    if (version === "1") await rig.manager.startReady();
    else assert.equal((await rig.upgrade()).failure, null);
    const { degraded, generations } = await rig.settled();
    assert.equal(await answered(rig, port), generations[0]?.id);
    assert.equal(degraded, null);
  }
  await balance(rig);
});

test("a listener that was shut down while no daemon lived listens again with the next", async () => {
  const port = freePort();
  const own = openAt({ kind: "tcp", family: 4, host: "127.0.0.1", port });
  await using rig = new Rig({
    alsoPassed: [{ name: "own", fd: own }],
    config: "[listeners.http]\n[listeners.own]\n",
  });
  rig.release({ version: "1", term: "shutdown" });
  await rig.manager.startReady();
  await rig.manager.kill9();
  const [worker = 0] = rig.workers();
  process.kill(worker, "SIGTERM");
  await rig.manager.waitFor("the port closed", () =>
    ask({ port }).then(
      () => false,
      () => true,
    ),
  );
  await rig.manager.startReady();
  assert.equal(await answered(rig, port), 1);
  assert.ok(inspectSocket(own)?.listening, "the socket unit's own is the same socket");
  await balance(rig);
});

test("a unix socket that was shut down makes the service degraded, until an upgrade opens it anew", async () => {
  await using rig = new Rig();
  const socketPath = join(rig.directory, "own.sock");
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${socketPath}"\n`);
  rig.release({ version: "1", term: "shutdown" });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  const { degraded } = await rig.until("the fault seen", (status) => status.degraded !== null);
  assert.match(degraded ?? "", /listener own.*holdfast upgrade/);
  await assert.rejects(ask({ socketPath }), /ECONNREFUSED/);
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal((await ask({ socketPath })).generation, 3);
  assert.equal((await rig.settled()).degraded, null);
  await balance(rig);
});

test("a unix socket whose file somebody removes makes the service degraded, until an upgrade opens it anew", async () => {
  await using rig = new Rig();
  const socketPath = join(rig.directory, "own.sock");
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${socketPath}"\n`);
  await rig.manager.startReady();
  assert.equal((await rig.status()).degraded, null);
  rmSync(socketPath);
  assert.match((await rig.status()).degraded ?? "", /listener own.*own\.sock is gone/);
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal((await ask({ socketPath })).generation, 2);
  assert.equal((await rig.settled()).degraded, null);
  await balance(rig);
});
