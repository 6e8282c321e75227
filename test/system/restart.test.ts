import assert from "node:assert/strict";
import { waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import {
  SOCKET,
  versionOf,
  type WebService,
  type WebSetup,
  workerPids,
} from "../harness/service/web-service.js";

const SETUPS: readonly [string, WebSetup][] = [
  ["gunicorn on a socket unit", { app: "gunicorn", socket: SOCKET }],
  ["a Node server on a port that the daemon binds", { app: "node" }],
];
const ON_SOCKET: WebSetup = { app: "node", socket: SOCKET };

/** Runs what replaces the daemon under load: the next one has adopted the very same workers. */
async function keepsItsWorkers(
  web: WebService,
  replaceDaemon: (daemon: number) => Promise<unknown>,
): Promise<void> {
  const before = await web.settled();
  await web.deploy("v2"); // nobody asked for it
  const report = await losesNothing(web, async () => {
    const daemon = await web.mainPid();
    await replaceDaemon(daemon);
    await web.successorOf(daemon);
    await web.waitFor("ActiveState", "active");
  });
  assert.deepEqual(Object.keys(report.versions), ["v1"]);
  const active = await web.settled();
  assert.equal(active.id, before.id);
  assert.deepEqual(workerPids(active), workerPids(before));
}

/** Waits until the upgrade that was asked for has a candidate. */
async function candidateOf(web: WebService): Promise<void> {
  await waitUntil("a candidate", 10_000, async () => {
    return (await web.status()).generations.some(({ phase }) => phase === "candidate");
  });
}

onEachRelease("restarts", (promise) => {
  for (const [what, setup] of SETUPS) {
    promise(`${what}: a restart brings version 2, and is over when it serves`, setup, async (web) => {
      await web.must("start");
      const daemon = await web.mainPid();
      const stored = await web.show("NFileDescriptorStore");
      const report = await losesNothing(web, async () => {
        await web.deploy("v2");
        await web.must("restart");
        assert.equal((await web.status()).generations.find(({ phase }) => phase === "active")?.id, 2);
      });
      assert.ok(report.versions["v2"] !== undefined, JSON.stringify(report.versions));
      assert.notEqual(await web.mainPid(), daemon);
      assert.equal(await web.show("ActiveState"), "active");
      assert.equal(versionOf(await web.settled()), "v2");
      assert.equal(await web.show("NFileDescriptorStore"), stored);
    });
  }

  promise(
    "while a restart waits for a slow version the old workers serve, and it is not over",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      const workers = workerPids(await web.settled());
      const daemon = await web.mainPid();
      await losesNothing(web, async (load) => {
        const letBoot = await web.deployHeld("v2");
        const restart = web.systemctl("restart");
        await web.successorOf(daemon);
        assert.equal(await web.show("ActiveState"), "activating");
        const old = (await web.status()).generations.find(({ phase }) => phase === "active");
        assert.deepEqual(old && workerPids(old), workers);
        await load.waitForMore(1);
        await letBoot();
        assert.equal((await restart).code, 0);
      });
      assert.equal(versionOf(await web.settled()), "v2");
    },
  );

  promise(
    "ours: a boot of 3 s under load: a start, a reload and a restart may take as long as ready.timeout, whatever TimeoutStartSec= says",
    { app: "node" },
    async (web) => {
      await web.dropIn("[Service]\nTimeoutStartSec=2s\n");
      await web.deploy("v1", { "boot-ms": "3000" });
      await web.must("start");
      for (const [version, verb] of [
        ["v2", "reload"],
        ["v3", "restart"],
      ] as const) {
        await web.deploy(version, { "boot-ms": "3000" });
        await losesNothing(web, () => web.must(verb));
        assert.equal(versionOf(await web.settled()), version);
      }
    },
  );

  promise("holdfast reexec starts no new generation", ON_SOCKET, async (web) => {
    await web.must("start");
    await keepsItsWorkers(web, async () => assert.equal((await web.cli("reexec")).code, 0));
  });

  promise("SIGUSR2 starts no new generation", { app: "node" }, async (web) => {
    await web.must("start");
    await keepsItsWorkers(web, () => web.must("kill", "--kill-whom=main", "-s", "USR2"));
  });

  for (const [what, setup] of SETUPS) {
    promise(
      `${what}: kill -9 of the daemon starts no new generation, and upgrades go on`,
      setup,
      async (web) => {
        await web.must("start");
        await keepsItsWorkers(web, (daemon) => web.container.sh(`kill -9 ${daemon}`));
        await losesNothing(web, () => web.must("reload"));
        assert.equal(versionOf(await web.settled()), "v2");
      },
    );
  }

  promise(
    "ours: systemd re-executed and reloaded, and the socket unit edited, in the middle of an upgrade changes nothing",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      await losesNothing(web, async () => {
        const letBoot = await web.deployHeld("v2");
        const upgrade = web.cli("upgrade");
        await web.waitFor("ActiveState", "reloading");
        await web.writeSocketUnit(SOCKET.replace("{port}", String(web.port + 1)));
        await web.container.sh("systemctl daemon-reexec && systemctl daemon-reload");
        await letBoot();
        const { code, stderr } = await upgrade;
        assert.equal(code, 0, stderr);
      });
      assert.equal(versionOf(await web.settled()), "v2");
      assert.equal(await web.show("ActiveState"), "active");
      await losesNothing(web, () => web.must("restart"));
    },
  );

  promise(
    "ours: kill -9 of the daemon in the middle of an upgrade: the next one finishes it, and the CLI sees it",
    { app: "node" },
    async (web) => {
      await web.must("start");
      await losesNothing(web, async () => {
        const letBoot = await web.deployHeld("v2");
        const upgrade = web.cli("upgrade");
        await candidateOf(web);
        const daemon = await web.mainPid();
        await web.container.sh(`kill -9 ${daemon}`);
        await web.successorOf(daemon);
        await letBoot();
        const { code, stderr } = await upgrade;
        assert.equal(code, 0, stderr);
      });
      assert.equal(versionOf(await web.settled()), "v2");
      assert.equal(await web.show("ActiveState"), "active");
    },
  );

  promise(
    "kill -9 of the daemon in the middle of a reload: the next one finishes it",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      await losesNothing(web, async () => {
        const letBoot = await web.deployHeld("v2");
        const reload = web.systemctl("reload");
        await candidateOf(web);
        const daemon = await web.mainPid();
        await web.container.sh(`kill -9 ${daemon}`);
        await web.successorOf(daemon);
        await letBoot();
        assert.equal((await reload).code, 1);
        assert.equal(versionOf(await web.settled()), "v2");
      });
      assert.equal(await web.show("ActiveState"), "active");
    },
  );

  promise(
    "tableflip: a restart in the middle of an upgrade ends with the newest version",
    { app: "node" },
    async (web) => {
      await web.must("start");
      await losesNothing(web, async () => {
        await web.deployHeld("v2");
        const upgrade = web.cli("upgrade");
        await web.waitFor("ActiveState", "reloading");
        await web.deploy("v3");
        await web.must("restart");
        await upgrade;
      });
      assert.equal(versionOf(await web.settled()), "v3");
    },
  );

  promise("two restarts and a start at once end with one generation", ON_SOCKET, async (web) => {
    await web.must("start");
    await losesNothing(web, async () => {
      await web.deploy("v2");
      const jobs = ["restart", "restart", "start"].map((verb) => web.systemctl(verb));
      const ended = await Promise.all(jobs);
      assert.ok(
        ended.some(({ code }) => code === 0),
        JSON.stringify(ended),
      );
    });
    assert.equal(versionOf(await web.settled()), "v2");
  });

  promise(
    "as a user of its own the service is restarted, re-executed and upgraded all the same",
    { app: "node" },
    async (web) => {
      await web.dropIn("[Service]\nUser=nobody\n");
      await web.must("start");
      const daemon = await web.mainPid();
      assert.match(await web.container.read(`/proc/${daemon}/status`), /^Uid:\t65534\t/m);
      await losesNothing(web, async () => {
        await web.deploy("v2");
        await web.must("restart");
        assert.equal(versionOf(await web.settled()), "v2");
        await web.deploy("v3");
        await web.must("reload");
        assert.equal((await web.cli("reexec")).code, 0);
      });
      assert.equal(versionOf(await web.settled()), "v3");
    },
  );
});
