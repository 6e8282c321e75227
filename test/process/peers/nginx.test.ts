import assert from "node:assert/strict";
import { existsSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { KeptLoad } from "../../harness/process/kept.js";
import { ask, RequestLoop } from "../../harness/process/requests.js";
import { Rig } from "../../harness/process/rig.js";

/** nginx's experiment up to where it can end in three ways: both have answered, then WINCH ended the old one's workers. */
async function startBesideAndDrain(rig: Rig): Promise<void> {
  rig.manager.start();
  await rig.settled();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
  for (const version of ["1", "2"]) await answeredBy(rig, version);
  rig.manager.signal("SIGWINCH");
  const alone = await rig.settled();
  assert.deepEqual(
    alone.generations.map(({ id, detail }) => [id, detail]),
    [[2, "on trial until somebody decides"]],
  );
  assert.ok(alone.listeners.length > 0);
  await answersOnly(rig, "2");
}

async function answeredBy(rig: Rig, version: string): Promise<void> {
  await rig.manager.waitFor(
    `an answer of version ${version}`,
    async () => (await rig.ask()).version === version,
  );
}

async function answersOnly(rig: Rig, version: string): Promise<void> {
  for (let asked = 0; asked < 20; asked++) assert.equal((await rig.ask()).version, version);
}

for (const native of [false, true]) {
  const kind = native ? "native" : "plain";
  const ways: readonly [what: string, go: (rig: Rig) => Promise<string>][] = [
    [
      "QUIT to the old one finishes",
      async (rig) => {
        assert.ok((await rig.control.order("commit")).ok);
        assert.equal((await rig.settled()).generations[0]?.detail, null);
        return "2";
      },
    ],
    [
      "HUP to the old one and QUIT to the new one go back",
      async (rig) => {
        assert.equal((await rig.upgrade("rollback")).failure, null);
        await rig.settled();
        return "1";
      },
    ],
  ];
  for (const [what, go] of ways) {
    test(`nginx: ${kind} workers beside the old ones, WINCH drains those with the listeners kept, ${what}: nothing is lost`, async () => {
      await using rig = new Rig({ standalone: true, workers: 2, native });
      await using load = rig.load();
      await using kept = await KeptLoad.open(rig.port, native ? 20 : 0);
      await startBesideAndDrain(rig);
      const version = await go(rig);
      await answersOnly(rig, version);
      await kept.stop();
      assert.deepEqual(kept.failures, []);
      await load.stop();
      assert.deepEqual(load.failures, []);
      // The next one is upgraded to as ever.
      rig.release({ version: "3" });
      assert.equal((await rig.upgrade()).failure, null);
      await rig.settled();
      await answersOnly(rig, "3");
    });
  }
}

for (const drained of [false, true]) {
  const state = drained ? "drained" : "beside it";
  test(`nginx: TERM to the new one, and the old one, ${state}, serves again by itself: nothing is lost`, async () => {
    await using rig = new Rig({ standalone: true });
    await using load = rig.load();
    if (drained) await startBesideAndDrain(rig);
    else {
      rig.manager.start();
      await rig.settled();
      rig.release({ version: "2" });
      assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
    }
    const pid = (await rig.status()).generations.at(-1)?.workers[0]?.pid;
    assert.ok(pid);
    process.kill(pid, "SIGTERM");
    const after = await rig.until(
      "the old version back",
      ({ generations: [only, other], degraded }) =>
        other === undefined && only?.id !== 2 && only?.phase === "active" && degraded !== null,
    );
    assert.match(after.degraded ?? "", /was on trial/);
    await answersOnly(rig, "1");
    await load.stop();
    assert.deepEqual(load.failures, []);
  });
}

test("nginx: the unix socket's file is there after QUIT to the old master, TERM to the new one, and each end of a trial", async () => {
  await using rig = new Rig({ standalone: true });
  const socketPath = join(rig.directory, "own.sock");
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${socketPath}"\n`);
  rig.manager.start();
  const { pid } = await rig.settled();
  await using load = new RequestLoop({ socketPath });
  const isServed = async (): Promise<void> => {
    assert.ok(existsSync(socketPath));
    await ask({ socketPath });
  };
  const program = join(rig.directory, "bad.mjs");
  writeFileSync(program, "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);\n");
  symlinkSync(program, `${rig.program}.bad`);
  renameSync(rig.program, `${rig.program}.good`);
  renameSync(`${rig.program}.bad`, rig.program);
  assert.ok((await rig.control.order("reexec")).ok);
  await rig.until("the new daemon's end", ({ reexecFailed }) => reexecFailed !== null);
  await isServed();
  renameSync(`${rig.program}.good`, rig.program);
  assert.ok((await rig.control.order("reexec")).ok);
  await rig.until("the next daemon", (status) => status.pid !== pid);
  await rig.manager.waitFor("the end of the old one", () => rig.daemons().length === 1);
  await isServed();
  for (const end of ["rollback", "commit"] as const) {
    assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
    if (end === "commit") assert.ok((await rig.control.order("commit")).ok);
    else assert.equal((await rig.upgrade("rollback")).failure, null);
    await rig.settled();
    await isServed();
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("nginx: pipelined requests, the first of them under way at the upgrade, are all answered, each once and in order", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const socket = connect(rig.port, "127.0.0.1");
  let received = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    received += text;
  });
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
  socket.write(get(`/hold?${gate}`) + get("/count").repeat(3));
  await rig.until("the request to be in flight", ({ generations }) =>
    generations.some(({ workers }) => workers.some(({ servers }) => servers[0]?.counters.inFlight !== 0)),
  );
  assert.equal((await rig.upgrade()).failure, null);
  await rig.manager.waitFor("the new generation", async () => (await rig.ask()).generation === 2);
  rig.openGate(gate);
  const counts = await rig.manager.waitFor("four answers", () => {
    const answers = [...received.matchAll(/"count":(\d+)/g)].map(([, count]) => Number(count));
    return answers.length === 4 && answers;
  });
  assert.deepEqual(counts.slice(1), [1, 2, 3]);
  // And it goes on in the new one.
  await rig.settled();
  received = "";
  socket.write(get("/"));
  await rig.manager.waitFor("an answer of the new one", () => received.includes('"generation":2'));
  socket.destroy();
});
