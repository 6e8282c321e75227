import assert from "node:assert/strict";
import { waitUntil } from "../harness/container/wait-until.js";
import { untilAccepted } from "../harness/service/accepted.js";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import {
  SOCKET,
  versionOf,
  type WebService,
  type WebSetup,
  workerPids,
} from "../harness/service/web-service.js";

const ON_SOCKET: WebSetup = { app: "node", socket: SOCKET };

async function assertNothingLeft(web: WebService): Promise<void> {
  assert.equal(await web.show("ActiveState"), "inactive");
  assert.equal(await web.show("Result"), "success");
  assert.deepEqual(await web.pids(), []);
  assert.equal(await web.show("NFileDescriptorStore"), "0");
}

onEachRelease("stopping", (promise) => {
  promise(
    "a stop answers what is in flight, and leaves no worker, no fd and no listener",
    { app: "gunicorn" },
    async (web) => {
      await web.must("start");
      const gate = `/srv/${web.name}/answers`;
      const held = web.container.sh(`curl -sS http://${web.address}/held?until=${gate}`);
      await untilAccepted(web.container, web.port);
      const stop = web.must("stop");
      await web.waitFor("ActiveState", "deactivating");
      await web.container.write(gate, "");
      await stop;
      assert.equal(await held, "v1");
      await assertNothingLeft(web);
      assert.equal(await web.container.sh(`ss -Hltn 'sport = :${web.port}'`), "");
    },
  );

  promise("after a stop it starts again, with the newest version", { app: "node" }, async (web) => {
    await web.must("start");
    await web.deploy("v2");
    await web.must("stop");
    await web.must("start");
    await losesNothing(web, async () => assert.equal(versionOf(await web.settled()), "v2"));
    await web.must("restart");
    assert.equal(versionOf(await web.settled()), "v2");
  });

  promise(
    "ours: between a stop and a start, unlike a restart, clients wait at the socket unit's listener",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      const report = await losesNothing(
        web,
        async () => {
          await web.deploy("v2");
          await web.must("stop");
          await web.must("start"); // the socket unit may have done so already, for the clients that wait
        },
        { keepAlive: 0, slow: 0 },
      );
      assert.ok(report.versions["v2"] !== undefined, JSON.stringify(report.versions));
    },
  );

  promise("kill -9 of the daemon and at once a stop: no worker is left", { app: "node" }, async (web) => {
    await web.must("start");
    const daemon = await web.mainPid();
    await web.container.sh(`kill -9 ${daemon}; systemctl stop ${web.unit}`);
    assert.deepEqual(await web.pids(), []);
    assert.equal(await web.show("NFileDescriptorStore"), "0");
    assert.notEqual(await web.show("ActiveState"), "active");
    assert.equal(await web.container.sh(`ss -Hltn 'sport = :${web.port}'`), "");
  });

  promise("tableflip: a stop in the middle of an upgrade ends both generations", ON_SOCKET, async (web) => {
    await web.must("start");
    await web.deployHeld("v2");
    const upgrade = web.cli("upgrade");
    await web.waitFor("ActiveState", "reloading");
    await web.container.sh(`systemctl stop ${web.socketUnit} ${web.unit}`);
    assert.notEqual((await upgrade).code, 0);
    await assertNothingLeft(web);
  });

  promise("holdfast stop and SIGQUIT stop the service for good", { app: "node" }, async (web) => {
    await web.must("start");
    assert.equal((await web.cli("stop")).code, 0);
    await web.waitFor("ActiveState", "inactive");
    await assertNothingLeft(web);
    assert.equal((await web.cli("status")).code, 3);
    await web.must("start");
    await web.must("kill", "--kill-whom=main", "-s", "QUIT");
    await web.waitFor("ActiveState", "inactive");
    await assertNothingLeft(web);
  });

  promise("SIGHUP upgrades", ON_SOCKET, async (web) => {
    await web.must("start");
    const report = await losesNothing(web, async (load) => {
      await web.deploy("v2");
      await web.must("kill", "--kill-whom=main", "-s", "HUP");
      await load.waitFor("version 2", 10_000, ({ versions }) => versions["v2"] !== undefined);
    });
    assert.ok(report.versions["v2"] !== undefined);
  });

  promise(
    "SIGWINCH drains the workers; clients wait at the listener until a restart brings new ones",
    { app: "node" },
    async (web) => {
      await web.must("start");
      const workers = workerPids(await web.settled());
      await losesNothing(web, async () => {
        await web.must("kill", "--kill-whom=main", "-s", "WINCH");
        await waitUntil("drained", 10_000, async () => (await web.status()).generations.length === 0);
        const left = await web.pids();
        assert.ok(workers.every((pid) => !left.includes(pid)));
        assert.equal(await web.show("ActiveState"), "active");
        assert.equal((await web.cli("status")).code, 4);
        await web.must("restart");
      });
      assert.equal((await web.cli("status")).code, 0);
    },
  );
});
