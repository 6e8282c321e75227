import assert from "node:assert/strict";
import { waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import { SOCKET, versionOf, type WebService, workerPids } from "../harness/service/web-service.js";

async function dropInExec(web: WebService): Promise<void> {
  await web.dropIn(`[Service]\nExecStart=\nExecStart=/usr/bin/holdfastd --name ${web.name} --exec\n`);
}

onEachRelease("replacing the daemon by exec", (promise) => {
  for (const [where, setup] of [
    ["a socket unit", { app: "node", socket: SOCKET }],
    ["its own port", { app: "node" }],
  ] as const) {
    promise(
      `nginx: on ${where}: with --exec the daemon replaces itself, systemd follows by MAINPID=, and goes on as ever`,
      setup,
      async (web) => {
        await dropInExec(web);
        await web.must("start");
        const workers = workerPids(await web.settled());
        const first = await web.mainPid();
        await losesNothing(web, async () => {
          const { code, stdout, stderr } = await web.cli("reexec");
          assert.equal(code, 0, stdout + stderr);
          await web.successorOf(first);
        });
        const second = await web.mainPid();
        assert.equal(await web.show("NRestarts"), "0");
        assert.equal(await web.show("ActiveState"), "active");
        assert.deepEqual(workerPids(await web.settled()), workers);
        assert.equal(await web.container.sh(`cat /run/holdfast/${web.name}/holdfast.pid`), String(second));
        // What it stores is kept again, and its status heard.
        await web.deploy("v2");
        await losesNothing(web, () => web.must("reload"));
        assert.match(await web.show("StatusText"), /generation 2/);
        await losesNothing(web, async () => {
          await web.container.sh(`kill -9 ${second}`);
          await web.successorOf(second);
        });
        await web.deploy("v3");
        await losesNothing(web, () => web.must("restart"));
        assert.equal(versionOf(await web.settled()), "v3");
      },
    );
  }

  promise(
    "a daemon that does not come up is not followed: the old one stays the main process",
    { app: "node" },
    async (web) => {
      await dropInExec(web);
      await web.must("start");
      const pid = await web.mainPid();
      await losesNothing(web, async () => {
        // What the program needs at its start is out of its sight for a moment.
        await web.container.sh(
          "mount --bind /dev/null /opt/holdfast/dist/daemon.js; cmp -s /dev/null /opt/holdfast/dist/daemon.js",
        );
        const { code, stderr } = await web.cli("reexec");
        await web.container.sh("umount /opt/holdfast/dist/daemon.js");
        assert.equal(code, 1);
        assert.match(stderr, /did not take over/);
      });
      assert.equal(await web.mainPid(), pid);
      assert.equal(await web.show("ActiveState"), "active");
      await waitUntil("its status", 10_000, async () => /generation 1/.test(await web.show("StatusText")));
      await losesNothing(web, async () => {
        assert.equal((await web.cli("reexec")).code, 0);
        await web.successorOf(pid);
      });
    },
  );
});
