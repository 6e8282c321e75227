import assert from "node:assert/strict";
import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
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

/** Seconds for which the lock of a host is good, as soon as it is locked. */
async function lockAge(fleet: Fleet): Promise<number> {
  const file = `/run/holdfast-roll/${fleet.rigs[0]?.name}.lock`;
  await waitUntil("a lock", 60_000, () => existsSync(file));
  const lock: { age: number } = JSON.parse(readFileSync(file, "utf8"));
  return lock.age;
}

test("a lock is good for as long as the run may be silent: all hosts by its forks, the pause, the gate, the commit", async () => {
  await using fleet = new Fleet(3);
  await fleet.start();
  const held = { ...deploy(fleet, "2"), holdfast_timeout: "1h", holdfast_pause: 300 };
  const gate = { holdfast_gate_command: "true", holdfast_gate_retries: 5, holdfast_gate_delay: 10 };
  const runs = [
    ["roll", held, 2 * (2 * 3600 + 300)],
    ["roll", { ...held, ...gate }, 2 * (2 * 3600 + 350)],
    // By default one moment for each two hosts: 10 s, and 2 s for each time that Ansible talks to two.
    ["stage_and_commit", held, 2 * (2 * 3600 + 14 + 3600)],
  ] as const;
  for (const [playbook, variables, age] of runs) {
    const run = fleet.run(playbook, variables, ["--forks", "2"]);
    const found = await lockAge(fleet);
    run.kill();
    await run.ended;
    assert.equal(found, age, playbook);
    for (const { name } of fleet.rigs) rmSync(`/run/holdfast-roll/${name}.lock`, { force: true });
  }
});

test("a run that nobody can make as it is asked for is refused, and locks nothing", async () => {
  await using fleet = new Fleet(2);
  await fleet.start();
  const refused = [
    [{ holdfast_hosts: "typo" }, [], /no host of the inventory, .*, is typo/],
    [{ holdfast_hosts: "host0" }, ["--limit", "host1"], /no host of the inventory, .*, is host0/],
    [{ holdfast_serial: [] }, [], /holdfast_serial: \[\] has no batch/],
    [
      { holdfast_serial: [1, "some"] },
      [],
      /holdfast_serial: some is neither a number of hosts nor a percentage/,
    ],
    [{ holdfast_timeout: "soon" }, [], /holdfast_timeout: cannot read the timeout/],
  ] as const;
  for (const [variables, options, why] of refused) {
    const { status, output } = await fleet.run("roll", { ...deploy(fleet, "2"), ...variables }, options)
      .ended;
    assert.notEqual(status, 0, output);
    assert.match(output, why);
    assert.ok(!existsSync(`/run/holdfast-roll/${fleet.rigs[0]?.name}.lock`), output);
  }
  assert.deepEqual(await fleet.versions(), ["1", "1"]);
});

test("what holdfast_release names has changed after the first host: the roll stops, and goes back", async () => {
  await using fleet = new Fleet(2);
  await fleet.start();
  const named = deploy(fleet, "2");
  const { holdfast_version: _, ...unnamed } = named;
  const build = join(named.holdfast_release.directory, "puppet.json");
  const push = `echo '{"version": "3"}' > ${build}`;
  const roll = { holdfast_serial: 1, holdfast_gate_command: push, holdfast_gate_retries: 0 };
  const runs = [
    [{ ...named, ...roll }, /has stopped: host1: what is called 2 there is not what it is on host0: /],
    // What either host has got stays there beside the others.
    [named, /has stopped: host1: what is called 2 there is not what it is on host0: /],
    [{ ...unnamed, ...roll }, /has stopped: host1: it has got \w{12}, and host0 \w{12}: /],
  ] as const;
  for (const [variables, why] of runs) {
    writeFileSync(build, `{"version": "2"}`);
    const { status, output } = await fleet.run("roll", variables).ended;
    assert.equal(status, 2, output);
    assert.match(output, why);
    assert.match(output, /went back: host0, host1\W/);
    assert.deepEqual(await fleet.versions(), ["1", "1"]);
  }
});

test("the command of a gate runs where ansible-playbook was started, and reads the hosts in a file", async () => {
  await using fleet = new Fleet(2);
  await fleet.start();
  writeFileSync(join(fleet.directory, "smoke-test.sh"), '#!/bin/sh\ncp "$HOLDFAST_HOSTS_FILE" "$1"\n', {
    mode: 0o755,
  });
  const gate = { holdfast_gate_command: "./smoke-test.sh seen-$HOLDFAST_BATCH", holdfast_gate_retries: 0 };
  const { status, output } = await fleet.run("roll", { ...deploy(fleet, "2"), ...gate, holdfast_serial: 1 })
    .ended;
  assert.equal(status, 0, output);
  const seen = [0, 1].map((batch) => readFileSync(join(fleet.directory, `seen-${batch}`), "utf8"));
  assert.deepEqual(seen, ["host0\n", "host0\nhost1\n"]);
});

test("the spread of a commit is that of the hosts that have changed", async () => {
  await using fleet = new Fleet(2);
  await fleet.start();
  const stage = { ...deploy(fleet, "2"), holdfast_commit_in: 5 };
  const first = await fleet.run("stage_and_commit", { ...stage, holdfast_hosts: "host0" }).ended;
  assert.equal(first.status, 0, first.output);
  const { status, output } = await fleet.run("stage_and_commit", stage).ended;
  assert.equal(status, 0, output);
  assert.match(output, /from the first commit to the last: 0 ms/);
  assert.deepEqual(await fleet.versions(), ["2", "2"]);
});

test("a host whose turn to commit comes after the moment fails, and all go back", async () => {
  await using fleet = new Fleet(2);
  await fleet.start();
  const { status, output } = await fleet.run("stage_and_commit", {
    ...deploy(fleet, "2"),
    holdfast_commit_in: 0,
  }).ended;
  assert.equal(status, 2, output);
  assert.match(output, /host0: .*its turn came \d+\.\d s after the moment of the commit/);
  assert.deepEqual(await fleet.versions(), ["1", "1"]);
});

test("a run that loses all its hosts in the middle ends with 4, and the same run is good once they are there", async () => {
  await using fleet = new Fleet(1);
  const lost = join(fleet.directory, "lost");
  const check = `! grep 2 puppet.json || test -e ${lost}-before || touch ${lost} ${lost}-before`;
  fleet.rigs[0]?.configure(`check = ["/bin/sh", "-c", ${JSON.stringify(check)}]\n`);
  await fleet.start();
  const ssh = join(fleet.directory, "ssh");
  writeFileSync(
    ssh,
    `#!/bin/sh\nwhile test $# -gt 1; do shift; done\ntest ! -e ${lost} || exit 255\nexec sh -c "$1"\n`,
    {
      mode: 0o755,
    },
  );
  const reached = {
    ansible_connection: "ssh",
    ansible_ssh_executable: ssh,
    ansible_ssh_transfer_method: "piped",
  };
  const first = await fleet.run("roll", { ...deploy(fleet, "2"), ...reached }).ended;
  assert.equal(first.status, 4, first.output);
  rmSync(lost);
  const second = await fleet.run("roll", { ...deploy(fleet, "2"), ...reached }).ended;
  assert.equal(second.status, 0, second.output);
  assert.deepEqual(await fleet.versions(), ["2"]);
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
