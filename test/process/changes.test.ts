import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Rig } from "../harness/process/rig.js";

async function changes(rig: Rig) {
  const asked = await rig.control.changes();
  assert.ok(asked.ok, asked.ok ? "" : asked.failure.message);
  return asked.value.generations;
}

test("what an upgrade would change is told before it, and nothing afterwards", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  assert.deepEqual(
    (await changes(rig)).map(({ generation, phase, same }) => [generation, phase, same]),
    [[1, "active", true]],
  );
  rig.release({ version: "2" });
  const [other] = await changes(rig);
  assert.deepEqual(
    [other?.same, other?.config, other?.files?.examples],
    [false, ["release"], ["puppet.json"]],
  );
  await rig.upgrade();
  assert.deepEqual(
    (await changes(rig)).map(({ same }) => same),
    [true],
  );
});

test("a config that has changed is told by its keys, and not by its values", async () => {
  await using rig = new Rig({ config: "[drain]\ntimeout = '20s'\n" });
  await rig.manager.startReady();
  rig.configure("[drain]\ntimeout = '21s'\n[environment]\nTOKEN = 'secret'\n");
  const asked = await rig.control.changes();
  assert.ok(asked.ok);
  assert.deepEqual(asked.value.generations[0]?.config, ["environment", "drain"]);
  assert.doesNotMatch(JSON.stringify(asked.value), /secret/);
});

test("what stands by is held against the disk, too", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  await rig.upgrade("upgrade", { stage: true });
  assert.deepEqual(
    (await changes(rig)).map(({ phase, same }) => [phase, same]),
    [
      ["active", false],
      ["staged", true],
    ],
  );
});

test("of a generation that runs in the release itself nobody can tell", async () => {
  await using rig = new Rig({ inPlace: true });
  await rig.manager.startReady();
  assert.deepEqual(
    (await changes(rig)).map(({ same, files }) => [same, files]),
    [[null, null]],
  );
});

test("a config that an upgrade would refuse is refused with the same reason", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  appendFileSync(rig.configFile, "worker = 2\n");
  const asked = await rig.control.changes();
  assert.ok(!asked.ok);
  assert.equal(asked.failure.reason, (await rig.upgrade()).failure?.reason);
});

test("after a rollback the disk is what differs", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  writeFileSync(join(rig.releaseDirectory, "more"), "");
  await rig.upgrade();
  const before = await rig.status();
  await rig.upgrade("rollback");
  const [active] = await changes(rig);
  assert.deepEqual([active?.snapshot, active?.same, active?.files?.examples], [1, false, ["more"]]);
  assert.equal(before.generations.find(({ phase }) => phase === "active")?.snapshot, 2);
});
