import assert from "node:assert/strict";
import { readFileSync, readlinkSync } from "node:fs";
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

test("a run keeps the locks of hosts that wait for their turn, or have had it, for as long as it takes", async () => {
  await using fleet = new Fleet(3);
  await fleet.start();
  const [first, , last] = fleet.rigs.map(({ name }) => name);
  const seen = join(fleet.directory, "seen");
  const look = `mkdir -p ${seen}/$HOLDFAST_BATCH; cp /run/holdfast-roll/${first}.lock /run/holdfast-roll/${last}.lock ${seen}/$HOLDFAST_BATCH`;
  // From the second batch on more than a quarter of it has passed.
  const gate = { holdfast_gate_command: look, holdfast_gate_retries: 1, holdfast_gate_delay: 0 };
  const roll = { ...deploy(fleet, "2"), ...gate, holdfast_serial: 1, holdfast_lock_age: 3 };
  const { status, output } = await fleet.run("roll", roll).ended;
  assert.equal(status, 0, output);
  const lockAt = (batch: number, name = "") => {
    const text = readFileSync(join(seen, String(batch), `${name}.lock`), "utf8");
    const lock: { since: number; renewed: number } = JSON.parse(text);
    return lock;
  };
  for (const name of [first, last]) {
    const [before, after] = [lockAt(0, name), lockAt(1, name)];
    assert.equal(after.since, before.since);
    assert.ok(after.renewed > before.renewed, `${name} was not kept`);
  }
});

test("a run that would be silent for longer than its locks are good for is refused, and changes nothing", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  for (const silence of [
    { holdfast_pause: 51 },
    { holdfast_pause: 1, holdfast_gate_command: "true", holdfast_gate_retries: 5, holdfast_gate_delay: 10 },
  ]) {
    const roll = { ...deploy(fleet, "2"), ...silence, holdfast_lock_age: 100 };
    const { status, output } = await fleet.run("roll", roll).ended;
    assert.equal(status, 2, output);
    assert.match(
      output,
      /for the 51 s of holdfast_pause .* holdfast_lock_age has to be at least twice as much/s,
    );
    assert.deepEqual(await fleet.versions(), ["1"]);
  }
});

test("what stands by on a host that another run has taken meanwhile is not committed", async () => {
  await using fleet = new Fleet(1);
  const [rig] = fleet.rigs;
  const stolen = JSON.stringify({ owner: { pid: 1, controller: "other" }, since: 1, renewed: 1 });
  const steal = `test ! -e /run/holdfast-roll/${rig?.name}.lock || echo '${stolen}' > /run/holdfast-roll/${rig?.name}.lock`;
  rig?.configure(`check = ["/bin/sh", "-c", ${JSON.stringify(steal)}]\n`);
  await fleet.start();
  // Each lock is old at once.
  const stage = { ...deploy(fleet, "2"), holdfast_lock_age: 0, holdfast_commit_in: 1 };
  const { status, output } = await fleet.run("stage_and_commit", stage).ended;
  assert.equal(status, 2, output);
  assert.match(output, /the run has stopped: host0: another run has/);
  // Its plain workers answer, too, as soon as they run: what counts is which generation is active.
  const generations = (await rig?.status())?.generations ?? [];
  assert.deepEqual(
    generations.filter(({ phase }) => phase === "active").map(({ id }) => id),
    [1],
  );
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
