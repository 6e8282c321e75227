import assert from "node:assert/strict";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { assertNobodyRefused, losesNothing, underLoad } from "../harness/service/under-load.js";
import { SOCKET, versionOf, type WebSetup, workerPids } from "../harness/service/web-service.js";

const SETUPS: readonly [string, WebSetup][] = [
  ["gunicorn on a socket unit", { app: "gunicorn", socket: SOCKET }],
  ["a Node server on a port that the daemon binds", { app: "node" }],
];

onEachRelease("upgrades", (promise) => {
  for (const [what, setup] of SETUPS) {
    promise(`${what}: the first start, and a reload to version 2`, setup, async (web) => {
      await web.must("start");
      assert.equal(await web.show("ActiveState"), "active");
      assert.match(await web.show("StatusText"), /^generation 1, 2 workers ready/);
      const mainPid = await web.mainPid();
      const report = await losesNothing(web, async (load) => {
        await web.deploy("v2");
        await web.must("reload");
        assert.equal(await web.show("ReloadResult"), "success");
        await load.waitFor("version 2", 10_000, ({ versions }) => versions["v2"] !== undefined);
      });
      assert.deepEqual(Object.keys(report.versions), ["v1", "v2"]);
      assert.equal(await web.mainPid(), mainPid);
      const active = await web.settled();
      assert.equal(active.id, 2);
      assert.match(await web.show("StatusText"), /^generation 2, 2 workers ready/);
      assert.equal((await web.cli("status")).code, 0);
    });

    promise(`sozu: ${what}: ten upgrades in a row, and nothing piles up`, setup, async (web) => {
      await web.must("start");
      const before = await web.show("NFileDescriptorStore");
      const report = await losesNothing(web, async () => {
        for (let count = 1; count <= 10; count++) {
          await web.deploy(`v${count + 1}`);
          await web.must("reload");
        }
      });
      assert.ok(report.versions["v11"] !== undefined, JSON.stringify(report.versions));
      const active = await web.settled();
      assert.equal(active.id, 11);
      assert.equal(await web.show("NFileDescriptorStore"), before);
      const daemon = await web.mainPid();
      const parents = await web.container.sh(`pgrep -P ${daemon} || true`);
      assert.deepEqual(parents.split("\n").map(Number).sort(), workerPids(active).sort());
    });
  }

  promise(
    "gunicorn with threads loses what it cuts itself on SIGTERM, and nobody is refused",
    { app: "gunicorn-threads" },
    async (web) => {
      await web.must("start");
      const report = await underLoad(web, async () => {
        await web.deploy("v2");
        await web.must("reload");
      });
      assertNobodyRefused(report);
      // A slow request also comes on a connection of its own; of the two clients' each may have been accepted just then.
      const { ok, requests } = report.kinds.slow;
      assert.ok(requests - ok <= 2, JSON.stringify(report));
      assert.ok(report.versions["v2"] !== undefined);
    },
  );

  promise(
    "holdfast upgrade and holdfast rollback change the version and say so",
    { app: "node" },
    async (web) => {
      await web.must("start");
      await losesNothing(web, async () => {
        await web.deploy("v2");
        const upgraded = await web.cli("upgrade");
        assert.equal(upgraded.code, 0, upgraded.stderr);
        assert.match(upgraded.stdout, /generation 2 is active/);
        assert.equal(versionOf(await web.settled()), "v2");
        const rolledBack = await web.cli("rollback");
        assert.equal(rolledBack.code, 0, rolledBack.stderr);
      });
      const active = await web.settled();
      assert.equal(active.id, 3);
      assert.equal(versionOf(active), "v1");
    },
  );

  promise(
    "systemd shows an upgrade while it lasts, and a second one waits for it",
    { app: "node" },
    async (web) => {
      await web.must("start");
      await losesNothing(web, async () => {
        const letBoot = await web.deployHeld("v2");
        const first = web.cli("upgrade");
        await web.waitFor("ActiveState", "reloading");
        assert.match(await web.show("StatusText"), /upgrade to generation 2 is under way/);
        const second = web.systemctl("reload");
        await letBoot();
        assert.deepEqual([(await first).code, (await second).code], [0, 0]);
      });
      assert.equal(await web.show("ActiveState"), "active");
      assert.equal((await web.settled()).id, 3);
    },
  );

  promise(
    "who is neither root nor the service's user is refused, even where the socket's mode lets everybody in",
    { app: "node" },
    async (web) => {
      await web.must("start");
      const socket = `/run/holdfast/${web.name}/control.sock`;
      await web.container.sh(`chmod 666 ${socket}`);
      const curl = `curl -s -o /dev/null -w '%{http_code}' --unix-socket ${socket} http://localhost/v1`;
      const stranger = "setpriv --reuid=65534 --regid=65534 --clear-groups";
      assert.equal(await web.container.sh(`${stranger} ${curl}/status`), "403");
      assert.equal(await web.container.sh(`${stranger} ${curl}/stop -X POST`), "403");
      assert.equal(await web.container.sh(`${curl}/status`), "200");
      assert.equal(await web.show("ActiveState"), "active");
    },
  );

  promise(
    "what workers print is in the unit's journal under their own pids",
    { app: "node" },
    async (web) => {
      await web.must("start");
      await web.deploy("v2", { "crash-at-boot": "" });
      const daemon = await web.mainPid();
      await waitUntil("the worker's line", DEADLINE_MS, async () => {
        // Where journald comes to read it only when the process has gone it has no unit.
        assert.equal((await web.systemctl("reload")).code, 1);
        const lines = await web.container.sh(
          `journalctl -u ${web.unit} -o json --output-fields=_PID,MESSAGE,_TRANSPORT | grep 'told to crash' || true`,
        );
        return lines !== "" && !lines.includes(`"_PID":"${daemon}"`);
      });
      const { stdout } = await web.cli("logs", "2");
      assert.match(stdout, /generation 2 from .*told to crash/s);
      assert.doesNotMatch(stdout, /generation 1 from/);
    },
  );

  promise(
    "the last words of a version are told, also when it has gone before journald reads them",
    { app: "node" },
    async (web) => {
      await web.must("start");
      await web.deploy("v2", { "crash-at-boot": "" });
      const journald = await web.container.sh("systemctl show --property MainPID --value systemd-journald");
      await web.container.sh(`kill -STOP ${journald}`);
      try {
        assert.equal((await web.systemctl("reload")).code, 1);
      } finally {
        await web.container.sh(`kill -CONT ${journald}`);
      }
      await waitUntil("the last words", DEADLINE_MS, async () =>
        (await web.cli("status")).stdout.includes("told to crash"),
      );
      assert.match((await web.cli("logs", "2")).stdout, /told to crash/);
    },
  );

  promise(
    "holdfast events --since tells from the journal what happened, and goes on, each of it once",
    { app: "node" },
    async (web) => {
      await web.must("start");
      const told = "/tmp/holdfast-events.jsonl";
      await web.container.sh(
        `holdfast -n ${web.name} events --since 10min --json >${told} 2>&1 </dev/null & echo $! >${told}.pid`,
      );
      const events = async (): Promise<readonly string[]> => {
        const lines = (await web.container.sh(`cat ${told}`)).split("\n").filter(Boolean);
        return lines.map((line) => line.replace(/^.*"event":"([^"]*)".*$/, "$1"));
      };
      const waitFor = (upgrades: number): Promise<true> =>
        waitUntil(`the end of ${upgrades} upgrades`, 20_000, async () => {
          return (await events()).filter((one) => one === "upgrade-done").length >= upgrades;
        });
      // The start was before.
      await waitFor(1);
      for (const version of ["v2", "v3"]) {
        await web.deploy(version);
        await web.must("reload");
      }
      await waitFor(3);
      await web.container.sh(`kill $(cat ${told}.pid)`);
      const seen = await events();
      for (const event of ["upgrade-started", "generation-created", "generation-active", "upgrade-done"]) {
        assert.equal(seen.filter((one) => one === event).length, 3, event);
      }
      const wrong = await web.cli("events", "--since", "3 parsecs");
      assert.deepEqual([wrong.code, /is no time; write one like 1h/.test(wrong.stderr)], [2, true]);
    },
  );
});
