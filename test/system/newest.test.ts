import assert from "node:assert/strict";
import { constants } from "node:fs";
import { NEWEST } from "../harness/container/releases.js";
import { waitUntil } from "../harness/container/wait-until.js";
import { onReleases } from "../harness/service/promise.js";
import { replaceEverythingUnderLoad } from "../harness/service/replace-everything.js";
import { losesNothing } from "../harness/service/under-load.js";
import { SOCKET, versionOf, type WebService, workerPids } from "../harness/service/web-service.js";

/** puma ends its connections when it begins anew, and asks of kept ones that they be opened again. */
const FRESH_ONLY = { keepAlive: 0 };

/** A child that came to nothing has left the listener, which it shared, as it was: else whoever is second to a connection stands still. */
async function assertListensNonBlocking(web: WebService): Promise<void> {
  const listening = await web.container.sh(`ss -Hltnp 'sport = :${web.port}'`);
  const holders = [...listening.matchAll(/pid=(\d+),fd=(\d+)/g)].map(
    ([, pid, fd]) => `/proc/${pid}/fdinfo/${fd}`,
  );
  assert.ok(holders.length > 1, listening);
  const flags = await web.container.sh(`sed -n 's/^flags:[[:space:]]*//p' ${holders.join(" ")}`);
  for (const octal of flags.split("\n")) assert.ok(Number.parseInt(octal, 8) & constants.O_NONBLOCK, flags);
}

onReleases("what is newest", [NEWEST], (promise) => {
  promise(
    "an Express app on a socket unit: reload, restart, kill -9, reexec and a bad version lose no request and close no connection",
    { app: "express", socket: SOCKET },
    async (web) => {
      await replaceEverythingUnderLoad(web, () => web.deploy("v4", { "server.js": "throw new Error();" }));
      await assertListensNonBlocking(web);
    },
  );

  promise(
    "puma: pumactl restart, by which a worker begins anew in its own process, is no death: worker, listener and requests are kept",
    { app: "puma", socket: SOCKET, config: { workers: 1 } },
    async (web) => {
      await web.must("start");
      const [pid] = workerPids(await web.settled());
      const ask = (): Promise<string> => web.container.sh(`curl -sSf http://${web.address}/`);
      const first = await ask();
      assert.equal(first.split(" ")[0], String(pid));
      const report = await losesNothing(
        web,
        async () => {
          await web.container.sh(`pumactl --pid ${pid} restart`);
          await waitUntil("puma, begun anew", 20_000, async () => (await ask()) !== first);
        },
        FRESH_ONLY,
      );
      assert.deepEqual(Object.keys(report.versions), ["v1"]);
      const kept = await web.settled();
      assert.deepEqual([kept.id, ...workerPids(kept)], [1, pid]);
      await losesNothing(
        web,
        async () => {
          await web.deploy("v2");
          await web.must("reload");
        },
        FRESH_ONLY,
      );
      assert.equal(versionOf(await web.settled()), "v2");
    },
  );
});
