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

const ON_SOCKET: WebSetup = { app: "node", socket: SOCKET };

/** Kills the daemon and calls `event` with the pid of the next, which is only being started and catches no signal yet. */
async function whileStarting(web: WebService, event: (next: number) => Promise<unknown>): Promise<void> {
  const { container } = web;
  const daemon = await web.mainPid();
  await container.sh("mv /usr/bin/holdfastd /usr/bin/holdfastd.whole");
  try {
    await container.write("/usr/bin/holdfastd", "#!/bin/sh\nexec sleep 60\n");
    await container.sh(`chmod 755 /usr/bin/holdfastd; kill -9 ${daemon}`);
    const next = await waitUntil("the next main process", 10_000, async () => {
      const pid = await web.mainPid();
      return pid !== 0 && pid !== daemon && (await container.read(`/proc/${pid}/comm`)) === "sleep" && pid;
    });
    await container.sh("mv -f /usr/bin/holdfastd.whole /usr/bin/holdfastd");
    await event(next);
  } finally {
    await container.sh(
      "[ ! -e /usr/bin/holdfastd.whole ] || mv -f /usr/bin/holdfastd.whole /usr/bin/holdfastd",
    );
  }
}

onEachRelease("a daemon that is only being started", (promise) => {
  promise(
    "ours: a restart that meets a daemon which is only being started brings the new version all the same",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      await losesNothing(web, () =>
        whileStarting(web, async () => {
          await web.deploy("v2");
          await web.must("restart");
        }),
      );
      assert.equal(versionOf(await web.settled()), "v2");
      // It was said of that restart alone.
      const daemon = await web.mainPid();
      await web.deploy("v3");
      await web.container.sh(`kill -9 ${daemon}`);
      await web.successorOf(daemon);
      assert.equal(versionOf(await web.settled()), "v2");
    },
  );

  for (const signal of ["HUP", "TERM"]) {
    promise(
      `ours: a SIG${signal} that meets a daemon which is only being started does not leave the service without one`,
      { app: "node" },
      async (web) => {
        await web.must("start");
        const workers = workerPids(await web.settled());
        await losesNothing(web, () =>
          whileStarting(web, async (next) => {
            await web.container.sh(`kill -${signal} ${next}`);
            await web.successorOf(next);
          }),
        );
        assert.deepEqual(workerPids(await web.settled()), workers);
      },
    );
  }
});
