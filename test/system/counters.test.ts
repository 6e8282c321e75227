import assert from "node:assert/strict";
import type { StatusReport } from "../../src/control/port.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import type { WebService } from "../harness/service/web-service.js";

async function ask(web: WebService, times: number): Promise<void> {
  await web.container.sh(`for i in $(seq ${times}); do curl -fsS http://${web.address}/ > /dev/null; done`);
}

/** The status that has so many requests: one does not wait for a worker that is slow to tell. */
function counted(web: WebService, requests: number): Promise<StatusReport> {
  return waitUntil(`${requests} requests`, DEADLINE_MS, async () => {
    const status = await web.status();
    return status.totals.some((one) => one.requests >= requests) && status;
  });
}

onEachRelease("Envoy's counters", (promise) => {
  promise(
    "what the service has counted, and how long it is up, goes on over reload, restart, kill -9, reexec and stop",
    { app: "counter" },
    async (web) => {
      let requests = 0;
      let upMs = 0;
      const check = async (after: string): Promise<StatusReport> => {
        await ask(web, 3);
        requests += 3;
        await web.settled();
        const status = await counted(web, requests);
        assert.deepEqual(
          status.totals.map((one) => [one.listener, one.accepted, one.requests, one.cut]),
          [["http", requests, requests, 0]],
          after,
        );
        assert.ok(status.upMs !== null && status.upMs > upMs, after);
        upMs = status.upMs;
        return status;
      };
      await web.must("start");
      await check("the start");
      await web.deploy("v2");
      await web.must("reload");
      await check("the reload");
      await web.must("restart");
      await check("the restart");
      const pid = await web.mainPid();
      await web.container.sh(`kill -9 ${pid}`);
      await web.successorOf(pid);
      const { pid: next } = await check("kill -9 of the daemon");
      assert.equal((await web.cli("reexec")).code, 0);
      await web.successorOf(next);
      const { generations } = await check("the reexec");
      assert.equal(generations[0]?.id, 3);
      const { stdout } = await web.cli("status");
      assert.match(stdout, /^up \d/m);
      assert.match(stdout, new RegExp(`^http +${requests} +${requests} +0 +0 +0$`, "m"));
      await web.must("stop");
      await web.must("start");
      requests += 3;
      await ask(web, 3);
      const [totals] = (await counted(web, requests)).totals;
      assert.equal(totals?.requests, requests, "the numbers go on with the state");
    },
  );
});
