import assert from "node:assert/strict";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { assertNobodyRefused, losesNothing, underLoad } from "../harness/service/under-load.js";
import {
  SOCKET,
  versionOf,
  type WebService,
  type WebSetup,
  workerPids,
} from "../harness/service/web-service.js";

const ON_SOCKET: WebSetup = { app: "node", socket: SOCKET };

/** Waits until two workers serve of which none is in `gone`. */
async function replaced(web: WebService, gone: readonly number[]): Promise<void> {
  await waitUntil("new workers", 20_000, async () => {
    const now = workerPids(await web.settled());
    return now.length === 2 && now.every((pid) => !gone.includes(pid));
  });
}

/** With its sockets, and without the streams that its fd store keeps over a restart, from systemd 254 on over a stop, too. */
const RESTART_JOURNALD = `
units='systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service'
systemctl stop $units
systemctl clean --what=fdstore systemd-journald.service 2>/dev/null || true
systemctl start $units`;

/** Whether the process can still write to the journal: its stderr has a peer. */
async function hasJournal(web: WebService, pid: number): Promise<boolean> {
  const own = await web.container.sh(`stat -Lc %i /proc/${pid}/fd/2`);
  const peer = await web.container.sh(`ss -Hx | awk '$6 == ${own} { print $8 }'`);
  return peer !== "" && peer !== "0";
}

/** A script that has `holdfast` and `holdfastd` run by another program. */
function retarget(from: string, to: string): string {
  return `sed -i 's|/usr/bin/${from} |/usr/bin/${to} |' /usr/bin/holdfast /usr/bin/holdfastd`;
}

/** Waits until the journal has an entry that matches. */
async function inJournal(web: WebService, ...matches: string[]): Promise<void> {
  const quoted = matches.map((match) => `'${match}'`).join(" ");
  await waitUntil(`an entry with ${quoted}`, 20_000, async () => {
    return (await web.container.sh(`journalctl --quiet -o cat ${quoted} || true`)) !== "";
  });
}

onEachRelease("crashes", (promise) => {
  promise(
    "a journald that is restarted with its sockets ends neither daemon nor upgrade, and hears both and the workers that come later",
    { app: "gunicorn", socket: SOCKET },
    async (web) => {
      await web.must("start");
      const daemon = await web.mainPid();
      await losesNothing(web, async () => {
        await web.deploy("v2");
        await web.container.sh(RESTART_JOURNALD);
        assert.equal(await hasJournal(web, daemon), false, "the daemon's stream has died");
        await web.must("reload");
      });
      const workers = workerPids(await web.settled());
      const [victim = 0] = workers;
      await web.container.sh(`kill -9 ${victim}`);
      await replaced(web, [victim]);
      assert.equal(await web.mainPid(), daemon);
      const source = [`_PID=${daemon}`, `_SYSTEMD_UNIT=${web.unit}`];
      for (const event of ["upgrade-done", "worker-crashed"])
        await inJournal(web, `HOLDFAST_EVENT=${event}`, ...source);
      for (const pid of [...workers, ...workerPids(await web.settled())])
        await inJournal(web, `SYSLOG_IDENTIFIER=${web.name}/2`, `_PID=${pid}`);
      assert.ok(await hasJournal(web, daemon), "what Node itself has to say arrives, too");
    },
  );

  promise(
    "while Node is not there systemd does not start the daemon as fast as it fails; then it comes back to its workers",
    { app: "gunicorn", socket: SOCKET },
    async (web) => {
      await web.must("start");
      const workers = workerPids(await web.settled());
      const daemon = await web.mainPid();
      try {
        await web.container.sh(`${retarget("node", "no-node")}; kill -9 ${daemon}`);
        await waitUntil("the pause", 20_000, async () => {
          const pids = (await web.pids()).join(" ");
          const names = await web.container.sh(`ps -o comm= ${pids} || true`);
          return (await web.show("SubState")) === "stop-post" && names.includes("sleep");
        });
      } finally {
        await web.container.sh(retarget("no-node", "node"));
      }
      await web.successorOf(daemon);
      assert.deepEqual(workerPids(await web.settled()), workers);
    },
  );

  promise(
    "a killed worker is replaced from its own generation, and nobody is refused",
    { app: "node" },
    async (web) => {
      await web.must("start");
      await web.deploy("v2"); // not asked for
      const [victim = 0] = workerPids(await web.settled());
      const report = await underLoad(web, async () => {
        await web.container.sh(`kill -9 ${victim}`);
        await waitUntil(
          "its successor",
          20_000,
          async () => !workerPids(await web.settled()).includes(victim),
        );
      });
      assertNobodyRefused(report);
      assert.deepEqual(Object.keys(report.versions), ["v1"]);
      const active = await web.settled();
      assert.equal(active.id, 1);
      assert.deepEqual(
        active.workers.map(({ crashes }) => crashes),
        [1, 0],
      );
      assert.equal(await web.show("ActiveState"), "active");
      await losesNothing(web, () => web.must("reload"));
    },
  );

  promise(
    "a killed gunicorn takes its children with it and is replaced",
    { app: "gunicorn", socket: SOCKET },
    async (web) => {
      await web.must("start");
      const [victim = 0] = workerPids(await web.settled());
      const children = await waitUntil("its children", 10_000, async () => {
        const pids = await web.container.sh(`pgrep -P ${victim} || true`);
        return pids.split("\n").length === 2 && pids.split("\n").map(Number);
      });
      const report = await underLoad(web, async () => {
        await web.container.sh(`kill -9 ${victim}`);
        await waitUntil("its successor", 20_000, async () => {
          const left = await web.pids();
          return ![victim, ...children].some((pid) => left.includes(pid));
        });
        await web.settled();
      });
      assertNobodyRefused(report);
    },
  );

  promise("all workers killed: nobody is refused, and new ones come", ON_SOCKET, async (web) => {
    await web.must("start");
    const workers = workerPids(await web.settled());
    const report = await underLoad(web, async () => {
      await web.container.sh(`kill -9 ${workers.join(" ")}`);
      await replaced(web, workers);
    });
    assertNobodyRefused(report);
  });

  for (const [where, setup] of [
    ["a socket unit", ON_SOCKET],
    ["its own port", { app: "node" }],
  ] as const) {
    promise(
      `Envoy: where the predecessor is dead, on ${where}: daemon and workers killed together: nobody is refused, and all come back`,
      setup,
      async (web) => {
        await web.must("start");
        const workers = workerPids(await web.settled());
        const daemon = await web.mainPid();
        const report = await underLoad(web, async () => {
          await web.container.sh(`kill -9 ${daemon} ${workers.join(" ")}`);
          await web.successorOf(daemon);
          await replaced(web, workers);
        });
        assertNobodyRefused(report);
        assert.equal(versionOf(await web.settled()), "v1");
        await losesNothing(web, () => web.must("restart"));
      },
    );
  }

  promise(
    "the daemon answers the watchdog; one that hangs is killed by it, and the next adopts",
    { app: "node" },
    async (web) => {
      await web.dropIn("[Service]\nWatchdogSec=4s\n");
      await web.must("start");
      const workers = workerPids(await web.settled());
      const daemon = await web.mainPid();
      const heard = new Set<string>();
      await waitUntil("three words to the watchdog", DEADLINE_MS, async () => {
        return heard.add(await web.show("WatchdogTimestampMonotonic")).size > 3;
      });
      assert.equal(await web.mainPid(), daemon);
      await losesNothing(web, async () => {
        await web.container.sh(`kill -STOP ${daemon}`);
        await web.successorOf(daemon);
      });
      assert.equal(await web.show("NRestarts"), "1");
      assert.deepEqual(workerPids(await web.settled()), workers);
    },
  );

  const lost: readonly [what: string, setup: WebSetup, dropIn: string][] = [
    ["Node workers on a socket unit", ON_SOCKET, "FileDescriptorStoreMax=0"],
    ["gunicorn on a socket unit", { app: "gunicorn", socket: SOCKET }, "FileDescriptorStoreMax=0"],
    // systemd empties the fd store of a unit that has failed, and leaves the workers.
    [
      "Node workers on a port of the daemon's own",
      { app: "node" },
      "Restart=no\nSystemCallFilter=pidfd_getfd",
    ],
  ];
  for (const [what, setup, dropIn] of lost) {
    promise(
      `ours: ${what}, with state and fd store both lost, serve until new ones do, and nothing is lost`,
      setup,
      async (web) => {
        await web.dropIn(`[Service]\n${dropIn}\n`);
        await web.must("start");
        await web.deploy("v2");
        await web.must("reload");
        const left = workerPids(await web.settled());
        const daemon = await web.mainPid();
        const report = await losesNothing(web, async (load) => {
          await web.container.sh(`rm -r /var/lib/holdfast/${web.name}; kill -9 ${daemon}`);
          if (setup.socket === undefined) {
            await web.waitFor("ActiveState", "failed");
            await web.waitFor("NFileDescriptorStore", "0");
            await load.waitForMore(2);
            await web.must("start");
          }
          await web.successorOf(daemon);
          // Counted anew: 1 are the workers that were left, 2 is what drained them.
          assert.equal((await web.settled()).id, 2);
        });
        assert.deepEqual(Object.keys(report.versions), ["v2"]);
        const now = await web.pids();
        assert.deepEqual(
          left.filter((pid) => now.includes(pid)),
          [],
        );
        await losesNothing(web, () => web.must("reload"));
      },
    );
  }

  promise(
    "with a damaged state file, and with none, the next daemon knows its workers",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      const workers = workerPids(await web.settled());
      for (const lose of [
        `echo garbage > /var/lib/holdfast/${web.name}/state.json`,
        `rm /var/lib/holdfast/${web.name}/state.json`,
      ]) {
        await losesNothing(web, async () => {
          const daemon = await web.mainPid();
          await web.container.sh(`${lose}; kill -9 ${daemon}`);
          await web.successorOf(daemon);
        });
        assert.deepEqual(workerPids(await web.settled()), workers);
      }
      await losesNothing(web, () => web.must("reload"));
    },
  );
});
