import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { waitUntil } from "../../harness/container/wait-until.js";
import { Fleet } from "../../harness/process/ansible-fleet.js";

/** What makes a host find version 2 bad. */
const refusesTwo = `check = ["/bin/sh", "-c", "! grep 2 puppet.json"]\n`;

function deploy(fleet: Fleet, version: string) {
  return { holdfast_release: { directory: fleet.release({ version }) }, holdfast_version: version };
}

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

test("check mode tells what would change, and changes nothing", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  const { status, output } = await fleet.run("roll", deploy(fleet, "2"), ["--check", "--diff"]).ended;
  assert.equal(status, 0, output);
  assert.deepEqual(await fleet.versions(), ["1"]);
  const [rig] = fleet.rigs;
  assert.match(readlinkSync(join(rig?.directory ?? "", "current")), /releases\/1$/);
});
