import assert from "node:assert/strict";
import { readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { waitUntil } from "../../harness/container/wait-until.js";
import { Fleet } from "../../harness/process/ansible-fleet.js";

/** What makes a host find version 2 bad. */
const refusesTwo = `check = ["/bin/sh", "-c", "! grep 2 puppet.json"]\n`;

function deploy(fleet: Fleet, version: string) {
  return { holdfast_release: { directory: fleet.release({ version }) }, holdfast_version: version };
}

test("a good version rolls over all hosts, batch by batch, and a second run changes nothing", async () => {
  await using fleet = new Fleet(3);
  await fleet.start();
  const first = await fleet.run("roll", deploy(fleet, "2")).ended;
  assert.equal(first.status, 0, first.output);
  assert.deepEqual(await fleet.versions(), ["2", "2", "2"]);
  const second = await fleet.run("roll", deploy(fleet, "2")).ended;
  assert.equal(second.status, 0, second.output);
  const generations = await Promise.all(fleet.rigs.map(async (rig) => (await rig.status()).generations));
  assert.deepEqual(
    generations.map(([one]) => one?.id),
    [2, 2, 2],
  );
});

test("a version that is bad on the last host is left by all: what serves, and what is on the disk", async () => {
  await using fleet = new Fleet(3);
  fleet.rigs[2]?.configure(refusesTwo);
  await fleet.start();
  const { status, output } = await fleet.run("roll", deploy(fleet, "2")).ended;
  assert.equal(status, 2, output);
  assert.match(
    output,
    /the run has stopped: host2: upgrade to generation 2 failed: .*; went back: host0, host1, host2/,
  );
  assert.deepEqual(await fleet.versions(), ["1", "1", "1"]);
  for (const { directory } of fleet.rigs)
    assert.match(readlinkSync(join(directory, "current")), /releases\/1$/);
});

test("a run whose controller is killed is run again by another, and a third one is refused meanwhile", async () => {
  await using fleet = new Fleet(2);
  await fleet.start();
  const go = join(fleet.directory, "go");
  const gate = { holdfast_gate_command: `test -e ${go}`, holdfast_gate_delay: 1, holdfast_gate_retries: 100 };
  const killed = fleet.run("roll", { ...deploy(fleet, "2"), ...gate });
  await waitUntil("the gate", 60_000, () => killed.output.includes("Ask the command"));
  const refused = await fleet.run("roll", deploy(fleet, "3")).ended;
  assert.equal(refused.status, 2, refused.output);
  assert.match(refused.output, /nothing has changed, because host0: another run has test-/);
  killed.kill();
  await killed.ended;
  assert.deepEqual(await fleet.versions(), ["2", "1"]);
  writeFileSync(go, "");
  const resumed = await fleet.run("roll", { ...deploy(fleet, "2"), ...gate }).ended;
  assert.equal(resumed.status, 0, resumed.output);
  assert.deepEqual(await fleet.versions(), ["2", "2"]);
});

test("what was there before a run that was cut short is where the next one goes back to", async () => {
  await using fleet = new Fleet(2);
  fleet.rigs[1]?.configure(refusesTwo);
  await fleet.start();
  const gate = { holdfast_gate_command: "false", holdfast_gate_delay: 1, holdfast_gate_retries: 100 };
  const killed = fleet.run("roll", { ...deploy(fleet, "2"), ...gate });
  await waitUntil("the gate", 60_000, () => killed.output.includes("Ask the command"));
  killed.kill();
  await killed.ended;
  const { status, output } = await fleet.run("roll", deploy(fleet, "2")).ended;
  assert.equal(status, 2, output);
  assert.deepEqual(await fleet.versions(), ["1", "1"]);
});

test("a host that is down keeps the run from beginning, or is left out and named", async () => {
  await using fleet = new Fleet(2);
  fleet.alsoInInventory.push("down ansible_host=127.0.0.1 ansible_port=1 holdfast_name=web");
  await fleet.start();
  const stopped = await fleet.run("roll", deploy(fleet, "2")).ended;
  assert.equal(stopped.status, 2, stopped.output);
  assert.match(stopped.output, /nothing has changed, because down cannot be reached/);
  assert.deepEqual(await fleet.versions(), ["1", "1"]);
  const skipped = await fleet.run("roll", { ...deploy(fleet, "2"), holdfast_unreachable: "skip" }).ended;
  assert.equal(skipped.status, 2, skipped.output);
  assert.match(skipped.output, /on the new version: host0, host1; not on it: down: it could not be reached/);
  assert.deepEqual(await fleet.versions(), ["2", "2"]);
});

test("check mode tells what would change, and changes nothing", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  const { status, output } = await fleet.run("roll", deploy(fleet, "2"), ["--check", "--diff"]).ended;
  assert.equal(status, 0, output);
  assert.deepEqual(await fleet.versions(), ["1"]);
  const [rig] = fleet.rigs;
  assert.match(readlinkSync(join(rig?.directory ?? "", "current")), /releases\/1$/);
});

test("a version is staged everywhere and committed at one moment, or dropped everywhere", async () => {
  await using fleet = new Fleet(2, { native: true });
  await fleet.start();
  const good = await fleet.run("stage_and_commit", { ...deploy(fleet, "2"), holdfast_commit_in: 3 }).ended;
  assert.equal(good.status, 0, good.output);
  assert.match(good.output, /from the first commit to the last: \d+ ms/);
  assert.deepEqual(await fleet.versions(), ["2", "2"]);
  fleet.rigs[1]?.configure(`check = ["/bin/sh", "-c", "! grep 3 puppet.json"]\n`);
  const bad = await fleet.run("stage_and_commit", deploy(fleet, "3")).ended;
  assert.equal(bad.status, 2, bad.output);
  assert.deepEqual(await fleet.versions(), ["2", "2"]);
  for (const rig of fleet.rigs) assert.ok(!(await rig.status()).generations.some(({ staged }) => staged));
  rmSync(join(fleet.directory, "inventory.ini"));
});
