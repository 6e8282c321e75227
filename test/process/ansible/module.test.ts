import assert from "node:assert/strict";
import { test } from "node:test";
import { runHoldfast } from "../../harness/process/ansible-module.js";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables } from "../../harness/process/trials.js";

test("a release is taken once: the second time nothing is changed, and the proof is told each time", async () => {
  await using rig = new Rig({ config: judgedTables({ trial: "0.3s", probation: "0.5s" }) });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  const first = await runHoldfast(rig, { message: "prices" });
  assert.deepEqual(
    [first.changed, first.generation, first.verdict, first.before?.generation],
    [true, 2, "proved", 1],
  );
  const second = await runHoldfast(rig);
  assert.deepEqual([second.changed, second.generation, second.verdict], [false, 2, "proved"]);
  assert.equal(second.account?.upgrade, first.account?.upgrade);
  assert.ok(Object.keys(second.ansible_facts ?? {}).every((name) => /^holdfast_\w+$/.test(name)));
});
