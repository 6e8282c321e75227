import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pathInCheckout } from "../harness/container/checkout.js";
import type { Release } from "../harness/container/releases.js";
import { waitUntil } from "../harness/container/wait-until.js";
import { Fleet } from "../harness/fleet/fleet.js";
import { SERVICE } from "../harness/fleet/host.js";
import { RUN_TIMEOUT_MS, type Variables } from "../harness/fleet/playbook.js";
import { Prometheus } from "../harness/fleet/prometheus.js";
import { onFleet, type Scene } from "../harness/fleet/story.js";
import { answersEverything, losesNothing } from "../harness/fleet/under-load.js";

/** As docs/fleet.md has it, over as few seconds as a test may wait for. */
const QUERY = /^holdfast_gate_query: >-\n((?: {2}.+\n)+)/m
  .exec(readFileSync(pathInCheckout("docs/fleet.md"), "utf8"))?.[1]
  ?.trim()
  .replaceAll("[2m]", "[6s]");
const AGAIN = { holdfast_gate_retries: 1, holdfast_gate_delay: 1 };

/** What a restart and a boot of the nth host would start. */
function deployedOn(fleet: Fleet, nth: number): Promise<string> {
  return fleet.host(nth).container.sh(`cat /srv/${SERVICE}/current/version`);
}

/** Rolls a version that is bad on the second host, and nowhere else. */
async function rollBadOnSecond(fleet: Fleet, serial: unknown, variables: Variables) {
  const second = fleet.host(2);
  await second.turnBad("fails", "1");
  const version = await fleet.build({ linked: ["fails"] });
  let said = "";
  const roll = async () => {
    said = await fleet.startRoll(version, serial, variables).fails();
  };
  await answersEverything(fleet, roll, [second]);
  return { version, said };
}

/** A good version, to all hosts, whatever they have. */
async function bringTogether(fleet: Fleet): Promise<string> {
  const version = await fleet.build();
  await fleet.startRoll(version, "100%").succeeds();
  return version;
}

function boot(release: Release): Promise<Fleet> {
  return Fleet.boot(release, 3);
}

onFleet("a fleet, judged by its admins", boot, (story) => {
  story("a version that Prometheus sees nothing wrong with passes the gate", async ({ fleet, current }) => {
    await using prometheus = await Prometheus.start(fleet);
    const gate = { holdfast_gate_prometheus: `${prometheus.url}/`, holdfast_gate_query: QUERY, ...AGAIN };
    const version = await fleet.build();
    const reports = await losesNothing(fleet, async () => {
      await fleet.startRoll(version, [1, "100%"], { ...gate, holdfast_pause: 1 }).succeeds();
    });
    for (const { versions } of reports) assert.deepEqual(Object.keys(versions), [current, version]);
    return version;
  });

  story(
    "a version that turns bad after its probation is seen by Prometheus after the pause, and taken back from all hosts that have it",
    async ({ fleet, current }) => {
      await using prometheus = await Prometheus.start(fleet);
      const gate = { holdfast_gate_prometheus: prometheus.url, holdfast_gate_query: QUERY, ...AGAIN };
      const version = await fleet.build({ linked: ["fails"] });
      await answersEverything(fleet, async () => {
        const roll = fleet.startRoll(version, [2, "100%"], { ...gate, holdfast_pause: 5 });
        await roll.until(fleet.host(2).reaches(version, ["proved"]));
        await fleet.host(2).turnBad("fails", "1");
        const said = await roll.fails();
        assert.match(said, /the gate after batch 1 says no: \{instance=\S+10\.77\.0\.12:9464\S+\} is 0;/);
        assert.match(said, /went back: host1, host2\W/);
        assert.deepEqual(await fleet.versions(), fleet.all(current));
      });
      return current;
    },
  );

  const refusals: [string, Variables, RegExp][] = [
    [
      "a Prometheus that does not answer",
      { holdfast_gate_prometheus: "http://127.0.0.1:1", holdfast_gate_query: "vector(1)", ...AGAIN },
      /the gate after batch 1 cannot be asked: .*Connection refused/,
    ],
    [
      "a command that says no",
      { holdfast_gate_command: "echo no page for $(cat $HOLDFAST_HOSTS_FILE); exit 3", ...AGAIN },
      /the gate after batch 1 says no: no page for host1; went back: host1\W/,
    ],
  ];
  for (const [what, gate, why] of refusals) {
    story(`${what} takes the first host back, and is told`, async ({ fleet, current }) => {
      const version = await fleet.build();
      const [, ...others] = await fleet.generations();
      assert.match(await fleet.startRoll(version, [1, "100%"], gate).fails(), why);
      assert.deepEqual(await fleet.versions(), fleet.all(current));
      assert.deepEqual((await fleet.generations()).slice(1), others);
      return current;
    });
  }

  story("a query that Prometheus cannot read is told as Prometheus tells it", async ({ fleet, current }) => {
    await using prometheus = await Prometheus.start(fleet);
    const gate = { holdfast_gate_prometheus: prometheus.url, ...AGAIN };
    const ask = (holdfast_gate_query: string) =>
      fleet.startRoll(current, "100%", { ...gate, holdfast_gate_query }).fails();
    assert.match(await ask("sum(rate("), /cannot be asked: Prometheus says: .*parse error/);
    assert.match(await ask('up{job="other"}'), /says no: the query has no result/);
    return current;
  });

  story("of a batch that fails by more than it may all hosts go back", async ({ fleet, current }) => {
    await rollBadOnSecond(fleet, [1, "100%"], { holdfast_max_fail_percentage: 49 });
    assert.deepEqual(await fleet.versions(), fleet.all(current));
    return current;
  });

  story(
    "a host that may fail stays on the version before, over a restart, too, and is named at the end",
    async ({ fleet, current }) => {
      const share = { holdfast_max_fail_percentage: 50 };
      const { version, said } = await rollBadOnSecond(fleet, [1, "100%"], share);
      assert.match(said, /on the new version: host1, host3; not on it: host2: /);
      assert.equal(await deployedOn(fleet, 2), current);
      await fleet.host(2).container.sh(`systemctl restart holdfast@${SERVICE}`);
      assert.deepEqual(await fleet.versions(), [version, current, version]);
      return bringTogether(fleet);
    },
  );

  story("without a way back hosts stay as they are, and the run stops", async ({ fleet, current }) => {
    const [, , last] = await fleet.generations();
    const { version, said } = await rollBadOnSecond(fleet, 1, { holdfast_go_back: false });
    assert.match(said, /the run has stopped: host2: .*; on the new version: host1\W/);
    assert.deepEqual(await fleet.versions(), [version, current, current]);
    assert.equal((await fleet.generations())[2], last);
    return bringTogether(fleet);
  });

  story(
    "hosts that cannot be reached are left out, named, and brought in by the next run",
    async ({ fleet, current }) => {
      const version = await fleet.build();
      const down = fleet.host(1);
      await fleet.setCable(down, "down");
      const said = await fleet.startRoll(version, [1, "100%"], { holdfast_unreachable: "skip" }).fails();
      await fleet.setCable(down, "up");
      assert.match(said, /on the new version: host2, host3; not on it: host1: it could not be reached/);
      assert.deepEqual(await fleet.versions(), [current, version, version]);
      await fleet.startRoll(version, "100%", { holdfast_unreachable: "skip" }).succeeds();
      return version;
    },
  );

  /** A run that waits at its gate after the first host. */
  async function startHeld({ fleet }: Pick<Scene, "fleet">, version: string, more: Variables = {}) {
    const at = `/run/at-${version}`;
    const command = `touch ${at}; until test -e /run/go-on; do sleep 0.1; done`;
    const run = fleet.startRoll(version, [1, "100%"], { holdfast_gate_command: command, ...more });
    const isThere = async () => (await fleet.controller.exec(["test", "-e", at])).code === 0;
    await run.until(waitUntil(`${version} at its gate`, RUN_TIMEOUT_MS, isThere));
    return run;
  }

  story(
    "a run whose hosts were taken by another one, by force or because it was silent for long, stops and takes nothing back",
    async ({ fleet }) => {
      const versions = [await fleet.build(), await fleet.build(), await fleet.build()] as const;
      const [first, second, third] = versions;
      const lost = [
        await startHeld({ fleet }, first),
        await startHeld({ fleet }, second, { holdfast_break_lock: true }),
      ];
      // As if it had not renewed its locks for as long as they are good.
      const age = `sed -i 's/"renewed": [0-9.]*/"renewed": 1/' /run/holdfast-roll/${SERVICE}.lock`;
      await Promise.all(fleet.hosts.map(({ container }) => container.sh(age)));
      await fleet.startRoll(third, "100%").succeeds();
      const generations = await fleet.generations();
      await fleet.controller.sh("touch /run/go-on");
      for (const run of lost) assert.match(await run.fails(), /the run has stopped: .*; went back: none;/);
      assert.deepEqual(await fleet.generations(), generations);
      return third;
    },
  );
});
