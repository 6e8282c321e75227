import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Fleet } from "../../harness/process/ansible-fleet.js";

const role = "ansible.builtin.import_role: { name: holdfast.holdfast.service }";

test("a release that the config does not lead to is no success: the run says what to set, and nothing is started", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  const [rig] = fleet.rigs;
  assert.ok(rig);
  const config = readFileSync(rig.configFile, "utf8");
  writeFileSync(rig.configFile, config.replace(/^release = .*$/m, `release = "${rig.releaseDirectory}"`));
  const release = {
    holdfast_release: { directory: fleet.release({ version: "2" }) },
    holdfast_version: 20260730,
  };
  for (const run of [() => fleet.play(role, release), () => fleet.run("roll", release)]) {
    const { status, output } = await run().ended;
    assert.equal(status, 2, output);
    assert.match(
      output,
      /the config's release leads to .*releases\/1, and .*releases\/20260730 was deployed: set/,
    );
    assert.equal((await rig.status()).generations.length, 1);
  }
  writeFileSync(rig.configFile, config);
  const { status, output } = await fleet.play(role, release).ended;
  assert.equal(status, 0, output);
  assert.deepEqual(await fleet.versions(), ["2"]);
  assert.match(rig.releaseDirectory, /releases\/20260730$/);
});

test("a version that cannot be the name of a release is refused before anything is fetched", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  for (const version of ["release/1.5", ".", "-rf", "1.5\n", "x".repeat(65)]) {
    const release = { holdfast_release: { git: { repo: "/nowhere" } }, holdfast_version: version };
    const { status, output } = await fleet.play(role, release).ended;
    assert.equal(status, 2, output);
    assert.match(output, /cannot call a release .*: holdfast_version must have up to 64 of/s);
  }
});
