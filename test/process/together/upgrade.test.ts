import assert from "node:assert/strict";
import { test } from "node:test";
import { DEADLINE_MS, waitUntil } from "../../harness/container/wait-until.js";
import { checkUntil } from "../../harness/process/held-check.js";
import type { Rig } from "../../harness/process/rig.js";
import { Together } from "../../harness/process/together.js";
import { judgedTables, proofOf, untilProof } from "../../harness/process/trials.js";
import type { RunningCli } from "../../unit/cli/run-cli.js";

/** Ends the one worker of a generation that is judged, as a crash would. */
function killWorkerOf(rig: Rig, before: readonly number[]): void {
  const [worker] = rig.workers().filter((pid) => !before.includes(pid));
  assert.ok(worker !== undefined);
  process.kill(worker, "SIGKILL");
}

/** All are on trial, and the command knows. */
function untilAllServe(cli: RunningCli): Promise<unknown> {
  return waitUntil("all to serve", DEADLINE_MS, () => cli.stdout().includes("all serve: "));
}

async function whyRolledBack(rig: Rig): Promise<string> {
  return (await rig.status()).rolledBack?.failure.message ?? "";
}

for (const native of [true, false]) {
  const kind = native ? "native" : "plain";

  test(`${kind}: instances that are upgraded together all stand by first, serve at once, and lose nothing`, async () => {
    await using together = new Together({ native });
    await together.startReady();
    const loads = together.rigs.map((rig) => rig.load());
    together.release("2", judgedTables({ trial: "500ms", probation: "0s" }));
    const { status, stdout, stderr } = await together.all("upgrade", "--message", "release 2");
    assert.deepEqual([status, stderr], [0, ""]);
    await together.settled();
    assert.deepEqual(await together.versions(), ["2", "2", "2"]);
    const lines = stdout.trimEnd().split("\n");
    const lastStaged = lines.findLastIndex((line) => line.includes(" stands by after "));
    const firstTrial = lines.findIndex((line) => line.includes(" is on trial for "));
    assert.ok(lastStaged >= 0 && lastStaged < firstTrial, stdout);
    assert.equal(lines.filter((line) => line.startsWith("all serve: committed within ")).length, 1, stdout);
    for (const name of together.names)
      assert.ok(lines.includes(`${name}: generation 2 is kept; the one before it drains`), stdout);
    const asked = together.rigs.map((rig) => rig.state().outcomes.at(-1)?.asked?.message);
    assert.deepEqual(asked, ["release 2", "release 2", "release 2"]);
    for (const load of loads) {
      await load.stop();
      assert.deepEqual(load.failures, []);
    }
  });
}

test("when one cannot be staged nothing is committed anywhere, and the others give their candidates up", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  const workers = together.rigs.map((rig) => rig.workers());
  together.release("2", judgedTables());
  together.worker.release({ version: "2", boot: "crash" });
  const { status, stdout, stderr } = await together.all("upgrade");
  assert.equal(status, 1, stdout);
  assert.match(stderr, new RegExp(`^holdfast: ${together.worker.name}: upgrade to generation 2 failed: `));
  assert.match(stderr, /\nnothing was committed: all serve what they served before\n$/);
  await together.settled();
  assert.deepEqual(
    together.rigs.map((rig) => rig.workers()),
    workers,
  );
  for (const rig of [together.web, together.api]) {
    assert.match(stdout, new RegExp(`^${rig.name}: generation 2 is given up$`, "m"));
    assert.equal((await rig.status()).degraded, null);
  }
  // What was given up is not held against anybody.
  together.release("2");
  assert.equal((await together.all("upgrade", "--quiet")).status, 0);
});

test("when one fails its trial the others go back to the very workers that were there, and say why", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  const workers = together.rigs.map((rig) => rig.workers());
  const loads = [together.web.load(), together.api.load()];
  together.release("2", judgedTables({ trial: "10m" }));
  const cli = together.startAll("upgrade");
  await Promise.all(together.rigs.map((rig) => untilProof(rig, "trial", 2)));
  killWorkerOf(together.worker, workers[2] ?? []);
  const { status, stderr } = await cli.ended;
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`^holdfast: ${together.worker.name}: upgrade to generation 2 failed: `));
  const { web, api } = together;
  assert.ok(stderr.includes(`\nwhat served before serves again: ${web.name}, ${api.name}\n`), stderr);
  await together.settled();
  assert.deepEqual(
    together.rigs.map((rig) => rig.workers()),
    workers,
  );
  for (const rig of [web, api])
    assert.match(
      await whyRolledBack(rig),
      new RegExp(`left by a rollback: ${together.worker.name} failed: generation 2 was on trial: `),
    );
  for (const load of loads) {
    await load.stop();
    assert.deepEqual(load.failures, []);
  }
});

test("what is gone back to is what serves when all stand by, not what served when the command began", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  const { web, worker } = together;
  const before = worker.workers();
  web.release({ version: "2" });
  web.configure(judgedTables({ trial: "10m" }));
  const own = web.upgrade();
  await untilProof(web, "trial", 2);
  together.release("3", judgedTables({ trial: "10m" }));
  const cli = together.startAll("upgrade");
  await web.manager.waitFor("the command's upgrade to wait", () => web.state().queued !== null);
  assert.ok((await web.control.order("commit")).ok);
  assert.equal((await own).failure, null);
  await Promise.all([untilProof(web, "trial", 3), untilProof(worker, "trial", 2)]);
  killWorkerOf(worker, before);
  assert.equal((await cli.ended).status, 1);
  assert.equal((await web.settled()).generations[0]?.id, 2);
  assert.equal((await web.ask()).version, "2");
});

test("with --proved those that are past their trial go back, too, when one fails its probation", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  const before = together.worker.workers();
  const load = together.web.load();
  together.release("2", judgedTables({ trial: "200ms", probation: "10m" }));
  // One of them has nothing to prove any more.
  together.api.configure(judgedTables({ trial: "0s", probation: "0s" }));
  const cli = together.startAll("upgrade", "--proved");
  await Promise.all([untilProof(together.web, "probation", 2), untilProof(together.worker, "probation", 2)]);
  await untilProof(together.api, "proved", 2);
  killWorkerOf(together.worker, before);
  const { status, stderr } = await cli.ended;
  assert.equal(status, 1);
  assert.match(stderr, /: upgrade to generation 2 failed: .*; rolled back to generation \d/);
  await together.settled();
  assert.deepEqual(await together.versions(), ["1", "1", "1"]);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("what stands by after the command was killed waits for an admin, who commits it or upgrades again", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  together.release("2", judgedTables({ trial: "200ms", probation: "0s" }));
  const staged = await together.all("upgrade", "--stage");
  assert.deepEqual([staged.status, await together.versions()], [0, ["1", "1", "1"]]);
  const committed = await together.all("commit");
  assert.deepEqual([committed.status, committed.stderr], [0, ""]);
  await together.settled();
  assert.deepEqual(await together.versions(), ["2", "2", "2"]);

  together.release("3");
  const gate = `${together.worker.directory}/gate`;
  const check = checkUntil(gate);
  together.worker.configure(`${check}${judgedTables({ trial: "200ms", probation: "0s" })}`);
  const killed = together.startAll("upgrade");
  const standBy = (rig: Rig) =>
    rig.until("it to stand by", ({ generations, upgrade }) => {
      return upgrade === null && generations.some(({ id, phase }) => id === 3 && phase === "candidate");
    });
  await Promise.all([standBy(together.web), standBy(together.api)]);
  killed.interrupt("SIGKILL");
  await killed.ended;
  together.worker.openGate(gate);
  await standBy(together.worker);
  assert.deepEqual(await together.versions(), ["2", "2", "2"]);
  assert.equal((await together.all("upgrade", "--quiet")).status, 0);
  for (const rig of together.rigs) assert.equal((await rig.settled()).generations[0]?.id, 4);
  assert.deepEqual(await together.versions(), ["3", "3", "3"]);
});

test("a signal while they are staged gives up what stands by, and what comes to", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  together.release("2");
  const gate = `${together.worker.directory}/gate`;
  const check = checkUntil(gate);
  together.worker.configure(check);
  const cli = together.startAll("upgrade");
  await waitUntil("two of them", DEADLINE_MS, () => cli.stdout().match(/ stands by after /g)?.length === 2);
  cli.interrupt("SIGTERM");
  await waitUntil("what follows", DEADLINE_MS, () => cli.stdout().includes("nothing is committed"));
  together.worker.openGate(gate);
  const { status, stderr } = await cli.ended;
  assert.deepEqual([status, stderr], [1, "holdfast: interrupted by SIGTERM: nothing was committed\n"]);
  for (const rig of together.rigs) assert.equal((await rig.settled()).generations[0]?.id, 1);
});

test("after a signal in their trials each goes on by itself", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  together.release("2", judgedTables({ trial: "10m", probation: "0s" }));
  const cli = together.startAll("upgrade");
  await untilAllServe(cli);
  cli.interrupt("SIGINT");
  const { status, stderr } = await cli.ended;
  assert.equal(status, 1);
  assert.match(stderr, /interrupted by SIGINT: .* serve on; from here on each is judged by itself/);
  for (const rig of together.rigs) {
    assert.equal(proofOf(rig.state())?.kind, "trial");
    assert.ok((await rig.control.order("commit")).ok);
  }
  await Promise.all(together.rigs.map((rig) => untilProof(rig, "proved", 2)));
});

test("a daemon that is killed in the trial, and comes again, is waited for", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  together.release("2", judgedTables({ trial: "10m", probation: "0s" }));
  const cli = together.startAll("upgrade");
  await untilAllServe(cli);
  await together.api.manager.kill9();
  await together.api.manager.startReady();
  for (const { control } of together.rigs) assert.ok((await control.order("commit")).ok);
  const { status, stdout } = await cli.ended;
  assert.equal(status, 0, stdout);
  assert.match(stdout, new RegExp(`^${together.api.name}: the connection to the daemon broke`, "m"));
  await together.settled();
  assert.deepEqual(await together.versions(), ["2", "2", "2"]);
});
