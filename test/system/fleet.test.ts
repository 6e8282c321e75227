import assert from "node:assert/strict";
import type { Release } from "../harness/container/releases.js";
import { waitUntil } from "../harness/container/wait-until.js";
import { Balancer } from "../harness/fleet/balancer.js";
import { type Build, Fleet, ON_LONG_PROBATION } from "../harness/fleet/fleet.js";
import type { FleetHost } from "../harness/fleet/host.js";
import { RUN_TIMEOUT_MS, type Variables } from "../harness/fleet/playbook.js";
import { fillDisk, freeDisk, giveSmallDisk } from "../harness/fleet/small-disk.js";
import { onFleet } from "../harness/fleet/story.js";
import { answersEverything, losesNothing } from "../harness/fleet/under-load.js";
import { countLost } from "../harness/load/report.js";
import { startLoad } from "../harness/load/start-load.js";

/** So that there is one that is over, one under way, and one that has not begun. */
const BATCHES = [1, 2, "100%"];
const HALVES = [2, "100%"];

async function boot(release: Release): Promise<Fleet> {
  const fleet = await Fleet.boot(release);
  await giveSmallDisk(fleet.host(3));
  return fleet;
}

onFleet("a fleet, rolled by the Ansible collection", boot, (story) => {
  story(
    "a good version comes to every host, batch after batch, and nobody loses a request",
    async ({ fleet, current }) => {
      const version = await fleet.build();
      const [first, second] = [fleet.host(1), fleet.host(2)];
      const reports = await losesNothing(fleet, async () => {
        const roll = fleet.startRoll(version, BATCHES);
        await roll.until(second.reaches(version, ["trial", "probation", "proved"]));
        await first.reaches(version, ["proved"]);
        await roll.succeeds();
        assert.deepEqual(await fleet.versions(), fleet.all(version));
      });
      for (const { versions } of reports) assert.deepEqual(Object.keys(versions), [current, version]);
      return version;
    },
  );

  story("the same version once more changes nothing", async ({ fleet, current }) => {
    const before = await fleet.generations();
    const said = await fleet.startRoll(current, "100%").succeeds();
    assert.deepEqual(await fleet.generations(), before, said);
    return current;
  });

  const bad: [string, Build, Variables, (host: FleetHost, version: string) => Promise<void>][] = [
    ["fails its start", { failsItsStart: true }, {}, async () => {}],
    ["fails its trial", { flaws: { fails: "1" } }, {}, async () => {}],
    [
      "fails its probation",
      { linked: ["fails"] },
      ON_LONG_PROBATION,
      async (host, version) => {
        await host.reaches(version, ["probation"]);
        await host.turnBad("fails", "1");
      },
    ],
  ];
  for (const [what, build, variables, spoil] of bad) {
    story(
      `a version that ${what} stops at the first host, which is back, and the others never see it`,
      async ({ fleet, current }) => {
        const version = await fleet.build(build);
        const [, ...before] = await fleet.generations();
        const [, ...others] = await answersEverything(fleet, async () => {
          const roll = fleet.startRoll(version, [1, "100%"], variables);
          await roll.until(spoil(fleet.host(1), version));
          await roll.fails();
          assert.deepEqual(await fleet.versions(), fleet.all(current));
        });
        for (const report of others) assert.equal(countLost(report), 0, JSON.stringify(report));
        assert.deepEqual((await fleet.generations()).slice(1), before);
        return current;
      },
    );
  }

  story(
    "a version that is bad on a host of the second batch only is taken back from all hosts that have it",
    async ({ fleet, current }) => {
      const version = await fleet.build({ linked: ["fails"] });
      const last = (await fleet.generations())[3];
      await fleet.host(3).turnBad("fails", "1");
      const [first, second, , fourth] = await answersEverything(fleet, async () => {
        await fleet.startRoll(version, BATCHES).fails();
        assert.deepEqual(await fleet.versions(), fleet.all(current));
      });
      for (const report of [first, second, fourth]) assert.equal(report && countLost(report), 0);
      assert.ok(first?.versions[version] !== undefined, "it has served where it was good");
      assert.equal((await fleet.generations())[3], last);
      return current;
    },
  );

  story("a host that is down stops a roll before anything has changed", async ({ fleet, current }) => {
    const down = fleet.host(4);
    const before = await fleet.generations();
    const version = await fleet.build();
    await fleet.setCable(down, "down");
    await fleet.startRoll(version).fails();
    await fleet.setCable(down, "up");
    assert.deepEqual(await fleet.generations(), before);
    return current;
  });

  story(
    "a host that goes down in the middle takes the others back, and the next run ends in one version",
    async ({ fleet, current }) => {
      const version = await fleet.build();
      const [lost, ...others] = [fleet.host(2), fleet.host(1), fleet.host(3), fleet.host(4)];
      await losesNothing(
        fleet,
        async () => {
          const roll = fleet.startRoll(version);
          await roll.until(lost.reaches(version, ["trial", "probation"]));
          await fleet.setCable(lost, "down");
          await roll.fails();
          for (const host of others) assert.equal(await host.settled(), current, host.name);
          await fleet.setCable(lost, "up");
          await fleet.startRoll(version, "100%").succeeds();
        },
        others,
      );
      return version;
    },
  );

  story(
    "a disk that is full on one host takes the others back; with room on it the same run is good",
    async ({ fleet, current }) => {
      const version = await fleet.build();
      await losesNothing(fleet, async () => {
        const roll = fleet.startRoll(version);
        await roll.until(fleet.host(1).reaches(version, ["trial", "probation"]));
        await fillDisk(fleet.host(3));
        await roll.fails();
        assert.deepEqual(await fleet.versions(), fleet.all(current));
        await freeDisk(fleet.host(3));
        await fleet.startRoll(version, "100%").succeeds();
      });
      return version;
    },
  );

  story(
    "a controller that is killed in the middle and run again ends in one version everywhere",
    async ({ fleet, current }) => {
      const version = await fleet.build();
      await losesNothing(fleet, async () => {
        const roll = fleet.startRoll(version, HALVES);
        await roll.until(fleet.host(2).reaches(version, ["trial", "probation"]));
        await roll.kill();
        assert.equal(await fleet.host(4).settled(), current);
        await fleet.startRoll(version, HALVES).succeeds();
        assert.deepEqual(await fleet.versions(), fleet.all(version));
      });
      return version;
    },
  );

  story(
    "of two controllers at once one is refused and changes nothing, and they never mix their versions",
    async ({ fleet, current }) => {
      const versions = [await fleet.build(), await fleet.build()];
      let serves = current;
      await losesNothing(fleet, async () => {
        const ends = await Promise.all(versions.map((version) => fleet.startRoll(version).end));
        const said = ends.map(({ stdout, stderr }) => `${stdout}\n${stderr}`);
        assert.deepEqual(ends.map(({ code }) => code).sort(), [0, 2], said.join("\n"));
        const winner = ends.findIndex(({ code }) => code === 0);
        assert.match(said[1 - winner] ?? "", /another run has web: /);
        serves = versions[winner] ?? current;
        assert.deepEqual(await fleet.versions(), fleet.all(serves));
      });
      return serves;
    },
  );

  story(
    "staged everywhere, a version is committed on all hosts at once, and the spread is told",
    async ({ fleet }) => {
      const version = await fleet.build();
      await losesNothing(fleet, async () => {
        const run = fleet.start("stage_and_commit", version);
        const stagedOnAll = async () => {
          const statuses = await Promise.all(fleet.hosts.map((host) => host.status()));
          return statuses.every(({ generations }) => generations.some(({ phase }) => phase === "candidate"));
        };
        await run.until(waitUntil("a candidate on all hosts", RUN_TIMEOUT_MS, stagedOnAll));
        const said = await run.succeeds();
        const [, spreadMs] = /from the first commit to the last: (\d+) ms/.exec(said) ?? [];
        assert.ok(Number(spreadMs) < 1_000, said);
        assert.deepEqual(await fleet.versions(), fleet.all(version));
      });
      return version;
    },
  );

  story(
    "behind HAProxy nobody sees a downgrade: no check fails, nothing is sent twice, nothing is lost",
    async ({ fleet, current, previous }) => {
      const [newer, older] = [current, previous];
      await using balancer = await Balancer.start(fleet);
      await using load = await startLoad(fleet.controller, {
        address: balancer.address,
        ...{ keepAlive: 8, freshPerSecond: 100, slow: 0 },
      });
      await fleet.startRoll(older).succeeds();
      await load.waitForMore(20);
      const report = await load.stop();
      assert.equal(countLost(report) + report.idleClosed, 0, JSON.stringify(report));
      assert.deepEqual(Object.keys(report.versions).sort(), [older, newer].sort());
      for (const { status, responses, troubles, name } of await balancer.servers()) {
        assert.equal(status, "UP", name);
        assert.ok(responses > 0, name);
        assert.deepEqual(
          new Set(Object.values(troubles)),
          new Set([0]),
          `${name}: ${JSON.stringify(troubles)}`,
        );
      }
      return older;
    },
  );
});
