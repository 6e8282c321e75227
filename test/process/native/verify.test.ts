import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { StatusReport } from "../../../src/control/port.js";
import { balance } from "../../harness/process/accounts.js";
import { KeptLoad } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

const verify = (timeout = "20s"): string =>
  `verify = { http = "/healthz", status = 200, timeout = "${timeout}" }\n`;

test("a version with a bad answer to the verification is refused, and no client ever sees it", async () => {
  await using rig = new Rig({ native: true, workers: 2, config: verify() });
  await rig.manager.startReady();
  await using kept = await KeptLoad.open(rig.port, 10);
  await using load = rig.load();
  rig.release({ version: "bad", health: 500 });
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "verify-failed");
  assert.match(failure?.message ?? "", /answered GET \/healthz with status 500, not status 200/);
  await rig.settled();
  await load.stop();
  await kept.stop();
  assert.deepEqual([load.failures, kept.failures], [[], []]);
  assert.deepEqual([...new Set(kept.answers.map(({ version }) => version))], ["1"]);
  assert.equal((await rig.ask()).version, "1");
  await balance(rig);
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
});

test("a candidate that is being verified accepts nobody, however long it takes", async () => {
  await using rig = new Rig({ native: true, config: verify() });
  await rig.manager.startReady();
  await using load = rig.load();
  const gate = join(rig.directory, "gate");
  rig.release({ version: "2", gate });
  const upgrade = rig.upgrade();
  await rig.until("the verification", ({ generations }) =>
    generations.some(({ detail }) => detail === "is being verified"),
  );
  const got = load.answered;
  await rig.manager.waitFor("a hundred more answers", () => load.answered > got + 100);
  assert.equal(load.last?.version, "1");
  const countersOf = ({ generations }: StatusReport) => generations.at(-1)?.workers[0]?.servers[0]?.counters;
  const status = await rig.until("its probe", (its) => (countersOf(its)?.accepted ?? 0) > 0);
  // The probe is the only connection that it has had.
  assert.deepEqual([countersOf(status)?.accepted, countersOf(status)?.open], [1, 1]);
  rig.openGate(gate);
  assert.equal((await upgrade).failure, null);
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a version that gives no answer in time is refused", async () => {
  await using rig = new Rig({ native: true, config: verify("300ms") });
  await rig.manager.startReady();
  rig.release({ version: "2", gate: join(rig.directory, "never") });
  const { failure } = await rig.upgrade();
  assert.match(failure?.reason ?? "", /^verify-(failed|timeout)$/);
  await rig.settled();
  assert.equal((await rig.ask()).version, "1");
  await balance(rig);
});

test("the time for the answer begins when the state has been tried, however long that takes", async () => {
  await using rig = new Rig({ native: true, config: verify("1s") });
  await rig.manager.startReady();
  rig.release({ version: "2", restoreMs: 2_500 });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "2");
});

test("a plain worker cannot be asked at the shared listener: it is refused with what to do instead", async () => {
  await using rig = new Rig({ native: true, config: verify() });
  await rig.manager.startReady();
  rig.native = false;
  rig.configure(verify());
  const { failure } = await rig.upgrade();
  assert.match(
    failure?.message ?? "",
    /plain one, which cannot be asked without .*\[listeners\.probe\].* `check` and `ready\.command`/,
  );
  await rig.settled();
  assert.equal((await rig.ask()).generation, 1);
});

test("a worker whose state cannot be passed on fails the upgrade, and the daemon lives", async () => {
  await using rig = new Rig({ native: true });
  rig.release({ version: "1", swells: true });
  await rig.manager.startReady();
  const { pid } = await rig.status();
  await using kept = await KeptLoad.open(rig.port, 10);
  rig.release({ version: "2" });
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "effect-failed");
  assert.equal((await rig.settled()).pid, pid);
  assert.equal((await rig.ask()).version, "1");
  await kept.stop();
  assert.deepEqual(kept.failures, []);
  await balance(rig);
});

for (const how of ["kill9", "reexec"] as const) {
  test(`the daemon may end (${how}) while a candidate is being verified: the next one verifies it again`, async () => {
    await using rig = new Rig({ native: true, config: verify() });
    await rig.manager.startReady();
    await using kept = await KeptLoad.open(rig.port, 10);
    const gate = join(rig.directory, "gate");
    rig.release({ version: "2", gate });
    const requested = await rig.control.request("upgrade");
    assert.ok(requested.ok);
    await rig.until("the verification", ({ generations }) =>
      generations.some(({ detail }) => detail === "is being verified"),
    );
    if (how === "kill9") await rig.manager.kill9();
    else {
      rig.manager.signal("SIGUSR2");
      await rig.manager.ended();
    }
    await rig.manager.startReady();
    rig.openGate(gate);
    const { lastUpgrade } = await rig.settled();
    assert.deepEqual([lastUpgrade?.failure, lastUpgrade?.generation], [null, 2]);
    await rig.manager.waitFor("the new version", () => kept.answers.at(-1)?.version === "2");
    await kept.stop();
    assert.deepEqual(kept.failures, []);
    await balance(rig);
  });
}
