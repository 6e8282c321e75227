import assert from "node:assert/strict";
import { test } from "node:test";
import { startLoad } from "../../harness/load/start-load.js";
import { deployFlawed, type FlawedApp, type Flaws } from "../../harness/process/flawed-app.js";
import { freePort } from "../../harness/process/ports.js";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables, untilProof } from "../../harness/process/trials.js";
import { assertNothingLost } from "../../harness/service/under-load.js";

const cases: readonly [what: string, app: FlawedApp, flaws: Flaws, ready: string][] = [
  ["says READY and accepts nobody", "plain.js", { "never-accepts": "" }, ""],
  [
    "is taken for ready after a while, and accepts nobody",
    "plain.js",
    { "never-accepts": "" },
    '[ready]\nafter = "300ms"\n',
  ],
  ["listens on a port of its own", "plain.js", { "other-port": freePort() }, ""],
  ["has the library and accepts nobody", "native.mjs", { "never-accepts": "" }, ""],
];

for (const [what, app, flaws, ready] of cases) {
  test(`a version that ${what} is left by itself: its clients wait, and lose nothing`, async () => {
    await using rig = new Rig();
    deployFlawed(rig, app, "v1");
    await rig.manager.startReady();
    const address = `127.0.0.1:${rig.port}`;
    await using load = await startLoad(null, { address, keepAlive: 0, freshPerSecond: 50, slow: 0 });
    deployFlawed(rig, app, "v2", flaws);
    rig.configure(`${ready}${judgedTables({ trial: "300ms" })}`);
    await rig.upgrade();
    await untilProof(rig, "proved", 3);
    const status = await rig.settled();
    assert.match(
      status.degraded ?? "",
      /generation 2 was on probation: listener http: .*none has been accepted/,
    );
    await load.waitForMore(2);
    const report = await load.stop();
    assertNothingLost(report);
    assert.deepEqual(Object.keys(report.versions), ["v1"]);
  });
}

test("a version that takes its connections is not suspected, with no client and with many", async () => {
  for (const freshPerSecond of [0, 100]) {
    await using rig = new Rig();
    deployFlawed(rig, "plain.js", "v1");
    await rig.manager.startReady();
    const address = `127.0.0.1:${rig.port}`;
    const keepAlive = freshPerSecond === 0 ? 1 : 0;
    await using load = await startLoad(null, { address, keepAlive, freshPerSecond, slow: 0, pauseMs: 1_000 });
    deployFlawed(rig, "plain.js", "v2");
    rig.configure(`[drain]\ntimeout = "1s"\n${judgedTables({ trial: "300ms", probation: "4s" })}`);
    assert.equal((await rig.upgrade()).failure, null);
    await untilProof(rig, "proved", 2);
    await load.stop();
  }
});
