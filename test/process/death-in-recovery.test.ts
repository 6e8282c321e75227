import assert from "node:assert/strict";
import { test } from "node:test";
import { balance } from "../harness/process/accounts.js";
import { armFault, disarmFault } from "../harness/process/fault.js";
import { Rig } from "../harness/process/rig.js";
import { configWith } from "../harness/process/strike.js";

test("a daemon that dies at any effect of its own recovery is recovered by the next", async () => {
  await using rig = new Rig({ faulty: true });
  rig.configure(configWith(`${rig.directory}/first.sock`));
  await rig.manager.startReady();
  await using load = rig.load();
  let struck: string | undefined = "";
  for (let at = 1; struck !== undefined; at++) {
    const before = (await rig.settled()).generations[0]?.id ?? 0;
    rig.configure(configWith(`${rig.directory}/${at}.sock`));
    // In the middle of an upgrade, so that there is much to recover.
    armFault(rig.directory, { at: 1, what: "spawn", how: "die-after" });
    const requested = await rig.control.request("upgrade");
    assert.ok(requested.ok, requested.ok ? "" : `${requested.failure.message}\n${rig.manager.log()}`);
    await rig.manager.ended();
    assert.equal(disarmFault(rig.directory), "spawn");
    armFault(rig.directory, { at, how: "die-before" });
    rig.manager.start();
    // What is done to snapshots goes on after the upgrade: the fault may strike there.
    const ended = (await rig.settledOrEnded()) || (await rig.tidyOrEnded());
    struck = disarmFault(rig.directory);
    if (ended || struck !== undefined) {
      await rig.manager.ended();
      await rig.manager.startReady();
    }
    const { generations, lastUpgrade } = await rig.settled();
    assert.equal(lastUpgrade?.failure, null);
    assert.equal(generations[0]?.id, before + 1);
    await balance(rig);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
});
