import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Behaviour } from "../harness/process/behaviour.js";
import { checkUntil } from "../harness/process/held-check.js";
import { PullHost } from "../harness/process/pull-host.js";

test("a run that is killed in the middle of the upgrade is brought to its end by the next, good or bad", async (context) => {
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    await using host = new PullHost(context);
    await host.rig.manager.startReady();
    const gate = join(host.rig.directory, "gate");
    host.rig.configure(checkUntil(gate));
    host.publish(7, { version: "2", boot: signal === "SIGKILL" ? "good" : "crash" });
    const run = host.start();
    await host.rig.until("the upgrade", ({ upgrade }) => upgrade !== null);
    run.kill(signal);
    assert.notEqual((await run.ended).status, 0);
    host.rig.openGate(gate);
    await host.rig.settled();
    const { status } = await host.pull();
    const { link, version } = await host.stands();
    const whole = signal === "SIGKILL" ? [0, "7-2", "2"] : [1, "release-1", "1"];
    assert.deepEqual([status, link, version], whole);
  }
});

/** A host whose run was killed in the middle of the upgrade to serial 7, which has ended since. */
async function killed(context: TestContext, behaviour: Behaviour): Promise<PullHost> {
  const host = new PullHost(context);
  await host.rig.manager.startReady();
  const gate = join(host.rig.directory, "gate");
  host.rig.configure(checkUntil(gate));
  host.publish(7, behaviour);
  const run = host.start();
  await host.rig.until("the upgrade", ({ upgrade }) => upgrade !== null);
  run.kill("SIGKILL");
  await run.ended;
  host.rig.openGate(gate);
  await host.rig.settled();
  return host;
}

test("a run that was killed is brought to its end before a newer release, and where that is bad, too, what was proved is left", async (context) => {
  await using host = await killed(context, { version: "2", boot: "crash" });
  host.publish(8, { version: "3", boot: "crash" });
  for (const version of ["2", "3"]) {
    const { status, output } = await host.pull();
    assert.equal(status, 1);
    assert.match(output, new RegExp(`version ${version} .* is bad, and is not tried again\n$`));
    const { link, version: serves } = await host.stands();
    assert.deepEqual([link, serves], ["release-1", "1"]);
  }
  assert.deepEqual(await host.pull(), { status: 0, output: "" });
});

test("a run that was killed is brought to its end also where the release is stopped or has expired meanwhile", async (context) => {
  for (const [more, status] of [
    [{ share: 0 }, 0],
    [{ expires: 1_700_000_000 }, 1],
  ] as const) {
    await using host = await killed(context, { version: "2" });
    host.publish(7, { version: "2" }, more);
    const pulled = await host.pull();
    assert.equal(pulled.status, status);
    assert.match(pulled.output, /version 2 \(serial 7\) serves and has proved itself\n/);
    assert.match(readFileSync(host.tried, "utf8"), /^7 good$/m);
  }
});
